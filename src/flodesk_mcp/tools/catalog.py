"""From a function to a tool: its signature is the schema, its docstring the description, its module the toolset."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, get_type_hints

from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase
from mcp_types import ToolAnnotations
from pydantic import BaseModel, ConfigDict, create_model

from flodesk_mcp.tools.schema import input_schema, output_schema

__all__ = ["ToolSpec", "tool", "tools_of"]

Function = Callable[..., Awaitable[BaseModel]]


@dataclass(frozen=True)
class ToolSpec:
    """All that is known of a tool before any account is. `check` tells how to see whether a doubtful write happened."""

    function: Function
    title: str
    operation: str
    destructive: bool
    idempotent: bool
    check: str | None

    @property
    def name(self) -> str:
        """What clients call it by."""
        return self.function.__name__

    @property
    def toolset(self) -> str:
        """The resource that it works on."""
        return self.function.__module__.rpartition(".")[2]

    @property
    def reads_only(self) -> bool:
        """Whether it sends nothing but GET."""
        return self.operation.startswith("GET ")

    @cached_property
    def description(self) -> str:
        """The docstring, on one line."""
        return " ".join(inspect.cleandoc(self.function.__doc__ or "").split())

    @cached_property
    def arguments(self) -> type[ArgModelBase]:
        """The model that arguments are checked with: the function's parameters but for the client."""
        hints = get_type_hints(self.function, include_extras=True)
        parameters = list(inspect.signature(self.function).parameters.values())[1:]
        fields: dict[str, Any] = {
            parameter.name: (hints[parameter.name], ... if parameter.default is parameter.empty else parameter.default)
            for parameter in parameters
        }
        return create_model(self.name, __base__=_Arguments, **fields)

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments."""
        return input_schema(self.arguments)

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        """The JSON schema of a successful result."""
        result: type[BaseModel] = get_type_hints(self.function)["return"]
        return output_schema(result)

    @property
    def annotations(self) -> ToolAnnotations:
        """The four hints. The world is open: Flodesk is beyond this process, and strangers write into it."""
        return ToolAnnotations(
            read_only_hint=self.reads_only,
            destructive_hint=self.destructive,
            idempotent_hint=self.idempotent or self.reads_only,
            open_world_hint=True,
        )


class _Arguments(ArgModelBase):
    model_config = ConfigDict(extra="forbid")


def tool(
    title: str, operation: str, *, destructive: bool = False, idempotent: bool = False, check: str | None = None
) -> Callable[[Function], ToolSpec]:
    """Make a function the tool for one operation of Flodesk."""
    return lambda function: ToolSpec(function, title, operation, destructive, idempotent, check)


def tools_of(module: ModuleType) -> list[ToolSpec]:
    """Return the tools of a module, in the order in which they stand there."""
    return [value for value in vars(module).values() if isinstance(value, ToolSpec)]
