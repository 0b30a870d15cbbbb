"""Flags for settings."""

from collections.abc import Callable, Collection
from typing import Any

import click

from flodesk_mcp.settings import Settings, flag, is_secret, variable

__all__ = ["settings_flags"]


def settings_flags(settings_type: type[Settings], only: Collection[str] = ()) -> Callable[[Any], Any]:
    """Give a command a flag for each setting (or for those named in `only`) that is no secret."""

    def decorate(command: Any) -> Any:
        for name, field in reversed(settings_type.model_fields.items()):
            if is_secret(field) or (only and name not in only):
                continue
            default = {None: "none", False: "off", "": "none"}.get(field.default, field.default)
            command = click.option(
                flag(name),
                name,
                default=None,
                is_flag=field.annotation is bool,
                metavar=None if field.annotation is bool else "VALUE",
                help=f"{field.description}.  [{variable(name)}; default: {default}]",
            )(command)
        return command

    return decorate
