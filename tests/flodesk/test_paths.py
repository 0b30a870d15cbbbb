"""How ids and addresses become paths, as they arrive at Flodesk."""

from collections.abc import Awaitable, Callable
from urllib.parse import unquote

import anyio
import httpx2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conftest import VirtualTimeLoop
from flodesk_mcp.flodesk import BearerToken, FlodeskClient, FlodeskError, InvalidArgument, NotFound, open_http
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Account, Sandbox

from .operations import SEGMENT

pytestmark = pytest.mark.anyio

# Each operation with something of the caller's in its path, and what stands around it.
PLACES: tuple[tuple[Callable[[FlodeskClient, str], Awaitable[object]], str, str], ...] = (
    (lambda f, text: f.subscribers.get(text), "/v1/subscribers/", ""),
    (lambda f, text: f.subscribers.add_to_segments(text, [SEGMENT]), "/v1/subscribers/", "/segments"),
    (lambda f, text: f.subscribers.remove_from_segments(text, [SEGMENT]), "/v1/subscribers/", "/segments"),
    (lambda f, text: f.subscribers.unsubscribe(text), "/v1/subscribers/", "/unsubscribe"),
    (lambda f, text: f.segments.get(text), "/v1/segments/", ""),
    (lambda f, text: f.workflows.enroll(text, id="x"), "/v1/workflows/", "/subscribers"),
    (lambda f, text: f.workflows.remove(text, "x"), "/v1/workflows/", "/subscribers/x"),
    (lambda f, text: f.workflows.remove("w", text), "/v1/workflows/w/subscribers/", ""),
    (lambda f, text: f.webhooks.get(text), "/v1/webhooks/", ""),
    (lambda f, text: f.webhooks.update(text, name="x"), "/v1/webhooks/", ""),
    (lambda f, text: f.webhooks.delete(text), "/v1/webhooks/", ""),
)


@pytest.mark.parametrize(
    ("id_or_email", "path"),
    [
        ("jane@example.com", "jane@example.com"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("a!#$%&'*/=?^_`{|}~@example.com".replace("/", ""), "a!%23$%25&'*=%3F%5E_%60%7B%7C%7D~@example.com"),
        ("zoë@exämple.com", "zo%C3%AB@ex%C3%A4mple.com"),
        ("花@example.com", "%E8%8A%B1@example.com"),
        ("%2e%2e", "%252e%252e"),
        ("%2F", "%252F"),
        ("jane%40example.com", "jane%2540example.com"),
        ("a b@example.com", "a%20b@example.com"),
        ("jane@example.com ", "jane@example.com%20"),
        ("...", "..."),
        ("\uff0e\uff0e", "%EF%BC%8E%EF%BC%8E"),
        ("a\uff0fb", "a%EF%BC%8Fb"),
        ("a\u2215b", "a%E2%88%95b"),
        ("a\u2044b", "a%E2%81%84b"),
        ("a;b=c", "a;b=c"),
        ("a?b#c", "a%3Fb%23c"),
        ("x" * 320, "x" * 320),
        ("segments", "segments"),
    ],
)
async def test_a_path_holds_exactly_what_was_meant(
    id_or_email: str, path: str, flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    with pytest.raises(NotFound):
        await flodesk.subscribers.get(id_or_email)
    assert [request.path for request in sandbox.requests] == [f"/v1/subscribers/{path}"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\t",
        ".",
        "..",
        "../segments",
        "a/b@example.com",
        "/",
        "\\",
        "a\\b",
        "..\\segments",
        "a\nb",
        "a\x00b",
        "a\x7fb",
        "a\u200bb",
        "a\u202eb",
        "\ud800",
        "x" * 321,
        "x" * 10_000,
    ],
)
@pytest.mark.parametrize("place", PLACES, ids=range(len(PLACES)))
async def test_what_could_lead_elsewhere_is_refused_before_any_request(
    text: str,
    place: tuple[Callable[[FlodeskClient, str], Awaitable[object]], str, str],
    flodesk: FlodeskClient,
    sandbox: Sandbox,
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await place[0](flodesk, text)
    assert len(str(refused.value)) < 300
    assert not sandbox.requests


async def test_a_plus_is_sent_literally(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    await flodesk.subscribers.save(email="jane+vip@example.com")
    assert (await flodesk.subscribers.get("jane+vip@example.com")).email == "jane+vip@example.com"
    assert [request.path for request in sandbox.requests][1:] == ["/v1/subscribers/jane+vip@example.com"]


async def test_on_a_404_a_plus_is_encoded_once(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    with pytest.raises(NotFound):
        await flodesk.subscribers.get("jane+vip+x@example.com")
    assert [request.path for request in sandbox.requests] == [
        "/v1/subscribers/jane+vip+x@example.com",
        "/v1/subscribers/jane%2Bvip%2Bx@example.com",
    ]


async def test_a_flodesk_that_wants_the_plus_encoded_finds_the_person(account: Account) -> None:
    sandbox = Sandbox({SANDBOX_ACCESS_TOKEN: account}, plus_needs_encoding=True)
    flodesk = FlodeskClient(BearerToken(SANDBOX_ACCESS_TOKEN), http=open_http(sandbox.transport()))
    await flodesk.subscribers.save(email="jane+vip@example.com")
    assert (await flodesk.subscribers.unsubscribe("jane+vip@example.com")).status == "unsubscribed"


@settings(max_examples=400, deadline=None)
@given(st.text() | st.text(alphabet="./\\%2eEfF@+:;?#&=~ \u2024\u2025\uff0e\uff0f"), st.sampled_from(PLACES))
@example("/..", PLACES[0])
@example("colors", PLACES[4])
@example("COLORS", PLACES[4])
def test_any_text_is_refused_or_stays_one_segment_of_its_own_operation(
    text: str, place: tuple[Callable[[FlodeskClient, str], Awaitable[object]], str, str]
) -> None:
    call, before, after = place
    arrived: list[str] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        arrived.append(request.url.raw_path.decode())
        return httpx2.Response(404)

    async def make() -> FlodeskError | None:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
            try:
                await call(FlodeskClient(BearerToken("t"), http=http), text)
            except FlodeskError as error:
                return error
        return None

    error = anyio.run(make, backend_options={"loop_factory": VirtualTimeLoop})
    if not arrived:
        assert isinstance(error, InvalidArgument)
        return
    for path in arrived:
        assert path.startswith(before)
        assert path.endswith(after)
        segment = path[len(before) : len(path) - len(after)]
        assert segment not in {"", ".", ".."}
        assert not set("/\\?#") & set(segment)
        assert "%40" not in segment
        assert unquote(segment) == text
        assert path.lower() != "/v1/segments/colors"
