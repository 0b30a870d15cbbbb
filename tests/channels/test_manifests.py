"""What each channel is told is what the code says, and the same everywhere."""

import tomllib

import pytest
import yaml

import release.__main__ as release
from flodesk_mcp import HOMEPAGE, __version__
from flodesk_mcp.settings import Settings, is_secret, variable
from flodesk_mcp.tools import IN_ALL
from release.icon import SIZE, drawn_from

from .conftest import ROOT, read

PLUGIN, MARKETPLACE = ".claude-plugin/plugin.json", ".claude-plugin/marketplace.json"
BUNDLE = "release/bundle/manifest.json"
JSON_FILES = [PLUGIN, MARKETPLACE, BUNDLE, "server.json"]


def test_every_file_is_as_make_release_writes_it() -> None:
    assert release.out_of_date() == []


def test_a_file_that_was_changed_by_hand_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "texts", lambda: {"LICENSE": "other words\n"})
    assert release.out_of_date() == ["LICENSE"]


def test_a_picture_of_another_drawing_is_found() -> None:
    picture = (ROOT / ".claude-plugin/icon.png").read_bytes()
    assert picture[16:24] == SIZE.to_bytes(4) * 2
    assert drawn_from(picture)
    assert not drawn_from(picture.replace(b"drawn from\0", b"drawn from\0" + b"0"))


def test_the_version_is_the_same_everywhere() -> None:
    assert [read(name)["version"] for name in (PLUGIN, BUNDLE, "server.json")] == [__version__] * 3
    assert read("server.json")["packages"][0]["version"] == __version__


@pytest.mark.parametrize("name", [*JSON_FILES, "release/catalog/server.yaml", "pyproject.toml"])
def test_the_project_has_one_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert HOMEPAGE in text
    owner = HOMEPAGE.split("/")[3]
    assert text.count("github.com/") == text.count(f"github.com/{owner}/")


def test_the_words_are_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {read(name)["description"] for name in JSON_FILES} == {project["description"]}


def test_the_bundle_and_the_catalog_know_every_tool() -> None:
    names = [spec.name for spec in IN_ALL]
    assert [tool["name"] for tool in read(BUNDLE)["tools"]] == names
    assert [tool["name"] for tool in read("release/catalog/tools.json")] == names


def test_the_registry_knows_every_setting_and_which_are_secret() -> None:
    told = {
        entry["name"]: entry.get("isSecret", False)
        for entry in read("server.json")["packages"][0]["environmentVariables"]
    }
    assert told == {variable(name): is_secret(field) for name, field in Settings.model_fields.items()}


def test_what_is_secret_is_kept_by_the_client() -> None:
    assert read(BUNDLE)["user_config"]["api_key"]["sensitive"]
    assert read(PLUGIN)["userConfig"]["api_key"]["sensitive"]
    catalog = yaml.safe_load((ROOT / "release/catalog/server.yaml").read_text(encoding="utf-8"))
    assert [secret["env"] for secret in catalog["config"]["secrets"]] == ["FLODESK_API_KEY"]


def test_every_variable_that_a_channel_sets_is_a_setting() -> None:
    settings = {variable(name) for name in Settings.model_fields}
    catalog = yaml.safe_load((ROOT / "release/catalog/server.yaml").read_text(encoding="utf-8"))
    assert {entry["name"] for entry in catalog["config"]["env"]} <= settings
    assert set(read(PLUGIN)["mcpServers"]["flodesk"]["env"]) <= settings
    assert set(read(BUNDLE)["server"]["mcp_config"]["env"]) - {"MASKED"} <= settings


def test_the_readme_carries_the_name_that_the_registry_looks_for() -> None:
    assert f"<!-- mcp-name: {read('server.json')['name']} -->" in (ROOT / "README.md").read_text(encoding="utf-8")
