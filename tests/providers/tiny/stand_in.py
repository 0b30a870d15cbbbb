"""The stand-in: Tiny's API in process, with its door and two people."""

from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from flodesk_mcp.sandbox.answers import Refused, ok
from flodesk_mcp.sandbox.operation import Call, Operation
from flodesk_mcp.sandbox.stand_in import StandIn

SETTINGS = {"tiny_key": "tiny-sandbox"}

People = dict[str, str]


class TinyDoor:
    def admit(self, request: Request, path: str) -> tuple[People | None, Response | None]:
        if request.headers.get("authorization") != f"Bearer {SETTINGS['tiny_key']}":
            return None, self.refuse(401, "Who are you?")
        return PEOPLE, None

    def headers(self, account: People | None) -> Mapping[str, str]:
        return {}

    def refuse(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        return JSONResponse({"message": message}, status, headers)


PEOPLE: People = {"t1": "j.quill@example.org", "t2": "only.tiny@example.com"}


def list_people(call: Call[People]) -> Response:
    return ok([{"id": known, "mail": mail} for known, mail in call.account.items()])


def get_person(call: Call[People]) -> Response:
    wanted = call.parameters["id"]
    for known, mail in call.account.items():
        if wanted in {known, mail}:
            return ok({"id": known, "mail": mail})
    raise Refused(404, "Nobody")


def tiny_stand_in() -> StandIn[People]:
    operations = (Operation("GET", "/v1/people", list_people), Operation("GET", "/v1/people/{id}", get_person))
    return StandIn(PEOPLE, TinyDoor(), operations, lambda: datetime.now(UTC))
