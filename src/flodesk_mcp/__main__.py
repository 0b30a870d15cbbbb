"""Run the commands: `flodesk-mcp`, or `python -m flodesk_mcp`."""

from flodesk_mcp.stdio import no_search_for_garbage, stray_output_on_stderr

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    with stray_output_on_stderr(), no_search_for_garbage():
        from flodesk_mcp.cli import cli
    cli(prog_name="flodesk-mcp")


if __name__ == "__main__":
    main()
