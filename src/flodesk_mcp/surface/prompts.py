"""Prompts that people pick from a menu: each a recipe of steps, with the tools that are on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, GetPromptResult, Prompt, PromptArgument, PromptMessage, TextContent

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.callers.tool_filter import Reason, ToolFilter, nearest
from flodesk_mcp.tools import TOOLS, mask_addresses

__all__ = ["PROMPTS", "get_prompt", "prompts_for"]


@dataclass(frozen=True)
class Step:
    """One step; `{tool}` stands for the first of `tools` that is on. An optional step is left out where none is."""

    text: str
    tools: tuple[str, ...] = ()
    optional: bool = False

    def told(self, tool_filter: ToolFilter) -> str | None:
        """Return the step as a sentence, or None where its tools are off."""
        if not self.tools:
            return self.text
        on = next((name for name in self.tools if tool_filter.allows(TOOLS[name])), None)
        return None if on is None else self.text.replace("{tool}", on)


@dataclass(frozen=True)
class PromptSpec:
    """A prompt is on where each step that is not optional can be told. `goal` makes its first line of the arguments."""

    name: str
    title: str
    description: str
    arguments: Sequence[PromptArgument]
    goal: Callable[[Mapping[str, str]], str]
    steps: Sequence[Step]

    def why_off(self, tool_filter: ToolFilter) -> Reason | None:
        """Return why a tool that it needs is off, or None while it is on."""
        needed = [step for step in self.steps if not (step.optional or step.told(tool_filter))]
        return tool_filter.why_off(TOOLS[needed[0].tools[0]]) if needed else None

    def text(self, tool_filter: ToolFilter, given: Mapping[str, str]) -> str:
        """Return the goal and the steps to it."""
        told = [text for step in self.steps if (text := step.told(tool_filter))]
        return "\n".join([self.goal(given), "", *(f"{number}. {text}" for number, text in enumerate(told, 1))])


def _argument(name: str, description: str, *, required: bool = True) -> PromptArgument:
    return PromptArgument(name=name, description=description, required=required)


def _review_goal(given: Mapping[str, str]) -> str:
    field = given.get("custom_field")
    closer = f" Look more closely at the custom field {field!r}." if field else ""
    return f"Review the audience of my Flodesk account.{closer}"


def _enroll_goal(given: Mapping[str, str]) -> str:
    return (
        f"Add these people to the segment {given['segment']!r} and start the workflow {given['workflow']!r} for them:\n"
        + indent(given["people"], "> ", lambda _: True)
    )


REVIEW = PromptSpec(
    "review_my_audience",
    "Review my audience",
    "How many people get mail, how the segments compare, and what to do about it.",
    (_argument("custom_field", "Custom field to look at more closely; may be left out", required=False),),
    _review_goal,
    (
        Step("Call {tool} and note each segment's active people.", ("list_all_flodesk_segments",)),
        Step(
            "Call {tool} once per status (active, unsubscribed, unconfirmed, bounced, complained) with limit 1 and "
            "fields [status]: total_items is the count.",
            ("list_all_flodesk_subscribers",),
        ),
        Step("Call {tool} to see what else is known of people.", ("list_all_flodesk_custom_fields",), optional=True),
        Step("Sum up in a short table: who gets mail, who does not and why, the largest and the empty segments."),
        Step("Suggest at most three next steps. Change nothing."),
    ),
)
ENROLL = PromptSpec(
    "add_people_and_start_workflow",
    "Add people to a segment and start a workflow",
    "Put people into a segment and enroll them in a workflow.",
    (
        _argument("people", "E-mail addresses and names, as you have them"),
        _argument("segment", "Segment name"),
        _argument("workflow", "Workflow name"),
    ),
    _enroll_goal,
    (
        Step("Call {tool} to see that the segment exists; ask me when none fits.", ("list_all_flodesk_segments",)),
        Step("Call {tool} with statuses [active] to find the workflow.", ("list_all_flodesk_workflows",)),
        Step("Show me the people, the segment and the workflow, and wait for my yes: workflows send mail."),
        Step(
            "Write the people with {tool} and the segment in segment_ids.",
            ("create_flodesk_subscribers_in_batch", "create_a_flodesk_subscriber"),
        ),
        Step("Call {tool} for each person who is active, not for those with a notice.", ("create_a_flodesk_workflow",)),
        Step("Tell me who was enrolled, and who was not and why."),
    ),
)
TIDY = PromptSpec(
    "tidy_my_segments",
    "Tidy my segments",
    "Find empty, doubled and overlapping segments, and move people where I agree.",
    (),
    lambda given: "Help me tidy the segments of my Flodesk account.",
    (
        Step("Call {tool} until next_cursor is missing.", ("list_all_flodesk_segments",)),
        Step("List segments that are empty, that have nearly the same name, or that look outdated."),
        Step(
            "For a pair that looks doubled, compare its people with {tool}, segment_id and fields [email].",
            ("list_all_flodesk_subscribers",),
        ),
        Step("Propose what to merge into what, and wait for my yes."),
        Step("Add people to the one that stays with {tool}.", ("add_a_flodesk_subscriber_to_segments",), optional=True),
        Step("Take people out of the other with {tool}.", ("delete_a_flodesk_subscriber_by_id",), optional=True),
        Step("Tell me which emptied segments I can delete in Flodesk: no tool can."),
    ),
)
WEBHOOK = PromptSpec(
    "webhook_for_unsubscribes",
    "Set up a webhook for unsubscribes",
    "Have another system told whenever somebody unsubscribes.",
    (_argument("post_url", "https address of the receiver"),),
    lambda given: f"Set up a webhook that tells {given['post_url']!r} whenever somebody unsubscribes.",
    (
        Step(
            "Call {tool} to see whether one posts subscriber.unsubscribed there.",
            ("list_all_flodesk_webhooks",),
        ),
        Step("Check that the address is https and holds a secret, because Flodesk signs nothing; ask me otherwise."),
        Step("Call {tool} with events [subscriber.unsubscribed].", ("create_a_flodesk_webhook",)),
        Step("Tell me its id, and that the receiver must answer with 2xx and look the person up before it acts."),
    ),
)
PROMPTS = (REVIEW, ENROLL, TIDY, WEBHOOK)


def prompts_for(tool_filter: ToolFilter) -> list[Prompt]:
    """Return the prompts that are on."""
    return [
        Prompt(name=spec.name, title=spec.title, description=spec.description, arguments=list(spec.arguments))
        for spec in PROMPTS
        if not spec.why_off(tool_filter)
    ]


def get_prompt(caller: Caller, name: str, given: Mapping[str, str]) -> GetPromptResult:
    """Return a prompt filled in, for `caller`.

    Raises MCPError for one that does not exist or is turned off, and for arguments that are missing or unknown.
    """
    tool_filter = caller.tool_filter
    spec = next((spec for spec in PROMPTS if spec.name == name), None)
    if spec is None:
        near = nearest(name[:100], [prompt.name for prompt in prompts_for(tool_filter)])
        raise MCPError(INVALID_PARAMS, f"Unknown prompt {name[:100]!r}.{near}")
    valid = [argument.name for argument in spec.arguments]
    if unknown := sorted(given.keys() - set(valid)):
        raise MCPError(INVALID_PARAMS, f"Unknown argument {unknown[0][:100]!r}. Valid: {', '.join(valid) or 'none'}.")
    if absent := [argument.name for argument in spec.arguments if argument.required and argument.name not in given]:
        raise MCPError(INVALID_PARAMS, f"Missing required arguments: {{{', '.join(map(repr, absent))}}}")
    if reason := spec.why_off(tool_filter):
        raise MCPError(INVALID_PARAMS, f"Prompt {name!r} needs a tool that is turned off here: {reason.text}.")
    text = spec.text(tool_filter, given)
    content = TextContent(type="text", text=mask_addresses(text) if caller.masked else text)
    return GetPromptResult(description=spec.description, messages=[PromptMessage(role="user", content=content)])
