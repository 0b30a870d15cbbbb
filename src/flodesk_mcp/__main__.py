"""Run the commands: `flodesk-mcp`, or `python -m flodesk_mcp`."""

from flodesk_mcp.cli import cli

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    cli(prog_name="flodesk-mcp")


if __name__ == "__main__":
    main()
