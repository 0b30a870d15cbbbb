"""`flodesk-mcp sandbox`: the embedded Flodesk for others."""

import sys

import click

from flodesk_mcp.sandbox.serving import serve_sandbox

__all__ = ["sandbox"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 picks a free one."
)
def sandbox(host: str, port: int) -> None:
    """Serve the embedded Flodesk over HTTP, to test an integration against it."""
    try:
        serve_sandbox(host, port, click.echo)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        sentence = f"Cannot listen on {host}, port {port}: {reason}. Choose another with --host or --port."
        click.echo(f"flodesk-mcp: {sentence}", err=True)
        sys.exit(1)
