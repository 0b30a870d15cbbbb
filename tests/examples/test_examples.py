"""The recipes of examples/, each run as a person would: what it asserts of Flodesk at its end holds."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples"
RECIPES = sorted(path for path in FOLDER.glob("*.py") if "asyncio.run(main())" in path.read_text("utf-8"))
each = pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)


@each
def test_a_recipe_does_what_it_says(recipe: Path, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLODESK_")}
    command = [sys.executable, "-W", "error", str(recipe)]
    ended = subprocess.run(
        command,
        env={**kept, "FLODESK_DATA_DIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout


@each
def test_a_recipe_is_short_and_asserts_its_outcome(recipe: Path) -> None:
    text = recipe.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    assert re.search(r"^    +assert ", text, re.MULTILINE)


def test_the_index_leads_to_every_recipe() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in RECIPES} == set(re.findall(r"^\| \[(\w+\.py)\]", index, re.MULTILINE))
    assert len(RECIPES) >= 5
