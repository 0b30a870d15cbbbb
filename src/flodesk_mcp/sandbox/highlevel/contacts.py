"""Contacts of HighLevel: search with its lag, duplicates, and tags that an upsert replaces."""

import json
from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from flodesk_mcp.sandbox.answers import Refused, created, ok, timestamp
from flodesk_mcp.sandbox.highlevel.location import Asked, check_location
from flodesk_mcp.sandbox.operation import Form, Operation

__all__ = ["OPERATIONS"]

MAX_PAGE, MAX_QUERY, MOST_BY_NUMBER = 500, 75, 10_000


class CustomValueForm(Form):
    """The value of a custom field."""

    id: str
    field_value: str | None = None
    fieldValue: str | None = None


class ContactForm(Form):
    """What changes of a contact."""

    email: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    phone: str | None = None
    tags: list[str] | None = None
    customFields: list[CustomValueForm] | None = None


class NewContactForm(ContactForm):
    """What a contact is made of."""

    locationId: str
    companyName: str | None = None


class TagsForm(Form):
    """Names of tags."""

    tags: Annotated[list[str], Field(min_length=1)]


class FilterForm(Form):
    """One condition of a search."""

    field: str
    operator: str
    value: str


class SearchForm(Form):
    """What is searched for."""

    locationId: str
    pageLimit: Annotated[int, Field(ge=1, le=MAX_PAGE)]
    page: int | None = None
    searchAfter: list[Any] | None = None
    query: Annotated[str, Field(max_length=MAX_QUERY)] | None = None
    filters: list[FilterForm] = Field(default_factory=list)


def search(call: Asked) -> Response:
    """Search among the contacts as they were some seconds ago."""
    form = _form(call, SearchForm)
    if form.page and form.searchAfter:
        raise Refused(422, "page and searchAfter cannot be used together")
    if form.page and form.page * form.pageLimit > MOST_BY_NUMBER:
        raise Refused(422, "page exceeds the first 10000 records")
    check_location(call, form.locationId)
    found = [row for row in call.account.indexed() if _matches(row, form)]
    ids = [row["id"] for row in found]
    first = ((form.page or 1) - 1) * form.pageLimit
    if form.searchAfter:
        first = ids.index(form.searchAfter[-1]) + 1 if form.searchAfter[-1] in ids else len(ids)
    page = [row | {"searchAfter": [0, row["id"]]} for row in found[first : first + form.pageLimit]]
    return ok({"contacts": page, "total": len(found), "traceId": "trace"})


def find_duplicate(call: Asked) -> Response:
    """Find the contact of an address, or else of a number."""
    check_location(call, call.query.get("locationId", ""))
    for name, given in (("email", call.query.get("email")), ("phone", call.query.get("number"))):
        if given and (row := call.account.with_value(name, given)):
            return ok({"contact": row})
    return ok({"contact": None})


def get_contact(call: Asked) -> Response:
    """Show one contact."""
    return ok({"contact": _contact(call)})


def create_contact(call: Asked) -> Response:
    """Make a contact, unless that would be a duplicate."""
    form = _form(call, NewContactForm)
    check_location(call, form.locationId)
    for name in ("email", "phone"):
        value = getattr(form, name)
        if value and not call.account.allows_duplicates and (there := call.account.with_value(name, value)):
            meta = {"contactId": there["id"], "contactName": there["firstName"], "matchingField": name}
            message = "This location does not allow duplicated contacts."
            raise Refused(400, json.dumps({"message": message, "meta": meta}))
    return created({"contact": _made(call, form)})


def update_contact(call: Asked) -> Response:
    """Change what is given; tags are replaced. What only a new contact can have is refused."""
    row = _contact(call)
    if b'"locationId"' in call.body or b'"companyName"' in call.body:
        raise Refused(422, "property locationId or companyName should not exist")
    return ok({"succeded": True, "contact": _changed(call, row, _form(call, ContactForm))})


def upsert_contact(call: Asked) -> Response:
    """Make or change: who has the address counts first, then who has the number. Tags are replaced."""
    form = _form(call, NewContactForm)
    check_location(call, form.locationId)
    there = [call.account.with_value(name, value) for name in ("email", "phone") if (value := getattr(form, name))]
    row = next((known for known in there if known), None)
    contact = _made(call, form) if row is None else _changed(call, row, form)
    return ok({"new": row is None, "contact": contact, "traceId": "trace"})


def add_tags(call: Asked) -> Response:
    """Give a contact tags."""
    row = _contact(call)
    given = [name.casefold() for name in _form(call, TagsForm).tags]
    tags = [*dict.fromkeys([*row["tags"], *given])]
    call.account.write(row | {"tags": tags})
    return created({"tags": tags, "tagsAdded": given})


def remove_tags(call: Asked) -> Response:
    """Take tags from a contact; they come in the body."""
    row = _contact(call)
    given = {name.casefold() for name in _form(call, TagsForm).tags}
    tags = [name for name in row["tags"] if name not in given]
    call.account.write(row | {"tags": tags})
    return ok({"tags": tags, "tagsRemoved": sorted(given)})


def enroll(call: Asked) -> Response:
    """Put a contact into a workflow."""
    row, workflow = _contact(call), call.parameters["workflow_id"]
    if workflow not in call.account.workflows:
        raise Refused(400, f"Workflow with id {workflow} not found")
    call.account.enrolled.add((row["id"], workflow))
    return ok({"succeded": True})


def _form(call: Asked, form: Any) -> Any:
    try:
        return call.form(form)
    except Refused as error:
        raise Refused(422, error.message) from error


def _contact(call: Asked) -> dict[str, Any]:
    known_id = call.parameters["id"]
    if known_id not in call.account.contacts:
        raise Refused(400, f"Contact with id {known_id} not found")
    return call.account.contacts[known_id]


def _matches(row: dict[str, Any], form: SearchForm) -> bool:
    text = " ".join(str(row.get(name) or "") for name in ("email", "firstName", "lastName", "companyName", "phone"))
    if form.query and form.query.casefold() not in text.casefold():
        return False
    return all(
        condition.field == "tags" and condition.operator == "contains" and condition.value.casefold() in row["tags"]
        for condition in form.filters
    )


def _made(call: Asked, form: NewContactForm) -> dict[str, Any]:
    now = timestamp(call.now)
    empty: dict[str, Any] = dict.fromkeys(("firstName", "lastName", "email", "phone", "companyName"))
    quiet: dict[str, Any] = {"tags": [], "customFields": [], "dnd": False, "dndSettings": {}}
    row = {"id": call.account.new_id("contact"), **empty, **quiet}
    return _changed(call, row | {"locationId": form.locationId, "dateAdded": now}, form)


def _changed(call: Asked, row: dict[str, Any], form: ContactForm) -> dict[str, Any]:
    given = {name: value for name, value in form.model_dump().items() if value is not None}
    values = {known["id"]: known["value"] for known in row["customFields"]}
    values |= {known["id"]: known["field_value"] or known["fieldValue"] for known in given.pop("customFields", [])}
    custom = [{"id": known_id, "value": value} for known_id, value in values.items()]
    changed = row | given | {"customFields": custom, "dateUpdated": timestamp(call.now)}
    call.account.write(changed)
    return changed


OPERATIONS = (
    Operation("POST", "/contacts/search", search),
    Operation("GET", "/contacts/search/duplicate", find_duplicate),
    Operation("POST", "/contacts/upsert", upsert_contact),
    Operation("POST", "/contacts/", create_contact),
    Operation("GET", "/contacts/{id}", get_contact),
    Operation("PUT", "/contacts/{id}", update_contact),
    Operation("POST", "/contacts/{id}/tags", add_tags),
    Operation("DELETE", "/contacts/{id}/tags", remove_tags),
    Operation("POST", "/contacts/{id}/workflow/{workflow_id}", enroll),
)
