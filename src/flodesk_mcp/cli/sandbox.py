"""`flodesk-mcp sandbox`: the embedded Flodesk for others."""

import sys
from urllib.parse import urlsplit

import click

from flodesk_mcp.sandbox.serving import serve_sandbox

__all__ = ["sandbox"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 picks a free one."
)
@click.option(
    "--webhooks-to",
    callback=lambda *given: _origin(given[-1]),
    help="Where webhooks post, such as http://127.0.0.1:8000, whatever host they name (default: nowhere).",
)
def sandbox(host: str, port: int, webhooks_to: str | None) -> None:
    """Serve the embedded Flodesk over HTTP, to test an integration against it."""
    try:
        serve_sandbox(host, port, click.echo, webhooks_to)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        sentence = f"Cannot listen on {host}, port {port}: {reason}. Choose another with --host or --port."
        click.echo(f"flodesk-mcp: {sentence}", err=True)
        sys.exit(1)


def _origin(given: str | None) -> str | None:
    """Return the address of a server, without a path. Raises click's BadParameter."""
    if given is None:
        return None
    parts = urlsplit(given.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise click.BadParameter("must be an address without a path, such as http://127.0.0.1:8000.")
    return f"{parts.scheme}://{parts.netloc}"
