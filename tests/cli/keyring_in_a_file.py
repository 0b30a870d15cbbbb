"""A keychain for tests: a file, so that processes share it and nothing touches the machine's own."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

FILE = "KEYRING_OF_THE_TEST"
"""The variable that names the file."""


class Keyring(KeyringBackend):
    """Passwords by service and user name."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write(self._read() | {f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        kept = self._read()
        if kept.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError(username)
        self._write(kept)

    def _read(self) -> dict[str, str]:
        path = Path(os.environ[FILE])
        kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return kept

    def _write(self, kept: dict[str, str]) -> None:
        path = Path(os.environ[FILE])
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(kept), encoding="utf-8")
        new.replace(path)
