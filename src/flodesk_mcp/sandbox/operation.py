"""What an operation is, and what it sees of a request."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.responses import Response
from typing_extensions import TypeVar

from flodesk_mcp.sandbox.account import Account
from flodesk_mcp.sandbox.answers import Refused


class Form(BaseModel):
    """A request body. What it does not declare is ignored; a number is no string."""

    model_config = ConfigDict(strict=True)


AnyForm = TypeVar("AnyForm", bound=Form)
Held = TypeVar("Held", default=Account)


@dataclass(frozen=True)
class Call(Generic[Held]):
    """One request that was let in: whose account, and what it asks."""

    account: Held
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    content_type: str
    body: bytes
    now: datetime

    def form(self, form: type[AnyForm]) -> AnyForm:
        """Return the JSON body in a given form.

        Raises:
            Refused: 400 when the body is no JSON object, or not of this form.

        """
        return fill(form, self._json_object())

    def _json_object(self) -> dict[str, Any]:
        if not self.body:
            return {}
        if self.content_type.partition(";")[0].strip().lower() != "application/json":
            raise Refused(400, "The Content-Type must be application/json.")
        try:
            content = json.loads(self.body)
        except ValueError as error:
            raise Refused(400, "The body is not valid JSON.") from error
        if not isinstance(content, dict):
            raise Refused(400, "The body must be a JSON object.")
        return content


@dataclass(frozen=True)
class Operation:
    """A line of the API's table: method, path below its root, and what it does."""

    method: str
    path: str
    perform: Callable[[Call[Any]], Response]


def fill(form: type[AnyForm], content: Any) -> AnyForm:
    """Return content in a given form.

    Raises:
        Refused: 400 with the first thing that is wrong.

    """
    try:
        return form.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "row"
        raise Refused(400, f"{where}: {first['msg']}") from error
