"""Which files may be written: those in folders that are open, whatever links and dots stand in a path."""

from pathlib import Path

import pytest

from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.folders import Folders


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    (tmp_path / "open" / "below").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "open" / "link").symlink_to(tmp_path / "other")
    (tmp_path / "open" / "there.csv").touch()
    (tmp_path / "open" / "dangling.csv").symlink_to(tmp_path / "other" / "new.csv")
    return Folders([tmp_path / "open"])


@pytest.mark.parametrize("name", ["new.csv", "below/new.csv", "./below/../new.CSV"])
def test_a_new_file_in_an_open_folder_is_allowed(folders: Folders, tmp_path: Path, name: str) -> None:
    assert folders.new_file(name, {".csv"}) == (tmp_path / "open" / name).resolve()


@pytest.mark.parametrize(
    "name", ["../new.csv", "/etc/new.csv", "link/new.csv", "below/../../other/new.csv", "dangling.csv"]
)
def test_a_file_outside_is_refused_however_it_is_written(folders: Folders, name: str) -> None:
    with pytest.raises(FileRefused, match="outside of the folders"):
        folders.new_file(name, {".csv"})


def test_a_file_that_exists_is_refused(folders: Folders) -> None:
    with pytest.raises(FileRefused, match="no file is overwritten"):
        folders.new_file("there.csv", {".csv"})


@pytest.mark.parametrize("name", ["new.txt", "new", ".bashrc", ".csv", "new.csv.sh"])
def test_another_ending_is_refused(folders: Folders, name: str) -> None:
    with pytest.raises(FileRefused, match=r"must end in \.csv"):
        folders.new_file(name, {".csv"})


def test_a_folder_that_does_not_exist_is_not_made(folders: Folders) -> None:
    with pytest.raises(FileRefused, match="There is no folder"):
        folders.new_file("nowhere/new.csv", {".csv"})


@pytest.mark.parametrize(
    "name", ["a\0b.csv", "~nobody-here/new.csv", f"{'x' * 5_000}.csv"], ids=["nul", "user", "long"]
)
def test_what_is_no_path_is_refused_in_a_sentence(folders: Folders, name: str) -> None:
    with pytest.raises(FileRefused):
        folders.new_file(name, {".csv"})


def test_without_folders_every_file_is_refused() -> None:
    with pytest.raises(FileRefused, match="FLODESK_FOLDERS"):
        Folders([]).new_file("new.csv", {".csv"})
