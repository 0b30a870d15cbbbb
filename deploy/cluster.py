"""`make cluster`: what compose.yaml describes, with programs of this system and the sandbox as Flodesk.

Two replicas behind nginx with TLS, their state in PostgreSQL, their quota and messages in Redis or Valkey.
"""

import os
import re
import secrets
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import yaml
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.programs import Nginx, NotInstalled, PostgreSql, Program, Redis, free_port, running
from flodesk_mcp.sandbox import SANDBOX_API_KEY

__all__ = ["Cluster", "Replica", "cluster", "make_certificate", "server_settings"]

HERE = Path(__file__).parent
DAYS = timedelta(days=1)


class Replica(Program):
    """One `flodesk-mcp serve`."""

    def __init__(self, port: int, settings: dict[str, str], log: Path) -> None:
        super().__init__(port)
        self._settings = settings
        self._log_file = log

    def command(self) -> Sequence[str | Path]:
        """Return the command of the image."""
        return [sys.executable, "-m", "flodesk_mcp", "serve", "--port", str(self.port)]

    def variables(self) -> Mapping[str, str]:
        """Return the settings, and nothing of this process's own."""
        return _without_settings() | self._settings

    def is_ready(self) -> bool:
        """Tell whether it says so itself."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10):
                return True
        except OSError:
            return False

    def _log(self) -> int:
        return os.open(self._log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


class _Sandbox(Program):
    """The embedded Flodesk."""

    def command(self) -> Sequence[str | Path]:
        return [sys.executable, "-m", "flodesk_mcp", "sandbox", "--port", str(self.port)]

    def variables(self) -> Mapping[str, str]:
        return _without_settings()


class Cluster:
    """What runs: `address` is that of the proxy, `certificate` what its clients trust."""

    def __init__(
        self, address: str, certificate: Path, settings: dict[str, str], replicas: list[Replica], redis: Redis
    ) -> None:
        self.address = address
        self.certificate = certificate
        self.settings = settings
        self.replicas = replicas
        self.redis = redis

    def command(self, *words: str, entered: str = "") -> str:
        """Run a command of flodesk-mcp with the settings of a replica, and return what it says. Raises RuntimeError."""
        ended = subprocess.run(
            [sys.executable, "-m", "flodesk_mcp", *words],
            env=_without_settings() | self.settings,
            input=entered,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            raise RuntimeError(f"flodesk-mcp {' '.join(words)}: {ended.stderr}")
        return ended.stdout

    def new_token(self, name: str = "agent", account: str = "studio", key: str = SANDBOX_API_KEY) -> str:
        """Add an account, and return a new access token for it."""
        self.command("account", "add", account, entered=f"{key}\n")
        return self.command("token", "create", name, "--account", account).strip().splitlines()[-1]

    def trust(self) -> ssl.SSLContext:
        """Return what trusts the proxy."""
        return ssl.create_default_context(cafile=self.certificate)


@contextmanager
def cluster(
    folder: Path,
    *,
    replicas: int = 2,
    flodesk: str | None = None,
    port_of: Callable[[], int] = free_port,
    **more: str,
) -> Iterator[Cluster]:
    """Run everything in `folder` for a block. `flodesk` is another one's address; `more` are settings of replicas.

    Raises NotInstalled for a program that is not here.
    """
    with ExitStack() as opened:
        database, redis = PostgreSql(folder, port_of()), Redis(folder, port_of(), password=secrets.token_hex(16))
        opened.enter_context(running(database, redis))
        if flodesk is None:
            sandbox = _Sandbox(port_of())
            opened.enter_context(running(sandbox))
            flodesk = f"http://127.0.0.1:{sandbox.port}/v1"
        port = port_of()
        settings = server_settings(
            FLODESK_ALLOWED_HOSTS=f"127.0.0.1:{port},localhost:{port}",
            FLODESK_ENCRYPTION_KEYS=Fernet.generate_key().decode(),
        ) | {
            "FLODESK_DATABASE_URL": database.url,
            "FLODESK_REDIS_URL": redis.url,
            "FLODESK_TRUSTED_PROXIES": "127.0.0.1",
            "FLODESK_BASE_URL": flodesk,
            "FLODESK_DATA_DIR": str(folder / "data"),
            **more,
        }
        servers = [Replica(port_of(), settings, folder / f"replica-{number}.log") for number in range(1, replicas + 1)]
        opened.enter_context(running(*servers))
        make_certificate(folder)
        proxy = Nginx(folder, port, _proxy_settings(folder, port, [server.port for server in servers]))
        opened.enter_context(running(proxy))
        yield Cluster(f"https://127.0.0.1:{port}", folder / "cert.pem", settings, servers, redis)


def server_settings(**given: str) -> dict[str, str]:
    """Return the variables of a server in compose.yaml as the engine would set them."""
    composed: Any = yaml.safe_load((HERE / "compose.yaml").read_text(encoding="utf-8"))
    variables = composed["services"]["server"]["environment"]
    return {name: _substituted(str(value), given) for name, value in variables.items()}


def _substituted(value: str, given: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", lambda found: given.get(found[1], found[2] or "any"), value)


def _proxy_settings(folder: Path, port: int, replicas: Sequence[int]) -> str:
    """Return nginx.conf, for these ports and files."""
    text = (HERE / "nginx.conf").read_text(encoding="utf-8")
    upstream = " ".join(f"server 127.0.0.1:{replica};" for replica in replicas)
    for before, after in {
        "/tmp/": f"{folder}/",  # noqa: S108 - what is replaced, and first: the folder may be there
        "server server:8000;": upstream,
        "listen 8443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/nginx/tls/": f"{folder}/",
        "worker_processes auto;": "worker_processes 1; daemon off;",
    }.items():
        if before not in text:
            raise ValueError(f"nginx.conf has no {before!r}")
        text = text.replace(before, after)
    return text


def make_certificate(folder: Path) -> None:
    """Write a certificate for this machine that its own key signs, valid for a day."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "flodesk-mcp on this machine")])
    hosts = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - DAYS, now + DAYS)
        .add_extension(hosts, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    unencrypted = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted)
    (folder / "key.pem").touch(0o600)
    (folder / "key.pem").write_bytes(private)
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _without_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FLODESK_")}


def main() -> None:
    """Run a cluster until Ctrl-C, and say how to use it."""
    stopped = Event()
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: stopped.set())
    with TemporaryDirectory(prefix="flodesk-cluster-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL is another user
        try:
            with cluster(folder) as made:
                print(f"Address      {made.address}/mcp")
                print(f"Token        {made.new_token()}")
                print(f"Certificate  {made.certificate}   (curl --cacert)")
                print(f"Logs         {folder}/replica-*.log")
                print("Press Ctrl-C to end all.", flush=True)
                stopped.wait()
        except NotInstalled as missing:
            sys.exit(f"{missing}.")


if __name__ == "__main__":
    main()
