"""A real process behind https on this machine: a test certificate, and what a proxy in front does."""

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from flodesk_mcp.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Sandbox
from flodesk_mcp.store import new_key

from ..calls import account_of
from ..serving import serve, serve_in_thread

PLENTY = 10_000


@dataclass(frozen=True)
class Secured:
    """A server that signs people in at `url`, whose certificate is in the file `certificate`."""

    url: str
    certificate: Path

    @property
    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    def browser(self, **headers: str) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self.url, verify=self.trusted, timeout=30, headers=headers)


@contextmanager
def running_behind_https(folder: Path) -> Iterator[Secured]:
    """Run the command behind https, in front of a sandbox with Ann's account."""
    certificate, key = _certificate(folder)
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"https://localhost:{listening.getsockname()[1]}"
    sandbox = Sandbox(accounts={"key-ann": account_of("ann")}, requests_per_minute=PLENTY)
    with (
        serve_in_thread(sandbox.app) as flodesk,
        serve(
            folder / "log",
            "--auth=sign-in",
            f"--public-url={url}",
            f"--requests-per-minute={PLENTY}",
            FLODESK_BASE_URL=f"{flodesk}/v1",
            FLODESK_DATABASE_URL=f"sqlite:///{folder}/state.sqlite3",
            FLODESK_ENCRYPTION_KEYS=new_key(),
            FLODESK_CLIENT_ID=SANDBOX_CLIENT_ID,
            FLODESK_CLIENT_SECRET=SANDBOX_CLIENT_SECRET,
        ) as served,
        _in_front_of(served.port, listening, certificate, key),
    ):
        yield Secured(url, certificate)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for this machine that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@contextmanager
def _in_front_of(port: int, listening: socket.socket, certificate: Path, key: Path) -> Iterator[None]:
    """Take TLS off what comes in, and pass it on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    loop = asyncio.new_event_loop()

    async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(passed(reader, inner_writer), passed(inner_reader, writer))

    server = loop.run_until_complete(asyncio.start_server(accept, sock=listening, ssl=context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield
    finally:

        async def stop() -> None:
            server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0.1)

        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
