"""Every link of the documentation to a place in the repository leads there."""

from pathlib import Path

import pytest

from .pages import PAGES, anchors, links, name_of


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        place = page.parent / path if path else page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            broken.append(link)
    assert broken == []


def test_all_pages_are_looked_at() -> None:
    names = {name_of(page) for page in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "docs/README.md", "examples/README.md", "skills/launch/SKILL.md"} <= names
    assert sum(len(links(page)) for page in PAGES) > 100


def test_an_anchor_is_made_as_github_makes_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# `tokens`: access tokens, of [ours](x.md)\n\n```sh\n# no heading\n```\n", encoding="utf-8")
    assert anchors(page) == {"tokens-access-tokens-of-ours"}
