"""What an answer says, without a server: status, headers and bytes in, data, errors and facts of the quota out."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from pydantic import TypeAdapter

from flodesk_mcp.api.response import (
    MAX_ANSWER_BYTES,
    Answer,
    decoded,
    failure,
    retry_after,
    shaped,
)
from flodesk_mcp.api.service import QuotaFacts
from flodesk_mcp.flodesk import (
    BadRequest,
    BrokenAnswer,
    Conflict,
    Forbidden,
    NotFound,
    Segment,
    ServerError,
    StatusError,
    Unauthorized,
    UnreadableAnswer,
)
from flodesk_mcp.flodesk.service import FLODESK

NOW = datetime(2026, 9, 15, 10, 30, tzinfo=UTC)


def answer(status: int = 200, content: bytes = b"", **headers: str) -> Answer:
    return Answer(status, httpx2.Headers(headers), content)


@pytest.mark.parametrize(
    ("status", "success", "over_quota"),
    [(200, True, False), (204, True, False), (299, True, False), (302, False, False), (429, False, True)],
)
def test_a_status_says_whether_it_was_done(status: int, success: bool, over_quota: bool) -> None:
    assert (answer(status).is_success, answer(status).is_over_quota) == (success, over_quota)


@pytest.mark.parametrize(
    ("content", "data"),
    [
        (b'{"id": "1"}', {"id": "1"}),
        (b"[]", []),
        (b"null", None),
        (b'\xef\xbb\xbf"x"', "x"),
        (rb'"a\ud800b"', "ab"),
        (rb'"\ud83d\ude00"', "😀"),
    ],
)
def test_json_is_decoded(content: bytes, data: Any) -> None:
    assert decoded(answer(content=content)) == data


def test_an_empty_success_is_unreadable_and_asking_again_does_not_help() -> None:
    with pytest.raises(UnreadableAnswer, match=r"\(204\) is empty") as error:
        decoded(answer(204))
    assert not isinstance(error.value, BrokenAnswer)
    assert error.value.status == 204


def test_an_endless_success_is_unreadable_and_asking_again_does_not_help() -> None:
    with pytest.raises(UnreadableAnswer, match="larger than 10 MiB") as error:
        decoded(answer(content=b"1" * (MAX_ANSWER_BYTES + 1)))
    assert not isinstance(error.value, BrokenAnswer)


@pytest.mark.parametrize("content", [b"<html>", b'{"id": "1"', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_may_have_been_cut_short(content: bytes) -> None:
    with pytest.raises(BrokenAnswer, match=r"\(201\) is not JSON"):
        decoded(answer(201, content))


def test_data_take_the_documented_form() -> None:
    segment = shaped({"id": 7, "name": None, "new": True}, TypeAdapter(Segment), 200)
    assert (segment.id, segment.name, segment.model_extra) == ("7", None, {"new": True})


def test_another_form_is_told_by_its_place_and_not_by_its_value() -> None:
    with pytest.raises(UnreadableAnswer) as error:
        shaped({"name": "secret"}, TypeAdapter(Segment), 201)
    assert str(error.value) == "Flodesk's answer (201) has not the documented form: id (missing)."
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, StatusError),
        (400, BadRequest),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (422, BadRequest),
        (500, ServerError),
        (599, ServerError),
    ],
)
def test_an_error_is_decided_by_its_status(status: int, kind: type[StatusError]) -> None:
    error = failure(answer(status, b'{"code": "not_found", "message": "Segment not found."}'), FLODESK, repeatable=True)
    assert type(error) is kind
    assert (error.status, error.message, error.uncertain) == (status, "Segment not found.", False)


@pytest.mark.parametrize(("status", "uncertain"), [(302, True), (400, False), (404, False), (500, True)])
def test_after_what_must_not_be_repeated_only_a_4xx_says_that_nothing_happened(status: int, uncertain: bool) -> None:
    assert failure(answer(status), FLODESK, repeatable=False).uncertain == uncertain


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'"x"', b'{"message": 7}', b'{"message": null}', b"null"])
def test_an_error_without_a_message_has_none(content: bytes) -> None:
    assert failure(answer(404, content), FLODESK, repeatable=True).message == ""


def test_a_message_is_capped() -> None:
    assert len(failure(answer(404, b'{"message": "' + b"x" * 999 + b'"}'), FLODESK, repeatable=True).message) == 300


@pytest.mark.parametrize(
    ("limit", "remaining", "facts"),
    [
        ("100", "7", [QuotaFacts(100, 7)]),
        ("100", "0", [QuotaFacts(100, 0)]),
        ("0", "0", []),
        ("100", "-1", []),
        ("100", "many", []),
        ("1e2", "7", []),
        ("²", "7", []),
        ("9" * 10, "7", []),
        ("", "", []),
    ],
)
def test_the_quota_is_read_from_numbers_and_nothing_else(limit: str, remaining: str, facts: list[QuotaFacts]) -> None:
    assert [*FLODESK.quota_facts({"X-Fd-RateLimit-Limit": limit, "X-Fd-RateLimit-Remaining": remaining})] == facts


def test_half_of_what_there_is_to_know_of_the_quota_is_nothing() -> None:
    assert not FLODESK.quota_facts(httpx2.Headers({"X-Fd-RateLimit-Limit": "100"}))
    assert not FLODESK.quota_facts(httpx2.Headers())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("20", 20),
        ("0", 0),
        ("Tue, 15 Sep 2026 10:31:00 GMT", 60),
        ("Tue, 15 Sep 2026 10:29:00 GMT", 0),
        ("Tue, 15 Sep 2037 10:30:00 GMT", 3600),
        ("9" * 20, 3600),
        ("-1", None),
        ("soon", None),
        ("1.5", None),
        ("", None),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2001 00:00:00 -0000", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert retry_after(httpx2.Headers({"Retry-After": header}), NOW) == seconds
