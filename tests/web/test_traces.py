"""Traces, for an operator who has set up OpenTelemetry."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from flodesk_mcp.sandbox import Fault, Sandbox

from .calls import ANN, Hosted, call, segments_of

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
