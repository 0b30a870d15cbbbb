"""People as plain data: the same as the models, whatever Flodesk answers."""

from typing import Any

import httpx2
import pytest

from flodesk_mcp.flodesk import ApiKey, FlodeskClient, Subscriber, UnreadableAnswer, open_http
from flodesk_mcp.flodesk.plain import PlainSubscriber, plain

pytestmark = pytest.mark.anyio

USUAL = {
    "id": "a1",
    "email": "a@example.com",
    "status": "active",
    "segments": [{"id": "s1", "name": "Readers", "color": "red"}],
    "custom_fields": {"city": "Zürich"},
    "created_at": "2026-01-01T00:00:00Z",
    "added_by_flodesk": 1,
}
ODD = {"id": 7, "email": True, "first_name": {"a": 1}, "last_name": 1.5, "source": [None], "optin_ip": None}


def _answering(person: dict[str, Any]) -> FlodeskClient:
    answer = httpx2.MockTransport(lambda _: httpx2.Response(200, json={"data": [person], "meta": None}))
    return FlodeskClient(ApiKey("key"), http=open_http(answer))


@pytest.mark.parametrize(
    "person",
    [
        {"id": "a1"},
        USUAL,
        ODD,
        USUAL | {"segments": "none", "custom_fields": {"city": None, "age": 7, "tags": ["a"]}},
        USUAL | {"segments": [{"id": 1, "name": None}, {"id": "s2"}], "custom_fields": []},
    ],
)
async def test_a_person_as_plain_data_says_what_the_model_says(person: dict[str, Any]) -> None:
    flodesk = _answering(person)
    (model,), (data,) = (await flodesk.subscribers.list()).data, (await flodesk.subscribers.list_plain()).data
    known = dict[str, Any](plain(model))
    known["segments"] = known["segments"] and [(ref["id"], ref["name"]) for ref in known["segments"]]
    read = dict.fromkeys(known) | dict[str, Any](data)
    read["segments"] = read["segments"] and [(ref["id"], ref.get("name")) for ref in read["segments"]]
    assert read == known


@pytest.mark.parametrize("person", [{}, {"id": None}, {"id": "a1", "segments": [{}]}])
async def test_a_person_whom_nothing_tells_from_others_is_an_error(person: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswer, match="documented form"):
        await _answering(person).subscribers.list_plain()


def test_plain_data_has_every_field_of_the_model() -> None:
    assert PlainSubscriber.__annotations__.keys() == Subscriber.model_fields.keys()
