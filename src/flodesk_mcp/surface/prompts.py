"""Prompts that people pick from a menu: each a recipe of steps, with the tools that are on."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Annotated

from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS
from pydantic import Field

from flodesk_mcp.surface.request import is_on
from flodesk_mcp.tools import Accounts, tool_named

__all__ = ["PROMPTS", "add_prompts"]


@dataclass(frozen=True)
class Step:
    """One step; `{tool}` stands for the first of `tools` that is on. An optional step is left out where none is."""

    text: str
    tools: tuple[str, ...] = ()
    optional: bool = False

    def told(self) -> str | None:
        """Return the step as a sentence, or None where its tools are off."""
        if not self.tools:
            return self.text
        on = next((name for name in self.tools if is_on(tool_named(name))), None)
        return None if on is None else self.text.replace("{tool}", on)


@dataclass(frozen=True)
class PromptSpec:
    """A prompt is on where each step that is not optional can be told."""

    name: str
    title: str
    description: str
    steps: Sequence[Step]

    def is_on(self) -> bool:
        """Tell whether the request that is being answered may use it."""
        return all(step.optional or step.told() for step in self.steps)

    def text(self, goal: str) -> str:
        """Return `goal` and the steps to it.

        Raises MCPError where it is turned off.
        """
        if not self.is_on():
            needed = ", ".join(step.tools[0] for step in self.steps if not (step.optional or step.told()))
            raise MCPError(INVALID_PARAMS, f"Prompt {self.name!r} needs tools that are turned off here: {needed}.")
        told = [text for step in self.steps if (text := step.told())]
        return "\n".join([goal, "", *(f"{number}. {text}" for number, text in enumerate(told, 1))])


REVIEW = PromptSpec(
    "review_my_audience",
    "Review my audience",
    "How many people get mail, how the segments compare, and what to do about it.",
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

People = Annotated[str, Field(description="E-mail addresses and names, as you have them")]
SegmentText = Annotated[str, Field(description="Segment name")]
WorkflowText = Annotated[str, Field(description="Workflow name")]
CustomFieldText = Annotated[str, Field(description="Custom field to look at more closely; may be left out")]
Address = Annotated[str, Field(description="https address of the receiver")]


def add_prompts(server: MCPServer[Accounts]) -> None:
    """Register every prompt."""

    async def review(custom_field: CustomFieldText = "") -> str:
        closer = f" Look more closely at the custom field {custom_field!r}." if custom_field else ""
        return REVIEW.text(f"Review the audience of my Flodesk account.{closer}")

    async def enroll(people: People, segment: SegmentText, workflow: WorkflowText) -> str:
        return ENROLL.text(
            f"Add these people to the segment {segment!r} and start the workflow {workflow!r} for them:\n"
            + indent(people, "> ", lambda _: True)
        )

    async def tidy() -> str:
        return TIDY.text("Help me tidy the segments of my Flodesk account.")

    async def webhook(post_url: Address) -> str:
        return WEBHOOK.text(f"Set up a webhook that tells {post_url!r} whenever somebody unsubscribes.")

    for spec, text in ((REVIEW, review), (ENROLL, enroll), (TIDY, tidy), (WEBHOOK, webhook)):
        server.prompt(spec.name, title=spec.title, description=spec.description)(text)
