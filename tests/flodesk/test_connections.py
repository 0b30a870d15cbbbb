"""Over real sockets: connections are reused and closed, and their failures are one clear sentence."""

import asyncio
import logging
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import anyio
import anyio.abc
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from uvicorn.protocols.http.h11_impl import H11Protocol

from flodesk_mcp.flodesk import ApiKey, BearerToken, FlodeskClient, NoAnswer, UnreadableAnswer, open_http
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, SANDBOX_API_KEY, Fault, Sandbox

from .operations import COLOR

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Connections:
    """Counts the connections that a server accepted, and those still open."""

    def __init__(self) -> None:
        self.accepted = 0
        self.open = 0


@pytest.fixture
def connections() -> Connections:
    return Connections()


@pytest.fixture
def base_url(sandbox: Sandbox, connections: Connections) -> Iterator[str]:
    """The API's address at a sandbox that is served on a free port."""

    class Counting(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the overridden one has it
            connections.accepted += 1
            connections.open += 1
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.open -= 1
            super().connection_lost(exc)

    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # none are given
            await super().startup()
            started.set()

    server = Server(
        uvicorn.Config(
            sandbox.app, port=0, log_config=None, log_level="critical", lifespan="off", ws="none", http=Counting
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    assert started.wait(10)
    host, port = server.servers[0].sockets[0].getsockname()
    yield f"http://{host}:{port}/v1"
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
async def flodesk(base_url: str) -> AsyncIterator[FlodeskClient]:
    async with FlodeskClient(
        BearerToken(SANDBOX_ACCESS_TOKEN), base_url=base_url, max_wait_seconds=0, timeout_seconds=5
    ) as flodesk:
        yield flodesk


async def closed(connections: Connections) -> None:
    with anyio.fail_after(5):
        while connections.open:  # noqa: ASYNC110 - the server is in another thread, and tells nobody
            await anyio.sleep(0.01)


async def test_twenty_calls_in_a_row_share_one_connection(flodesk: FlodeskClient, connections: Connections) -> None:
    for number in range(10):
        await flodesk.segments.list()
        await flodesk.segments.create(f"Segment {number}", COLOR)
    assert connections.accepted == 1


async def test_calls_at_once_share_ten_connections(base_url: str, connections: Connections) -> None:
    async with FlodeskClient(BearerToken(SANDBOX_ACCESS_TOKEN), base_url=base_url) as flodesk:
        async with anyio.create_task_group() as tasks:
            for _ in range(60):
                tasks.start_soon(flodesk.segments.list)
        assert connections.accepted <= 10
    await closed(connections)


async def test_a_client_closes_its_connections(base_url: str, connections: Connections) -> None:
    async with FlodeskClient(ApiKey(SANDBOX_API_KEY), base_url=base_url) as flodesk:
        await flodesk.segments.list()
        assert connections.open == 1
    await closed(connections)


async def test_a_shared_http_client_stays_open_until_its_owner_closes_it(
    base_url: str, connections: Connections
) -> None:
    async with open_http() as http:
        for credential in (ApiKey(SANDBOX_API_KEY), BearerToken(SANDBOX_ACCESS_TOKEN)):
            async with FlodeskClient(credential, base_url=base_url, http=http) as flodesk:
                await flodesk.segments.list()
        assert (connections.accepted, connections.open) == (1, 1)
    await closed(connections)


async def test_answers_that_are_not_read_to_their_end_do_not_keep_their_connection(
    flodesk: FlodeskClient, sandbox: Sandbox, connections: Connections
) -> None:
    sandbox.fail(Fault("huge"))
    with pytest.raises(UnreadableAnswer, match="10 MiB"):
        await flodesk.segments.list()
    await flodesk.segments.list()
    assert connections.accepted == 2


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
async def test_a_connection_that_breaks_is_no_answer(flodesk: FlodeskClient, sandbox: Sandbox, kind: str) -> None:
    sandbox.fail(Fault("drop_before" if kind == "drop_before" else "drop_after"))
    with pytest.raises(NoAnswer, match=r"The connection to 127\.0\.0\.1:\d+ was lost before an answer came") as error:
        await flodesk.segments.create("Autumn", COLOR)
    assert (error.value.sent, error.value.uncertain) == (True, True)


async def test_a_server_that_hangs_is_given_up(base_url: str, sandbox: Sandbox, connections: Connections) -> None:
    sandbox.fail(Fault("hang"))
    async with FlodeskClient(
        BearerToken(SANDBOX_ACCESS_TOKEN), base_url=base_url, max_wait_seconds=0, timeout_seconds=0.2
    ) as flodesk:
        with pytest.raises(NoAnswer, match=r"did not answer within 0\.2 s") as error:
            await flodesk.segments.create("Autumn", COLOR)
        assert error.value.uncertain
    await closed(connections)


def unreachable(base_url: str) -> FlodeskClient:
    return FlodeskClient(ApiKey("key"), base_url=base_url, max_wait_seconds=0, timeout_seconds=3)


async def test_a_port_where_nobody_listens(free_tcp_port: int) -> None:
    async with unreachable(f"http://127.0.0.1:{free_tcp_port}/v1") as flodesk:
        with pytest.raises(NoAnswer, match=rf"^No connection to 127\.0\.0\.1:{free_tcp_port}: ") as error:
            await flodesk.segments.create("Autumn", COLOR)
    assert (error.value.sent, error.value.uncertain) == (False, False)


async def test_a_name_that_does_not_resolve() -> None:
    async with unreachable("https://api.flodesk.invalid/v1") as flodesk:
        with pytest.raises(NoAnswer, match=r"^No connection to api\.flodesk\.invalid: [^\n]+\.$") as error:
            await flodesk.segments.create("Autumn", COLOR)
    assert (error.value.sent, error.value.uncertain) == (False, False)


async def test_a_server_without_tls(base_url: str) -> None:
    async with unreachable(base_url.replace("http:", "https:")) as flodesk:
        with pytest.raises(NoAnswer, match=r"^No connection to 127\.0\.0\.1:\d+: [^\n]*SSL") as error:
            await flodesk.segments.create("Autumn", COLOR)
    assert not error.value.uncertain


async def test_a_connection_that_is_never_answered_to_was_never_sent(free_tcp_port: int) -> None:
    """TLS that hangs in its handshake: the request has not left yet, whatever it was."""

    async def say_nothing(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await anyio.sleep_forever()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=free_tcp_port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, say_nothing)
        flodesk = FlodeskClient(
            ApiKey("key"),
            base_url=f"https://127.0.0.1:{free_tcp_port}/v1",
            max_wait_seconds=0,
            timeout_seconds=0.3,
        )
        async with flodesk:
            with pytest.raises(NoAnswer, match="it took too long") as error:
                await flodesk.segments.create("Autumn", COLOR)
        tasks.cancel_scope.cancel()
    assert (error.value.sent, error.value.uncertain) == (False, False)


async def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch, free_tcp_port: int) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:hidden@127.0.0.1:{free_tcp_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with unreachable("https://api.flodesk.com/v1") as flodesk:
        with pytest.raises(NoAnswer, match=r"^No connection to api\.flodesk\.com: ") as error:
            await flodesk.segments.create("Autumn", COLOR)
    assert "hidden" not in str(error.value)
    assert not error.value.sent


async def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch, free_tcp_port: int) -> None:
    async def refuse(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_tcp_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=free_tcp_port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, refuse)
        async with unreachable("https://api.flodesk.com/v1") as flodesk:
            with pytest.raises(NoAnswer, match="407 Proxy Authentication Required") as error:
                await flodesk.segments.create("Autumn", COLOR)
        tasks.cancel_scope.cancel()
    assert not error.value.sent


async def test_no_log_shows_the_credential_on_a_real_connection(
    flodesk: FlodeskClient, base_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    for chatty in ("", "httpx2", "httpcore2"):  # a server in the same process may have made them quiet
        caplog.set_level(logging.DEBUG, chatty)
    await flodesk.segments.list()
    async with FlodeskClient(ApiKey(SANDBOX_API_KEY), base_url=base_url) as keyed:
        await keyed.segments.list()
    assert "/v1/segments" in caplog.text
    for secret in (SANDBOX_ACCESS_TOKEN, SANDBOX_API_KEY, "c2FuZGJveC1rZXk6"):
        assert secret not in caplog.text


async def test_a_certificate_that_nobody_signed(tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(self_signed(tmp_path))
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with unreachable(f"https://127.0.0.1:{port}/v1") as flodesk:
            with pytest.raises(NoAnswer, match="certificate verify failed") as error:
                await flodesk.segments.create("Autumn", COLOR)
    assert not error.value.sent


def self_signed(folder: Path) -> Path:
    """Write a key and a certificate that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / "server.pem"
    file.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    return file


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_no_proxy_of_the_environment_is_asked_for_this_machine(
    host: str, variable: str, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "http://127.0.0.1:1")
    address = base_url.replace("127.0.0.1", host)
    async with FlodeskClient(BearerToken(SANDBOX_ACCESS_TOKEN), base_url=address, max_wait_seconds=0) as flodesk:
        assert (await flodesk.segments.list()).data


async def test_a_proxy_of_the_environment_is_asked_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with FlodeskClient(BearerToken("t"), base_url="http://flodesk.invalid/v1", max_wait_seconds=0) as flodesk:
        with pytest.raises(NoAnswer) as error:
            await flodesk.segments.list()
    assert "flodesk.invalid" in str(error.value)
    assert "Name or service" not in str(error.value)
