"""A Redis, or Valkey, of the tests' own."""

import shutil
import subprocess
import time
from pathlib import Path
from socket import create_connection

from ports import free_port

__all__ = ["RedisServer", "redis_program"]

PROGRAMS = ("redis-server", "valkey-server")
START_SECONDS = 20


def redis_program() -> str | None:
    """Return the program, None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class RedisServer:
    """One server on a port of its own, in `folder`. It remembers nothing when it is started again, unless told so."""

    def __init__(self, folder: Path, *options: str, password: str = "") -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://{f':{password}@' if password else ''}127.0.0.1:{self.port}/0"
        self._options = [*options, *(["--requirepass", password] if password else [])]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = redis_program()
        assert program is not None
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        self._process = subprocess.Popen([program, *where, "--save", "", *self._options], stdout=subprocess.DEVNULL)
        give_up = time.monotonic() + START_SECONDS
        while True:
            try:
                create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert time.monotonic() < give_up
                time.sleep(0.01)
            else:
                return

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(19)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(18)
