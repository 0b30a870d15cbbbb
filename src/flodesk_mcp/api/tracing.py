"""Spans of what a request to an API does, for whoever has set up OpenTelemetry; otherwise they are nothing.

No attribute tells who somebody is: of an address only the host, no path, no argument, and no credential.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import ProxyTracerProvider, Span, SpanKind, Status, StatusCode, get_tracer, get_tracer_provider

from flodesk_mcp import __version__

__all__ = ["job_span", "request_span", "wait_span"]

_tracer = get_tracer("flodesk_mcp", __version__)


def _is_on() -> bool:
    return not isinstance(get_tracer_provider(), ProxyTracerProvider)


@contextmanager
def request_span(service: str, method: str, host: str, *, batch: bool) -> Iterator[Span | None]:
    """Be the span of one request, from its head to the end of its answer."""
    if not _is_on():
        yield None
        return
    attributes: dict[str, str | bool] = {
        "http.request.method": method,
        "server.address": host,
        "flodesk_mcp.batch": batch,
    }
    with (
        _tracer.start_as_current_span(
            f"{method} {service}", kind=SpanKind.CLIENT, attributes=attributes, record_exception=False
        ) as span,
        _named(span),
    ):
        yield span


@contextmanager
def job_span(kind: str) -> Iterator[None]:
    """Be the span of a job."""
    if not _is_on():
        yield
        return
    with _tracer.start_as_current_span(f"job {kind}", record_exception=False) as span, _named(span):
        yield


def wait_span() -> Span | None:
    """Return the span of a wait for quota, which begins now."""
    return _tracer.start_span("wait for quota") if _is_on() else None


@contextmanager
def _named(span: Span) -> Iterator[None]:
    """Say of a failure what it is, and not its words: they could quote anything."""
    try:
        yield
    except BaseException as error:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(Status(StatusCode.ERROR))
        raise
