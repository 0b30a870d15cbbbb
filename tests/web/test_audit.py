"""The audit: every call and command that reads or changes something leaves a line that says how it ended."""

import hashlib
import json
from typing import Any

import anyio
import pytest
from click.testing import CliRunner, Result
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitResult

from flodesk_mcp.cli.commands import cli
from flodesk_mcp.sandbox import Fault, Sandbox

from .calls import ANN, LIST_TOOLS, META, Hosted, call

MODERN = {"MCP-Protocol-Version": "2026-07-28"}
ADDRESS = "jane.private@example.com"
ENROLL = call("create_a_flodesk_subscriber", email=ADDRESS)
LOOK = call("get_single_flodesk_subscriber_by_id", id_or_email=ADDRESS)


class Audit:
    """The lines that the audit has written to standard error so far."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured
        self.text = ""

    @property
    def lines(self) -> list[dict[str, Any]]:
        self.text += self._captured.readouterr().err
        return [json.loads(line) for line in self.text.splitlines() if "observability.audit" in line]

    @property
    def outcomes(self) -> list[str]:
        return [line["outcome"] for line in self.lines]


@pytest.fixture
def audit(capsys: pytest.CaptureFixture[str]) -> Audit:
    return Audit(capsys)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["drop_after", "malformed"])
@pytest.mark.parametrize(
    "write",
    [ENROLL, call("create_a_flodesk_segment", name="New")],
    ids=["may be repeated", "must not be repeated"],
)
async def test_a_write_whose_answer_was_lost_is_uncertain(
    hosted: Hosted, audit: Audit, flodesk: Sandbox, kind: Any, write: dict[str, Any]
) -> None:
    flodesk.fail(Fault(kind, method="POST", times=99))
    async with hosted(auth="headers", log_format="json", max_wait_seconds=0) as client:
        await client.post("/mcp", json=write, headers=ANN)
    assert audit.outcomes == ["uncertain"]


@pytest.mark.anyio
async def test_a_press_of_a_card_s_button_is_a_call_like_any(hosted: Hosted, audit: Audit) -> None:
    shows = {"mimeTypes": ["text/html;profile=mcp-app"]}
    start = {"protocolVersion": "2025-11-25", "clientInfo": {"name": "host", "version": "1"}}
    start["capabilities"] = {"extensions": {"io.modelcontextprotocol/ui": shows}}
    async with hosted(auth="headers", log_format="json", toolsets="audience") as client:
        opening = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": start}
        session = (await client.post("/mcp", json=opening, headers=ANN)).headers["Mcp-Session-Id"]
        press = call("press_flodesk_plan_button", plan_id="none", press="any")
        await client.post("/mcp", json=press, headers=ANN | {"Mcp-Session-Id": session})
    assert [(line["tool"], line["outcome"]) for line in audit.lines] == [("press_flodesk_plan_button", "failed")]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=400, times=99),
        Fault("refuse", times=99),
        Fault("malformed", method="GET", times=99),
        Fault("drop_after", method="GET", times=99),
    ],
    ids=["refused by Flodesk", "never sent", "name looked up in vain", "nothing said about the name"],
)
async def test_a_write_that_surely_did_not_happen_has_failed(
    hosted: Hosted, audit: Audit, flodesk: Sandbox, fault: Fault
) -> None:
    write = call("create_a_flodesk_subscriber", email=ADDRESS, segment_ids=["Friends of ann"])
    async with hosted(auth="headers", log_format="json", max_wait_seconds=0) as client:
        await client.post("/mcp", json=LIST_TOOLS, headers=ANN)  # the credential is checked before anything fails
        flodesk.fail(fault)
        await client.post("/mcp", json=write, headers=ANN)
    assert audit.outcomes == ["failed"]


@pytest.mark.anyio
async def test_a_write_whose_client_left_is_cancelled(hosted: Hosted, audit: Audit, flodesk: Sandbox) -> None:
    request = ENROLL | {"params": ENROLL["params"] | {"_meta": META}}
    headers = ANN | MODERN | {"Mcp-Method": "tools/call", "Mcp-Name": "create_a_flodesk_subscriber"}
    async with hosted(auth="headers", log_format="json") as client:
        await client.post("/mcp", json=LIST_TOOLS, headers=ANN)  # the credential is checked before anything hangs
        flodesk.fail(Fault("hang"))
        with anyio.move_on_after(1):
            answer = await client.post("/mcp", json=request, headers=headers)
            raise AssertionError(answer.text)
    assert audit.outcomes == ["cancelled"]


@pytest.mark.anyio
async def test_reads_are_audited_unless_they_are_turned_off(hosted: Hosted, audit: Audit) -> None:
    resource = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "resources/read",
        "params": {"uri": f"flodesk://subscribers/{ADDRESS}"},
    }
    for setting, logged in (
        (
            "all",
            [
                ("get_single_flodesk_subscriber_by_id", "failed"),
                ("list_all_flodesk_segments", "done"),
                ("resources/read", "failed"),
                ("create_a_flodesk_subscriber", "done"),
            ],
        ),
        ("writes", [("create_a_flodesk_subscriber", "done")]),
    ):
        before = len(audit.lines)
        async with hosted(auth="headers", log_format="json", audit=setting) as client:
            for request in (LOOK, call("list_all_flodesk_segments"), resource, ENROLL):
                await client.post("/mcp", json=request, headers=ANN)
        lines = audit.lines[before:]
        assert [(line["tool"], line["outcome"]) for line in lines] == logged
        if setting == "all":
            assert [len(line["target"]) for line in lines] == [16, 1, 16, 16]
        assert "jane" not in audit.text


@pytest.mark.anyio
async def test_a_refused_call_is_audited_as_such(hosted: Hosted, audit: Audit) -> None:
    resource = {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": "flodesk://account"}}
    async with hosted(auth="headers", log_format="json") as client:
        await client.post("/mcp/readonly", json=ENROLL, headers=ANN)
        await client.post("/mcp?toolsets=workflows", json=LOOK, headers=ANN)
        await client.post("/mcp?toolsets=workflows", json=resource, headers=ANN)
    assert audit.outcomes == ["refused"] * 3


@pytest.mark.anyio
async def test_a_declined_question_is_audited_as_such(hosted: Hosted, audit: Audit) -> None:
    async def decline(context: object, params: object) -> ElicitResult:
        return ElicitResult(action="decline")

    async with hosted(auth="headers", log_format="json") as http:
        http.headers.update(ANN)
        webhook = {"name": "Feed", "post_url": "https://example.com/feed", "events": ["subscriber.created"]}
        transport = streamable_http_client("http://127.0.0.1:8000/mcp", http_client=http)
        async with Client(transport, elicitation_callback=decline) as client:
            made: Any = await client.call_tool("create_a_flodesk_webhook", webhook)
            await client.call_tool("delete_a_flodesk_webhook_by_id", {"id": made.structured_content["id"]})
    assert audit.outcomes == ["done", "asked", "declined"]


@pytest.mark.anyio
@pytest.mark.parametrize("level", ["INFO", "ERROR"])
async def test_a_flood_of_strangers_is_one_line(hosted: Hosted, audit: Audit, level: str) -> None:
    async with hosted(auth="headers,tokens", log_format="json", log_level=level, audit="writes") as client:
        for _ in range(50):
            await client.post("/mcp", json=LOOK, headers={"Authorization": "Bearer nonsense"})
    (line,) = audit.lines
    assert (line["outcome"], line["status"], line["error"], line["requests"]) == ("refused", 401, "invalid_token", 1)


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, arguments, input=typed)


@pytest.mark.usefixtures("encryption_key")
def test_each_command_that_changes_what_is_stored_leaves_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLODESK_LOG_FORMAT", "json")
    monkeypatch.setenv("FLODESK_OAUTH_ISSUER", "https://login.example.com")
    monkeypatch.setenv("LOGNAME", "florist")
    person = "subject " + hashlib.sha256(ADDRESS.encode()).hexdigest()[:12]
    for command, target in (
        (("account", "add", "studio"), "studio"),
        (("account", "link", "studio", ADDRESS), f"studio to {person}"),
        (("account", "unlink", ADDRESS), person),
        (("account", "rotate"), "1 accounts"),
        (("token", "create", "ci", "--account", "studio"), "ci"),
        (("token", "revoke", "ci"), "ci"),
        (("account", "remove", "studio"), "studio"),
    ):
        result = run(*command, typed="key-in-plain-sight\n")
        assert result.exit_code == 0, result.stderr
        told = json.loads(result.stderr)
        assert told["command"] == " ".join(command[:2])
        assert (told["who"], told["outcome"]) == ("florist at the command line", "done")
        assert told["target"] == target
        for secret in (ADDRESS, "key-in-plain-sight", "fmcp_"):
            assert secret not in result.stderr


@pytest.mark.usefixtures("encryption_key")
def test_a_command_that_changes_nothing_leaves_no_line() -> None:
    assert run("account", "list").stderr == ""
    assert run("token", "list").stderr == ""
    assert run("account", "remove", "nothing").stderr.count("\n") == 1
