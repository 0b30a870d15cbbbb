"""What Flodesk may answer one day, and what the client makes of it."""

import gzip
import json
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import VirtualTimeLoop
from flodesk_mcp.flodesk import (
    BadRequest,
    BearerToken,
    FlodeskClient,
    NotFound,
    StatusError,
    UnreadableAnswer,
)

from .operations import COLOR, OPERATIONS, Operation, outcome

pytestmark = pytest.mark.anyio


class Answering(httpx2.AsyncBaseTransport):
    """Gives the same answer to everything."""

    def __init__(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.content = content
        self.status = status
        self.headers = headers
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return httpx2.Response(self.status, headers=self.headers, stream=httpx2.ByteStream(self.content))


def client_of(transport: httpx2.AsyncBaseTransport) -> FlodeskClient:
    return FlodeskClient(BearerToken("t"), http=httpx2.AsyncClient(transport=transport))


def answering(content: Any, status: int = 200) -> FlodeskClient:
    return client_of(Answering(json.dumps(content).encode(), status))


async def test_unknown_fields_and_values_are_kept() -> None:
    given = {"id": "1", "status": "hibernating", "engagement": {"score": [1, None]}, "copy": "x", "model_config": "y"}
    person = await answering(given).subscribers.get("1")
    assert person.status == "hibernating"
    assert person.model_dump(exclude_unset=True) == given


async def test_missing_and_null_fields_are_none() -> None:
    person = await answering({"id": "1", "email": None, "segments": None, "custom_fields": None}).subscribers.get("1")
    assert (person.email, person.segments, person.custom_fields, person.created_at) == (None, None, None, None)


async def test_scalars_of_the_wrong_type_become_texts() -> None:
    person = await answering(
        {"id": 7, "email": True, "created_at": 1.5, "custom_fields": {"a": 1, "b": None, "c": ["x"]}, "segments": {}}
    ).subscribers.get("7")
    assert (person.id, person.email, person.created_at, person.segments) == ("7", "true", "1.5", None)
    assert person.custom_fields == {"a": "1", "c": '["x"]'}


@pytest.mark.parametrize(
    ("sent", "read"), [(3, 3), ("3", 3), (3.0, 3), (None, None), ("many", None), ([], None), (float("inf"), None)]
)
async def test_a_count_that_is_no_number_is_none(sent: Any, read: int | None) -> None:
    assert (
        await answering({"id": "1", "total_active_subscribers": sent}).segments.get("1")
    ).total_active_subscribers == read


@pytest.mark.parametrize("meta", [{}, {"meta": None}, {"meta": []}, {"meta": {"total_items": None}}, {"meta": "?"}])
async def test_a_page_may_come_without_its_meta(meta: dict[str, Any]) -> None:
    page = await answering({"data": [{"id": "1"}], **meta}).segments.list()
    assert [segment.id for segment in page.data] == ["1"]
    assert page.meta.total_items is None


async def test_an_empty_list_may_be_written_as_null() -> None:
    assert (await answering({"data": None}).segments.list()).data == []
    batch = await answering({"successes": None}).subscribers.save_batch([{"id": "1"}])
    assert (batch.successes, batch.failures) == ([], [])


async def test_colors_may_be_anything() -> None:
    assert await answering(["#FFF", 7, {"hex": "#000"}]).segments.colors() == ["#FFF", "7", '{"hex": "#000"}']


@pytest.mark.parametrize(
    ("escaped", "name"),
    [
        (rb'"a\ud800"', "a"),
        (rb'"\udc00b"', "b"),
        (rb'"\uDFFFx"', "x"),
        (rb'"\ud83d\\ude00"', r"\ude00"),
        (rb'"\\\ud800"', "\\"),
        (rb'"\ud800\ud83d\ude00"', "😀"),
    ],
)
async def test_half_a_character_is_dropped(escaped: bytes, name: str) -> None:
    answer = await client_of(Answering(rb'{"id": "1", "name": ' + escaped + b"}")).segments.get("1")
    assert answer.name == name


@pytest.mark.parametrize("escaped", [rb'"\ud83d\ude00"', rb'"\\ud800"', rb'"\u0064\\"', rb'"\\\\ud800 \/ \n"'])
async def test_whole_characters_stay(escaped: bytes) -> None:
    answer = await client_of(Answering(rb'{"id": "1", "name": ' + escaped + b"}")).segments.get("1")
    assert answer.name == json.loads(escaped)


async def test_a_byte_order_mark_does_not_matter() -> None:
    assert (await client_of(Answering(b'\xef\xbb\xbf{"id": "1"}')).segments.get("1")).id == "1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 100_000,
        b'{"id":' * 5000 + b"1" + b"}" * 5000,
        b"\xff\xfe",
        b"<html></html>",
        b"1" * 5000,
        b'{"id": "1"',
    ],
    ids=["empty", "deep", "deep and complete", "binary", "HTML", "long number", "half"],
)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_an_unreadable_answer_is_one_error_or_not_needed(operation: Operation, content: bytes) -> None:
    transport = Answering(content, 201)
    error = await outcome(operation, client_of(transport))
    if operation.kind is None:
        assert error is None
    else:
        assert isinstance(error, UnreadableAnswer)
        assert (error.status, error.uncertain) == (201, False)
        assert "201" in str(error)
    assert operation.repeatable or len(transport.requests) == 1


async def test_nothing_where_a_body_is_expected_says_that_the_write_was_accepted() -> None:
    transport = Answering(b"", 204)
    with pytest.raises(UnreadableAnswer, match=r"\(204\) is empty") as error:
        await client_of(transport).segments.create("Autumn", COLOR)
    assert error.value.status == 204
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [({}, "id (missing)"), ([], "all of it (model_type)"), (None, "all of it"), ({"id": None}, "id ")],
)
async def test_an_answer_of_another_form_tells_where_but_not_what(content: Any, words: str) -> None:
    with pytest.raises(UnreadableAnswer) as error:
        await answering(content, 201).segments.create("Autumn", COLOR)
    assert words in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.status == 201


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'"x"', b'{"message": 7}', b'{"message": {}}', b"null"])
async def test_an_error_is_decided_by_its_status_whatever_it_says(content: bytes) -> None:
    with pytest.raises(BadRequest) as error:
        await client_of(Answering(content, 422)).segments.list()
    assert (error.value.message, str(error.value)) == ("", "Flodesk answered 422.")


async def test_the_words_of_an_error_are_capped() -> None:
    with pytest.raises(NotFound) as error:
        await answering({"message": "x" * 1000}, 404).segments.list()
    assert len(error.value.message) == 300


async def test_an_error_with_an_endless_body_is_its_status() -> None:
    with pytest.raises(NotFound):
        await client_of(Answering(b"x" * 11 * 2**20, 404)).segments.list()


async def test_a_compressed_answer_is_read() -> None:
    content = gzip.compress(b'{"id": "1"}')
    transport = Answering(content, headers={"Content-Encoding": "gzip"})
    assert (await client_of(transport).segments.get("1")).id == "1"


async def test_an_error_whose_body_breaks_off_is_its_status() -> None:
    transport = Answering(b"no gzip", 404, {"Content-Encoding": "gzip"})
    with pytest.raises(NotFound):
        await client_of(transport).segments.create("Autumn", COLOR)


def everything() -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    return st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "key", "data", "meta", "email", "segments", "custom_fields", "successes", "failures", "x"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=15,
    )


@settings(max_examples=300, deadline=None)
@given(everything(), st.sampled_from(OPERATIONS), st.sampled_from([200, 201, 204, 302, 400, 404, 409, 418]))
def test_any_json_is_an_answer_or_an_error_of_the_tree(content: Any, operation: Operation, status: int) -> None:
    error = anyio.run(outcome, operation, answering(content, status), backend_options={"loop_factory": VirtualTimeLoop})
    assert isinstance(error, StatusError) == (status >= 300)
    assert error is None or str(error)
