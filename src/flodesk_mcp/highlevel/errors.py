"""What HighLevel means by a status that others mean something else by."""

from flodesk_mcp.api.errors import Conflict, Forbidden

__all__ = ["DuplicateContact", "MissingScope", "WrongLocation"]


class DuplicateContact(Conflict):
    """400: the location allows no duplicates, and `contact_id` has the same value in `matching_field`."""

    def __init__(self, status: int, message: str, contact_id: str, matching_field: str) -> None:
        super().__init__(status, message)
        self.contact_id = contact_id
        self.matching_field = matching_field
        self.advice = f"The contact {contact_id} has the same {matching_field}."


class MissingScope(Forbidden):
    """401: the token is valid, but was not given the scope for this."""

    advice = "Whoever made the token must give it the scope: in HighLevel, under Settings, Private Integrations."


class WrongLocation(Forbidden):
    """403: the token does not open this location."""

    advice = "Check that HIGHLEVEL_LOCATION_ID is a location that HIGHLEVEL_TOKEN opens."
