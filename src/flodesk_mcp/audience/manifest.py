"""The manifest beside an exported file: what is in the file, and whether it still is."""

import csv
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flodesk_mcp.audience.destination import PRIVATE_FILE, InFile, appear, digest_of_file
from flodesk_mcp.audience.errors import FileRefused

__all__ = ["manifest_path", "put_manifest", "verified"]


def manifest_path(path: Path) -> Path:
    """Return where the manifest of a file is."""
    return path.with_name(f"{path.name}.manifest.json")


def put_manifest(target: InFile, manifest: Mapping[str, Any]) -> str:
    """Write the manifest of an export beside its file, and return where. A second time it changes nothing.

    Raises FileRefused where another file has its name, OSError.
    """
    path = manifest_path(target.path)
    temporary = path.with_name(f"{target.temporary.name}.manifest")
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    try:
        appear(temporary, path)
    except FileExistsError:
        if path.read_bytes() != text.encode():
            raise FileRefused(f"{str(path)!r} exists, and no file is overwritten: move it away.") from None
    temporary.unlink(missing_ok=True)
    return str(path)


def verified(path: Path) -> dict[str, Any]:
    """Return the manifest of an exported file that is what its manifest says.

    Raises FileRefused with what is wrong, OSError.
    """
    try:
        manifest = json.loads(manifest_path(path).read_text("utf-8"))
        size, sha256, rows = int(manifest["bytes"]), str(manifest["sha256"]), int(manifest["rows"])
    except FileNotFoundError:
        raise FileRefused(f"There is no {manifest_path(path).name} beside it: nothing can be verified.") from None
    except (ValueError, KeyError, TypeError):
        raise FileRefused(f"{manifest_path(path).name} is not a manifest of flodesk-mcp.") from None
    found = digest_of_file(path)
    if found.size != size:
        raise FileRefused(f"It has {found.size:,} bytes, and had {size:,}: it is not what was exported.")
    if found.sha256 != sha256:
        raise FileRefused("Its SHA-256 is another: it was changed.")
    if (counted := _rows(path, manifest.get("format"))) != rows:
        raise FileRefused(f"It has {counted:,} rows, and its manifest says {rows:,}.")
    return dict(manifest)


def _rows(path: Path, file_format: Any) -> int:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1 if file_format == "csv" else sum(1 for _ in file)
