"""Servers of the system's packages, each in a folder of its own, on a port of this machine."""

import os
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["Nginx", "NotInstalled", "PostgreSql", "Program", "Redis", "find", "free_port", "running"]

START_SECONDS = 60.0
STOP_SECONDS = 20.0


class NotInstalled(Exception):
    """A program is not here; the message names Debian's package."""


class Program(ABC):
    """A server that is started as a process, listens on `port`, and may be started again."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """Return what runs in the foreground."""

    def variables(self) -> Mapping[str, str]:
        """Return what it finds in its environment."""
        return os.environ

    def is_ready(self) -> bool:
        """Tell whether it can be used."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def start(self) -> None:
        """Return when it can be used. Raises RuntimeError when it ends instead."""
        self.process = subprocess.Popen(
            [str(word) for word in self.command()],
            env=dict(self.variables()),
            stdout=subprocess.DEVNULL,
            stderr=self._log(),
            cwd="/",
            start_new_session=True,  # a Ctrl-C is for who started them, who ends them in order
        )
        gives_up = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > gives_up:
                raise RuntimeError(f"{type(self).__name__} does not start: {' '.join(map(str, self.command()))}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal, and return when it has ended."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def kill(self) -> None:
        """End it without a warning."""
        self.stop(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang until `go_on()`."""
        self._tell(signal.SIGSTOP)

    def go_on(self) -> None:
        """End a pause."""
        self._tell(signal.SIGCONT)

    def _tell(self, what: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(what)

    def _log(self) -> int:
        return subprocess.DEVNULL


class Redis(Program):
    """A Redis, or Valkey. Started again it remembers nothing, unless `options` say so."""

    def __init__(self, folder: Path, port: int, *options: str, password: str = "") -> None:
        """Raise NotInstalled."""
        super().__init__(port)
        self._program = find("redis-server", "valkey-server", package="redis-server")
        self._folder = folder
        self._options = ["port", str(port), "bind 127.0.0.1", 'save ""', "maxmemory-policy noeviction", *options]
        self._password = password
        self.url = f"redis://{f':{password}@' if password else ''}127.0.0.1:{port}/0"

    def command(self) -> Sequence[str | Path]:
        """Return what runs in the foreground: a password stands in a file that only this user reads."""
        first, port, *others = self._options
        lines = [f"{first} {port}", f"dir {self._folder}", *others]
        lines += [f"requirepass {self._password}"] if self._password else []
        settings = self._folder / "redis.conf"
        settings.touch(0o600)
        settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return [self._program, settings]


class PostgreSql(Program):
    """A PostgreSQL with one user and one database, both named flodesk."""

    def __init__(self, folder: Path, port: int) -> None:
        """Raise NotInstalled."""
        super().__init__(port)
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found or (os.geteuid() == 0 and not shutil.which("runuser")):
            raise NotInstalled("Debian's package postgresql is not installed")
        self._initdb = found[-1]
        # It refuses to run as root.
        self._as_user: list[str] = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._data = folder / "postgresql"
        self.url = f"postgresql://flodesk@127.0.0.1:{port}/postgres"

    def command(self) -> Sequence[str | Path]:
        """Return what runs in the foreground, after its data was made."""
        if not self._data.exists():
            self._data.mkdir(0o700)
            if os.geteuid() == 0:
                shutil.chown(self._data, "postgres", "postgres")
            make = [*self._as_user, str(self._initdb), "-D", str(self._data), "-A", "trust", "-U", "flodesk"]
            subprocess.run(make, check=True, stdout=subprocess.DEVNULL, cwd="/")
        options = ["-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        server = self._initdb.with_name("postgres")
        return [*self._as_user, server, "-D", self._data, *options, "-c", "fsync=off", "-c", "max_connections=200"]

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        asked: list[str | Path] = [self._initdb.with_name("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0


class Nginx(Program):
    """A proxy with the settings in `text`."""

    def __init__(self, folder: Path, port: int, text: str) -> None:
        """Raise NotInstalled."""
        super().__init__(port)
        self._program = find("nginx", package="nginx-light")
        self._settings = folder / "nginx.conf"
        self._settings.write_text(text, encoding="utf-8")

    def command(self) -> Sequence[str | Path]:
        """Return what runs in the foreground."""
        return [self._program, "-e", "/dev/stderr", "-c", self._settings]


def find(*names: str, package: str) -> str:
    """Return the first program of these names. Raises NotInstalled."""
    places = f"{os.environ['PATH']}:/usr/sbin"
    found = next(filter(None, (shutil.which(name, path=places) for name in names)), None)
    if found is None:
        raise NotInstalled(f"Debian's package {package} is not installed")
    return found


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def running(*programs: Program) -> Iterator[None]:
    """Run programs for a block, and end them in the opposite order."""
    started: list[Program] = []
    try:
        for program in programs:
            started.append(program)
            program.start()
        yield
    finally:
        for program in reversed(started):
            program.stop()
