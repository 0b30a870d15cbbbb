"""What HighLevel answers, in version 2 and, where it differs, in version 3."""

from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from flodesk_mcp.api.fields import (
    NULL_IS_EMPTY,
    ROWS_OR_NONE,
    CamelModel,
    Count,
    Model,
    OptionalText,
    Personal,
    Text,
)

__all__ = [
    "Contact",
    "ContactPage",
    "CustomField",
    "CustomValue",
    "OneContact",
    "Saved",
    "Tag",
    "Tagged",
    "Tags",
    "User",
    "Workflow",
    "Workflows",
]


def _flag(value: Any) -> Any:
    return value if value is None or isinstance(value, bool) else str(value).casefold() not in {"", "0", "false"}


def _settings(value: Any) -> Any:
    return value if isinstance(value, dict) else None


Flag = Annotated[bool | None, BeforeValidator(_flag)]


class CustomValue(CamelModel):
    """The value of a custom field, by the field's id."""

    id: Text
    value: OptionalText = Field(None, validation_alias=AliasChoices("value", "fieldValue", "field_value"))


class Contact(CamelModel):
    """A person. `date_added` and `date_updated` are when the contact was made and last changed."""

    id: Text
    email: Annotated[OptionalText, Personal.ADDRESS] = None
    first_name: Annotated[OptionalText, Personal.NAME] = None
    last_name: Annotated[OptionalText, Personal.NAME] = None
    phone: Annotated[OptionalText, Personal.PHONE] = None
    company_name: Annotated[OptionalText, Personal.NAME] = None
    tags: Annotated[list[Text] | None, ROWS_OR_NONE] = None
    dnd: Flag = None
    dnd_settings: Annotated[dict[str, Any] | None, BeforeValidator(_settings)] = None
    unsubscribe_email: Flag = None
    bounce_email: Flag = None
    deleted: Flag = None
    custom_fields: Annotated[list[CustomValue] | None, ROWS_OR_NONE] = None
    date_added: OptionalText = None
    date_updated: OptionalText = None
    search_after: Annotated[list[Any] | None, ROWS_OR_NONE] = None


class OneContact(CamelModel):
    """An answer that holds a contact, or none."""

    contact: Contact | None = None


class Saved(CamelModel):
    """A contact that was written. Whether it is `new` only an upsert tells."""

    contact: Contact
    new: Flag = None


class ContactPage(CamelModel):
    """One page of a search. `total` counts all that match, and lags by seconds."""

    contacts: Annotated[list[Contact], NULL_IS_EMPTY]
    total: Count = None


class Tagged(CamelModel):
    """The tags of a contact after a change."""

    tags: Annotated[list[Text] | None, ROWS_OR_NONE] = None


class Tag(CamelModel):
    """A tag of the location. Names are stored in lower case."""

    id: Text
    name: OptionalText = None


class Tags(CamelModel):
    """All tags of a location."""

    tags: Annotated[list[Tag], NULL_IS_EMPTY]


class CustomField(CamelModel):
    """A field that contacts can have beside the usual ones."""

    id: Text
    name: OptionalText = None
    field_key: OptionalText = None
    data_type: OptionalText = None


class CustomFields(CamelModel):
    """All custom fields of a location."""

    custom_fields: Annotated[list[CustomField], NULL_IS_EMPTY]


class Workflow(CamelModel):
    """An automation. Its steps are not in the API."""

    id: Text
    name: OptionalText = None
    status: OptionalText = None
    created_at: OptionalText = None
    updated_at: OptionalText = None


class Workflows(CamelModel):
    """All workflows of a location."""

    workflows: Annotated[list[Workflow], NULL_IS_EMPTY]


class Roles(CamelModel):
    """What a user may do."""

    type: OptionalText = None
    role: OptionalText = None
    location_ids: Annotated[list[Text] | None, ROWS_OR_NONE] = None


def _roles(value: Any) -> Any:
    return value if isinstance(value, dict) else None


class User(CamelModel):
    """Somebody who works with the account."""

    id: Text
    name: Annotated[OptionalText, Personal.NAME] = None
    first_name: Annotated[OptionalText, Personal.NAME] = None
    last_name: Annotated[OptionalText, Personal.NAME] = None
    email: Annotated[OptionalText, Personal.ADDRESS] = None
    phone: Annotated[OptionalText, Personal.PHONE] = None
    roles: Annotated[Roles | None, BeforeValidator(_roles)] = None


class Done(Model):
    """That something was done. In version 2 it is spelled `succeded`."""

    done: Flag = Field(None, validation_alias=AliasChoices("succeeded", "succeded"))
