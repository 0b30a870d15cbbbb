"""Whoever opens docs/ finds every page."""

from pathlib import Path

from .pages import links

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "docs" / "README.md"


def test_the_index_leads_to_every_page_and_nowhere_else() -> None:
    indexes = [INDEX, *INDEX.parent.glob("*/README.md")]
    led_to = {(index.parent / link.partition("#")[0]).resolve() for index in indexes for link in links(index)}
    assert {place for place in led_to if not place.exists()} == set()
    assert {page for page in INDEX.parent.rglob("*.md") if page != INDEX} <= led_to


def test_the_readme_leads_to_the_index() -> None:
    assert "](docs/README.md)" in (ROOT / "README.md").read_text("utf-8")
