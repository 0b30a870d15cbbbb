"""The folders whose files may be written and read: links are resolved before anything is believed of a path."""

from collections.abc import Collection, Sequence
from pathlib import Path

from flodesk_mcp.audience.errors import FileRefused

__all__ = ["Folders"]


class Folders:
    """Says which files may be touched: those that lie in one of `folders`, or below it."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def __bool__(self) -> bool:
        return bool(self._folders)

    def new_file(self, name: str, endings: Collection[str]) -> Path:
        """Return where a file of that name is to be written; one without a folder goes into the first.

        Raises FileRefused for a place outside of the folders, a name that exists, and another ending.
        """
        path = self._resolved(name, endings)
        if not path.parent.is_dir():
            raise FileRefused(f"There is no folder {str(path.parent)!r}.")
        if path.exists():
            raise FileRefused(f"{path.name!r} exists, and no file is overwritten: give another name.")
        return path

    def file(self, name: str, endings: Collection[str]) -> Path:
        """Return where a file of that name lies; one without a folder lies in the first.

        Raises FileRefused for a place outside of the folders, a name that does not exist, and another ending.
        """
        path = self._resolved(name, endings)
        if not path.is_file():
            raise FileRefused(f"There is no file {path.name!r} in {str(path.parent)!r}.")
        return path

    def _resolved(self, name: str, endings: Collection[str]) -> Path:
        if not self._folders:
            raise FileRefused("No folder is open to this server: whoever runs it can name some in FLODESK_FOLDERS.")
        try:
            path = (self._folders[0] / Path(name).expanduser()).resolve()
            path.exists()  # which a name that is too long fails
            roots = [folder.resolve() for folder in self._folders]
        except (OSError, RuntimeError, ValueError):
            raise FileRefused(f"{name[:200]!r} is no path of a file.") from None
        if path.suffix.lower() not in endings:
            raise FileRefused(f"The name must end in {' or '.join(sorted(endings))}, not {path.suffix[:20]!r}.")
        if not any(path.is_relative_to(root) for root in roots):
            shown = ", ".join(map(str, self._folders))
            raise FileRefused(f"{name[:200]!r} is outside of the folders that are open (FLODESK_FOLDERS): {shown}.")
        return path
