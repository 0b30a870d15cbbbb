"""From a function to a tool: its signature is the schema, its docstring the description."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from types import MappingProxyType
from typing import Any, get_type_hints

from mcp_types import Tool, ToolAnnotations
from pydantic import BaseModel, create_model

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.tools.arguments import Named
from flodesk_mcp.tools.given import UNADVERTISED, Arguments, check_size, marks_of
from flodesk_mcp.tools.schema import input_schema, output_schema

__all__ = ["USED_IDS", "Later", "ToolSpec", "Toolset"]

Function = Callable[..., Awaitable[BaseModel]]
USED_IDS = "used_ids"

Question = Callable[..., Awaitable[str | None]]
"""Given the client and whether personal data is masked, or the caller, and the arguments, returns what is asked.

None where the call turns out to destroy nothing.
"""


@dataclass(frozen=True)
class Later:
    """A function that the first who needs it imports: what is turned off is never imported."""

    module: str
    name: str

    def imported(self) -> Callable[..., Any]:
        """Return the function."""
        function: Callable[..., Any] = getattr(import_module(self.module), self.name)
        return function


@dataclass(frozen=True)
class ToolSpec:
    """All that is known of a tool before any account is.

    `target` names the arguments that say what is written to, or read, for the audit; `check` tells how to see whether
    a doubtful write happened. `question` makes what a person is asked before the call: before every one, or only
    where the argument `asked_for` is given. `answer` imports the model of an answer that no start should pay for.
    `presses` makes it the button of a card: what a person does with it instead of that other tool, which a model calls.
    """

    declared: Function | Later
    toolset: "Toolset"
    title: str
    operation: str
    target: tuple[str, ...]
    destructive: bool
    idempotent: bool
    check: str | None = None
    question: Question | None = None
    asked_for: str | None = None
    answer: Callable[[], type[BaseModel]] | None = None
    presses: "ToolSpec | None" = None

    @property
    def name(self) -> str:
        """What clients call it by."""
        return self.declared.name if isinstance(self.declared, Later) else self.declared.__name__

    @cached_property
    def function(self) -> Function:
        """What does the work."""
        return self.declared.imported() if isinstance(self.declared, Later) else self.declared

    @property
    def reads_only(self) -> bool:
        """Whether it sends nothing but GET."""
        return self.operation.startswith("GET ")

    @property
    def has_button(self) -> bool:
        """Whether a card offers the same to the person."""
        return any(button.presses is self for button in self.toolset.buttons)

    async def call(self, caller: Caller, given: dict[str, Any]) -> BaseModel:
        """Return what the function makes of checked arguments for `caller`, whose client is all that most get."""
        return await self.function(caller if self._takes_caller else caller.flodesk, **given)

    async def asks(self, caller: Caller, given: dict[str, Any]) -> str | None:
        """Return what a person is asked before the call, or None where it destroys nothing. Raises FlodeskError."""
        if self.question is None:
            return None
        if _takes_caller(self.question):
            return await self.question(caller, **given)
        return await self.question(caller.flodesk, caller.masked, **given)

    @cached_property
    def _takes_caller(self) -> bool:
        return _takes_caller(self.function)

    @cached_property
    def description(self) -> str:
        """The docstring, on one line."""
        return " ".join(inspect.cleandoc(self.function.__doc__ or "").split())

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """The model that arguments are checked with: the function's parameters but for the first."""
        hints = get_type_hints(self.function, include_extras=True)
        parameters = list(inspect.signature(self.function).parameters.values())[1:]
        fields: dict[str, Any] = {
            parameter.name: (hints[parameter.name], ... if parameter.default is parameter.empty else parameter.default)
            for parameter in parameters
        }
        return create_model(self.name, __base__=Arguments, **fields)

    def checked(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments as the function takes them.

        Raises pydantic's ValidationError, InvalidArgument.
        """
        check_size(arguments)
        checked = self.arguments.model_validate(arguments)
        return {name: getattr(checked, name) for name in self.arguments.model_fields}

    @cached_property
    def named(self) -> dict[str, Named]:
        """The arguments that take names for ids."""
        fields = self.arguments.model_fields.items()
        return {name: mark for name, field in fields for mark in marks_of(field) if isinstance(mark, Named)}

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments, but for those that only some callers can use."""
        schema = input_schema(self.arguments)
        for name, known in self.arguments.model_fields.items():
            if UNADVERTISED in marks_of(known):
                del schema["properties"][name]
        return schema

    @cached_property
    def result(self) -> type[BaseModel]:
        """The model of a successful result."""
        model: type[BaseModel] = self.answer() if self.answer else get_type_hints(self.function)["return"]
        return model

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        """The JSON schema of a successful result."""
        schema = output_schema(self.result)
        if self.named:
            schema["properties"][USED_IDS] = {"type": "object", "description": "Ids that were used for the names given"}
        return schema

    @cached_property
    def advertised(self) -> Tool:
        """The tool as clients see it."""
        return Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=self.input_schema,
            output_schema=self.output_schema,
            annotations=self.annotations,
        )

    def advertised_to(self, caller: Caller) -> Tool:
        """Return the tool as `caller` sees it."""
        return self.toolset.tailor.imported()(self, caller) if self.toolset.tailor else self.advertised

    @property
    def annotations(self) -> ToolAnnotations:
        """The four hints. The world is open: Flodesk is beyond this process, and strangers write into it."""
        return ToolAnnotations(
            title=self.title,  # beside the name, too: frameworks read one or the other
            read_only_hint=self.reads_only,
            destructive_hint=self.destructive,
            idempotent_hint=self.idempotent or self.reads_only,
            open_world_hint=True,
        )


def _takes_caller(function: Callable[..., Any]) -> bool:
    first = next(iter(inspect.signature(function).parameters.values()))
    return first.annotation is Caller


@dataclass(frozen=True, eq=False)
class Toolset:
    """Tools that are turned on and off together. `words` tell a person what it offers, `default` whether it is on.

    Without `in_all` it is on only where it is named: not every server can do what its tools do. `tailor` makes of a
    tool what one caller sees, `listed_by` names the tools that list what arguments stand for.
    """

    id: str
    words: str
    default: bool = False
    in_all: bool = True
    tailor: Later | None = None
    listed_by: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tools: list[ToolSpec] = field(default_factory=list)
    buttons: list[ToolSpec] = field(default_factory=list)

    def tool(
        self,
        title: str,
        operation: str,
        *,
        target: tuple[str, ...] = (),
        destructive: bool = False,
        idempotent: bool = False,
        check: str | None = None,
        question: Question | None = None,
        asked_for: str | None = None,
        answer: Callable[[], type[BaseModel]] | None = None,
    ) -> Callable[[Function | Later], ToolSpec]:
        """Make a function the tool for one operation of Flodesk, the next of this toolset."""

        def register(function: Function | Later) -> ToolSpec:
            spec = ToolSpec(
                function, self, title, operation, target, destructive, idempotent, check, question, asked_for, answer
            )
            if not (spec.reads_only or target):
                raise TypeError(f"{spec.name} writes, and must say what to: target=...")
            self.tools.append(spec)
            return spec

        return register

    def button(self, presses: ToolSpec) -> Callable[[Function], ToolSpec]:
        """Make a function the button of a card, which does what the tool `presses` does, and is on where that is."""

        def register(function: Function) -> ToolSpec:
            spec = replace(presses, declared=function, question=None, presses=presses)
            self.buttons.append(spec)
            return spec

        return register
