"""`flodesk-mcp demo`: a real server as a subprocess, a real client, and a story on the sample account."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import anyio
import click
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult, TextContent
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

__all__ = ["demo"]

REQUESTS_PER_MINUTE = 18
"""So few that the story ends at the quota; a real account has 100."""

PICTURE_WIDTH = 80

SEGMENT = "Autumn wreath workshop"
WORKFLOW = "Workshop reminder"
GUESTS: tuple[dict[str, Any], ...] = (
    {"email": "mila.hartmann@example.com", "first_name": "Mila", "custom_fields": {"Favourite flower": "Dahlia"}},
    {"email": "jonas+wreath@example.com", "first_name": "Jonas", "custom_fields": {"deliveryDay": "Friday"}},
    {"email": "zoe@example.org", "first_name": "Zoe"},
)


class DemoFailed(click.ClickException):
    """The server did not answer as the story has it."""


@click.command()
@click.option("--svg", type=click.Path(dir_okay=False, writable=True), hidden=True)
def demo(svg: str | None) -> None:
    """Watch an agent's calls: a real server and client, on a sample account. Needs no key."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a pipe's encoding may lack the arrows
    console = Console(highlight=False, record=svg is not None, width=None if svg is None else PICTURE_WIDTH)
    anyio.run(_play, console)
    if svg:
        picture = re.sub(r"\s*@font-face \{[^}]*\}", "", console.export_svg(title="flodesk-mcp demo"))
        Path(svg).write_text(picture, encoding="utf-8")  # whoever looks at it asks no other host for a font


async def _play(console: Console) -> None:
    _say(
        console,
        "Each arrow is a real call to a real flodesk-mcp server, a process of its own on the sample account of a "
        "florist's studio. Nothing leaves this computer, and no key is needed.\n\n"
        "What an agent was asked: “Three people have booked the autumn wreath workshop. Put them into a segment of "
        "their own, and start the workshop reminder for them.”",
    )
    server = StdioServerParameters(
        command=sys.executable,  # which gets none of this process's FLODESK_ variables: the SDK passes few on
        args=["-m", "flodesk_mcp", "--sandbox", "--max-wait-seconds=1", f"--requests-per-minute={REQUESTS_PER_MINUTE}"],
    )
    async with Client(server) as client:
        failure = await _Story(client, console).failure()
    if failure:
        raise failure
    _say(
        console,
        "\nNext: set FLODESK_API_KEY to your key, run flodesk-mcp doctor, and connect your MCP client (README).",
    )


class _Story:
    def __init__(self, client: Client, console: Console) -> None:
        self._client = client
        self._console = console
        self._chapters = 0

    async def failure(self) -> DemoFailed | None:
        """Tell the story, and return where it went astray: raised here, the client's task group would wrap it."""
        try:
            await self._tell()
        except DemoFailed as error:
            return error
        return None

    async def _tell(self) -> None:
        """Work through the request, and then into a mistake and into the quota."""
        self._chapter("What is there already?")
        await self._call("list_all_flodesk_segments", limit=3)
        await self._call("list_all_flodesk_custom_fields")

        self._chapter("A segment for the guests")
        await self._call("create_a_flodesk_segment", name=SEGMENT)

        self._chapter("The guests, whether Flodesk knows them or not")
        for guest in GUESTS:
            await self._call("create_a_flodesk_subscriber", **guest, segment_ids=[SEGMENT])
        self._remark("Zoe has unsubscribed, which Flodesk's own answer hardly shows: the notice is for her.")

        self._chapter("The workflow, for those who get mail")
        await self._call("list_all_flodesk_workflows", statuses=["active"], limit=4)
        for guest in GUESTS[:2]:
            await self._call("create_a_flodesk_workflow", workflow_id=WORKFLOW, email=guest["email"])

        self._chapter("Did it work?")
        await self._call(
            "get_single_flodesk_subscriber_by_id",
            id_or_email=GUESTS[0]["email"],
            fields=["status", "segments", "custom_fields"],
        )

        self._chapter("A mistake is refused before anything is lost")
        await self._call(
            "create_a_flodesk_subscriber",
            refused=True,
            email=GUESTS[0]["email"],
            custom_fields={"wreathSize": "30 cm"},
        )
        self._remark("Flodesk itself would have said 200 OK and dropped the value.")

        self._chapter(f"The quota: this server was told to stay within {REQUESTS_PER_MINUTE} requests a minute")
        await self._spend_the_quota()
        self._remark("Short waits happen by themselves, in order of arrival. This one would be too long.")

    async def _call(self, tool: str, *, refused: bool = False, **arguments: Any) -> None:
        self._show_call(tool, arguments)
        result = await self._client.call_tool(tool, arguments)
        self._show_answer(result)
        if result.is_error is not refused:
            raise DemoFailed(f"{tool} should have {'been refused' if refused else 'succeeded'}.")

    async def _spend_the_quota(self) -> None:
        tool, arguments = "get_single_flodesk_subscriber_by_id", {"id_or_email": GUESTS[1]["email"]}
        for answered in range(REQUESTS_PER_MINUTE + 1):
            result = await self._client.call_tool(tool, arguments)
            if result.is_error:
                self._show_call(f"{tool}, again and again:", {})
                self._show("←", Text(f"{answered} answers, and then", style="dim"))
                self._show_answer(result)
                return
        raise DemoFailed("The quota was never reached.")

    def _chapter(self, title: str) -> None:
        self._chapters += 1
        self._console.print()
        self._console.print(Text(f"{self._chapters}. {title}", style="bold"))

    def _remark(self, words: str) -> None:
        self._show(" ", Text(words, style="italic"))

    def _show_call(self, tool: str, arguments: dict[str, Any]) -> None:
        self._show("→", Text.assemble((tool, "bold cyan"), " ", _pairs(arguments)))

    def _show_answer(self, result: CallToolResult) -> None:
        if result.is_error:
            texts = (block.text for block in result.content if isinstance(block, TextContent))
            self._show("✗", Text("".join(texts), style="red"))
            return
        answer = dict(result.structured_content or {})
        rows = answer.pop("result", [])
        for number, row in enumerate(rows):
            line = _pairs(row)
            line.no_wrap, line.overflow = True, "ellipsis"
            self._show(" " if number else "←", line)
        if answer:
            self._show(" " if rows else "←", _pairs(answer))

    def _show(self, sign: str, words: Text) -> None:
        line = Table.grid(padding=(0, 1))
        line.add_row(sign, words)
        self._console.print(Padding(line, (0, 0, 0, 2)))


def _pairs(values: dict[str, Any]) -> Text:
    """Return an object on one line that breaks where people would break it."""
    return Text(" ").join(
        Text.assemble(
            (f"{name}=", "dim"), (json.dumps(value, ensure_ascii=False), "yellow" if name == "notice" else "green")
        )
        for name, value in values.items()
    )


def _say(console: Console, words: str) -> None:
    console.print(Text(words))
