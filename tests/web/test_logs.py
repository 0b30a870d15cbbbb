"""What the log says, and what it never says."""

import base64
import json
import logging

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ElicitResult

from flodesk_mcp.observability.logging import log_to_stderr
from flodesk_mcp.sandbox import Fault, Sandbox
from flodesk_mcp.store import StoredAccounts, StoredTokens, TokenLimits

from .calls import ANN, BEN, Hosted, call, result_of

pytestmark = pytest.mark.anyio

ADDRESS = "jane.private@example.com"
ENROLL = call("create_a_flodesk_subscriber", email=ADDRESS, first_name="Jane")


class Log:
    """What was written to standard error so far."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured
        self._text = ""

    def getvalue(self) -> str:
        self._text += self._captured.readouterr().err
        return self._text


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Log:
    return Log(capsys)


async def write(client: httpx2.AsyncClient, headers: dict[str, str]) -> httpx2.Response:
    return await client.post("/mcp", json=ENROLL, headers=headers)


@pytest.mark.parametrize("level", ["WARNING", "INFO", "ERROR"])
async def test_every_write_leaves_a_line_that_names_nobody(hosted: Hosted, log: Log, level: str) -> None:
    async with hosted(auth="headers", log_level=level) as client:
        answer = await write(client, ANN)
        assert not result_of(answer)["isError"]
    audit = [line for line in log.getvalue().splitlines() if "flodesk_mcp.observability.audit" in line]
    assert len(audit) == 1
    assert f"[{answer.headers['X-Request-Id']}] credential " in audit[0]
    assert audit[0].endswith(": done")
    assert "called create_a_flodesk_subscriber on " in audit[0]
    for secret in (ADDRESS, "Jane", "key-ann", "%40"):
        assert secret not in log.getvalue()


async def test_the_hash_of_a_target_is_the_same_again_but_not_for_another_caller(hosted: Hosted, log: Log) -> None:
    async with hosted(auth="headers", log_format="json") as client:
        for headers in (ANN, ANN, BEN):
            await write(client, headers)
    first, again, other = [
        json.loads(line)["target"] for line in log.getvalue().splitlines() if "observability.audit" in line
    ]
    assert first == again != other


async def test_json_lines_say_who_did_what_with_which_outcome(hosted: Hosted, log: Log, flodesk: Sandbox) -> None:
    flodesk.fail(Fault("status", status=400, path="/v1/subscribers"))
    async with hosted(auth="headers", log_level="INFO", log_format="json") as client:
        answer = await write(client, ANN)
        await client.post("/mcp/readonly", json=ENROLL, headers=ANN)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    failed, refused = [line for line in lines if line["logger"] == "flodesk_mcp.observability.audit"]
    assert (failed["tool"], failed["outcome"]) == ("create_a_flodesk_subscriber", "failed")
    assert failed["who"].startswith("credential ")
    assert failed["request_id"] == answer.headers["X-Request-Id"]
    assert refused["outcome"] == "refused"
    requests = [line["message"] for line in lines if line["logger"] == "flodesk_mcp.web.middleware"]
    assert [message.partition(" in ")[0] for message in requests] == ["POST /mcp 200", "POST /mcp/readonly 200"]


async def test_a_write_that_asks_first_leaves_a_line_for_the_question_too(hosted: Hosted, log: Log) -> None:
    async def agree(context: object, params: object) -> ElicitResult:
        return ElicitResult(action="accept", content={})

    async with hosted(auth="headers", log_format="json") as http:
        http.headers.update(ANN)
        transport = streamable_http_client("http://127.0.0.1:8000/mcp", http_client=http)
        async with Client(transport, elicitation_callback=agree) as client:
            webhook = {"name": "Feed", "post_url": "https://example.com/feed", "events": ["subscriber.created"]}
            made = await client.call_tool("create_a_flodesk_webhook", webhook)
            assert isinstance(made, CallToolResult)
            assert made.structured_content is not None
            await client.call_tool("delete_a_flodesk_webhook_by_id", {"id": made.structured_content["id"]})
    lines = [json.loads(line) for line in log.getvalue().splitlines() if "observability.audit" in line]
    assert [(line["tool"].split("_")[0], line["outcome"]) for line in lines] == [
        ("create", "done"),
        ("delete", "asked"),
        ("delete", "done"),
    ]


async def test_what_a_stranger_made_up_is_not_logged(hosted: Hosted, log: Log) -> None:
    async with hosted(auth="headers", log_level="INFO") as client:
        await client.get(f"/{ADDRESS}?key=secret", headers={"Origin": "http://localhost"})
        await client.get("/", headers={"Host": ADDRESS})
        await client.post("/mcp", json={}, headers={"Authorization": "Bearer secret-token"})
        await client.post(f"/mcp?toolsets={ADDRESS}", json={}, headers=ANN)
    assert "(no such path)" in log.getvalue()
    for told in (ADDRESS, "secret"):
        assert told not in log.getvalue()


async def test_not_even_debugging_tells_a_credential(
    hosted: Hosted, log: Log, state: tuple[StoredAccounts, StoredTokens], encryption_key: str
) -> None:
    token = await state[1].create("ci", "ben", TokenLimits())
    async with hosted(auth="headers,tokens", log_level="DEBUG") as client:
        await write(client, ANN)
        await write(client, {"Authorization": f"Bearer {token}"})
    assert "create_a_flodesk_subscriber" in log.getvalue()
    for secret in ("key-ann", "key-ben", token, token.rpartition("_")[2], encryption_key):
        assert secret not in log.getvalue()
        assert base64.b64encode(f"{secret}:".encode()).decode() not in log.getvalue()


async def test_an_unreadable_message_is_not_quoted(hosted: Hosted, log: Log) -> None:
    async with hosted(auth="headers", log_level="INFO") as client:
        await client.post("/mcp", content=f'{{"email": "{ADDRESS}"'.encode(), headers=ANN)
        await client.post("/mcp", json={"jsonrpc": "2.0", "id": ADDRESS, "method": ADDRESS}, headers=ANN)
    assert ADDRESS not in log.getvalue()


def read_number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(f"no number: {text}") from error


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_exception_is_told_without_its_words(log: Log, form: str) -> None:
    log_to_stderr("INFO", "json" if form == "json" else "text")
    try:
        read_number(ADDRESS)
    except ValueError:
        logging.getLogger("flodesk_mcp").exception("It went wrong")
    assert "ValueError at " in log.getvalue()
    assert log.getvalue().count("in read_number") == 2
    assert "test_logs.py" in log.getvalue()
    assert ADDRESS not in log.getvalue()


def test_debugging_tells_everything(log: Log) -> None:
    log_to_stderr("DEBUG", "text")
    try:
        read_number("the words")
    except ValueError:
        logging.getLogger("mcp.server").exception("It went wrong")
    assert "the words" in log.getvalue()
