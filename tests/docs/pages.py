"""Every page of the documentation, its links, its headings and the commands that it tells people to run."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "skills/**/*.md", "deploy/**/*.md")
    for page in ROOT.glob(pattern)
)
_FENCED = re.compile(r"^( *)(`{3,})(\w*)\n(.*?)^\1\2 *$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
_SHELL = {"sh", "bash", "console"}


def name_of(page: Path) -> str:
    """Return how the page is called from the top."""
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> list[str]:
    """Return the links that lead elsewhere in the repository, and within the page."""
    found = [inline or tagged for inline, tagged in _LINK.findall(prose(page))]
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#{1,6} +(.*?) *$", prose(page), re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "") for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def commands(page: Path) -> list[str]:
    """Return each command of a page in one line: of blocks marked as a shell's, and of indented ones."""
    text = page.read_text(encoding="utf-8")
    blocks = [block for _, _, language, block in _FENCED.findall(text) if language in _SHELL]
    return [command for block in [*blocks, *_indented(prose(page))] for command in _lines(block)]


def _indented(text: str) -> Iterator[str]:
    """Yield the indented blocks: code in Markdown, where a blank line stands before."""
    for block in re.findall(r"(?:\A|\n)[ \t]*\n((?: {4,}\S.*\n?(?:[ \t]*\n(?= {4}))?)+)", text):
        lines = [line[4:] for line in block.splitlines()]
        yield "\n".join(lines)


def _lines(block: str) -> Iterator[str]:
    whole = re.sub(r"\s*\\\n\s*", " ", block)
    for line in whole.splitlines():
        command = re.sub(r"\s+#.*$", "", line.strip().removeprefix("$ "))
        if command and not command.startswith("#"):
            yield command
