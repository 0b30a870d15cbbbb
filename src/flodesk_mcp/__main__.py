"""Run the commands: `flodesk-mcp`, or `python -m flodesk_mcp`."""

from flodesk_mcp.cli.stdio import stray_output_on_stderr, without_gc

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    with stray_output_on_stderr(), without_gc():
        from flodesk_mcp.cli.commands import cli
    cli(prog_name="flodesk-mcp")


if __name__ == "__main__":
    main()
