"""Run the commands: `flodesk-mcp`, or `python -m flodesk_mcp`."""

import gc

from flodesk_mcp.stdio import stray_output_on_stderr

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    # What an import makes stays: to look for garbage in it would take a seventh of the start.
    gc.disable()
    with stray_output_on_stderr():
        from flodesk_mcp.cli import cli
    gc.freeze()
    gc.enable()
    cli(prog_name="flodesk-mcp")


if __name__ == "__main__":
    main()
