"""What a person enters and nobody sees."""

import sys

import click

__all__ = ["entered"]


def entered(name: str) -> str:
    """Return a secret from standard input, asked for where a person sits there."""
    if sys.stdin.isatty():
        typed: str = click.prompt(name, hide_input=True, err=True)
        return typed.strip()
    return sys.stdin.readline().strip()
