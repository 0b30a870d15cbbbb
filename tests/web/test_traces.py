"""Traces, for an operator who has set up OpenTelemetry."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from flodesk_mcp.sandbox import Fault, Sandbox
from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import Store, StoredReceivers, TokenLimits
from flodesk_mcp.web.settings import HostedSettings

from .calls import ANN, Hosted, call, segments_of
from .events.hooks import unsubscribed
from .files.visitor import Caller, Visitor

pytestmark = pytest.mark.anyio

EXPORTER = InMemorySpanExporter()
GET = call("get_single_flodesk_subscriber_by_id", id_or_email="somebody@example.com")


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Spans that have ended, as an operator's exporter gets them."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(EXPORTER))
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(provider)  # which a process can do once
    EXPORTER.clear()
    yield EXPORTER
    EXPORTER.clear()


def named(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    (span,) = [span for span in spans.get_finished_spans() if span.name == name]
    return span


async def test_a_trace_leads_from_the_request_to_flodesk(hosted: Hosted, spans: InMemorySpanExporter) -> None:
    async with hosted(auth="headers") as client:
        await segments_of(client, ANN)
        spans.clear()
        await segments_of(client, ANN)
    request = named(spans, "GET Flodesk")
    call_of_tool = named(spans, "tools/call list_all_flodesk_segments")
    wait = named(spans, "wait for quota")
    assert request.parent is not None
    assert wait.parent is not None
    assert request.parent.span_id == wait.parent.span_id == call_of_tool.context.span_id
    assert dict(request.attributes or {}) == {
        "http.request.method": "GET",
        "server.address": "api.flodesk.com",
        "flodesk_mcp.batch": False,
        "http.response.status_code": 200,
    }


async def test_a_trace_tells_nobodys_name_and_no_secret(
    hosted: Hosted, flodesk: Sandbox, spans: InMemorySpanExporter
) -> None:
    async with hosted(auth="headers", max_wait_seconds=0) as client:
        await client.post("/mcp", json=GET, headers=ANN)
        flodesk.fail(Fault("drop_after", times=9))
        await client.post("/mcp", json=GET, headers=ANN)
    told = "".join(span.to_json() for span in spans.get_finished_spans())
    assert '"NoAnswer"' in told
    assert not any(secret in told for secret in ("key-ann", "somebody", "example.com"))


async def test_a_job_has_a_span_of_its_own_around_what_it_asks_of_flodesk(
    hosted: Hosted, spans: InMemorySpanExporter
) -> None:
    async with hosted(auth="headers", toolsets="all", confirm="never") as client:
        ann = Caller(client, ANN)
        plan = await ann.called("plan_flodesk_import", people=[{"email": "somebody@example.com"}])
        spans.clear()
        job = await ann.called("start_flodesk_job", plan_id=plan["plan_id"])
        assert job["state"] == "done"
    whole = named(spans, "job import")
    asked = [span for span in spans.get_finished_spans() if span.name == "POST Flodesk"]
    assert asked
    assert {span.parent.span_id for span in asked if span.parent} == {whole.context.span_id}
    assert dict(whole.attributes or {}) == {}
    assert "somebody" not in "".join(span.to_json() for span in spans.get_finished_spans())


async def test_a_job_that_fails_says_of_what_kind_and_nothing_else(
    hosted: Hosted, flodesk: Sandbox, spans: InMemorySpanExporter
) -> None:
    async with hosted(auth="headers", toolsets="all", confirm="never") as client:
        ann = Caller(client, ANN)
        plan = await ann.called("plan_flodesk_import", people=[{"email": "somebody@example.com"}])
        flodesk.fail(Fault("status", status=401, body="no entry for somebody@example.com", times=9))
        job = await ann.called("start_flodesk_job", plan_id=plan["plan_id"])
        assert job["state"] == "failed"
    assert dict(named(spans, "job import").attributes or {}) == {"error.type": "Unauthorized"}
    assert "somebody" not in "".join(span.to_json() for span in spans.get_finished_spans())


async def test_neither_a_span_nor_the_log_holds_a_secret_of_an_address(
    hosted: Hosted, spans: InMemorySpanExporter, encryption_key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings(HostedSettings)
    async with Store(settings.database_address, settings.encryption_keys) as store:
        account = await store.accounts.add("ann", "api_key", "key-ann")
        token = await store.tokens.create("ann", "ann", TokenLimits())
        receiver = (await StoredReceivers(store.accounts._database).add(account)).secret
    served: dict[str, Any] = {"auth": "tokens", "toolsets": "all,events", "confirm": "never", "log_level": "INFO"}
    async with hosted(**served) as client:
        ann, person = Caller(client, {"Authorization": f"Bearer {token}"}), Visitor(client)
        upload = (await ann.called("plan_flodesk_import", file="guests.csv"))["upload_url"]
        await person.send(upload)
        download = (await ann.called("export_flodesk_subscribers", file_format="csv"))["download_url"]
        await person.press(await person.open(download), "")
        for secret in (receiver, f"{receiver[:-4]}wrong"):
            await client.post(f"/webhooks/{account}/{secret}", json=unsubscribed())
        await ann.called("list_flodesk_events")
    secrets = [token, receiver[:-4], *(url.partition("link=")[2] for url in (upload, download))]
    assert all(len(secret) > 20 for secret in secrets)
    told, log = "".join(span.to_json() for span in spans.get_finished_spans()), capsys.readouterr().err
    assert "GET Flodesk" in told
    for path in ("POST /webhooks/... 200", "POST /webhooks/... 404", "GET /upload 200", "POST /download 200"):
        assert path in log
    assert [line for line in log.splitlines() if any(secret in line for secret in secrets)] == []
