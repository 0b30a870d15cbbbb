"""Pages for people: a template and its style, in headers that let nothing else in and nobody frame it."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

from starlette.responses import HTMLResponse

__all__ = ["HtmlPage", "Markup", "shown_problem"]

HERE = Path(__file__).parent


class Markup(str):
    """Text that is HTML already; whatever else is put into a page is escaped."""

    __slots__ = ()


class HtmlPage:
    """A template in this folder, in which `$name` stands for a text, and its style sheets.

    It holds what stands in the frame that all pages share, whose title is one of the texts. A `script` lies at that
    path of this server; the page works without it.
    """

    def __init__(self, template: str, *styles: str, script: str | None = None) -> None:
        frame, main = ((HERE / name).read_text(encoding="utf-8") for name in ("frame.html", template))
        self._template = Template(frame.replace("$main", main.rstrip("\n")))
        self._script = f'<script src="{script}" defer></script>\n' if script else ""
        self._script_policy = "script-src 'self'; connect-src 'self'; " if script else ""
        self._style = "".join((HERE / style).read_text(encoding="utf-8") for style in styles)
        self._style_hash = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()

    def answer(self, texts: Mapping[str, str], status: int = 200, form_targets: str = "'none'") -> HTMLResponse:
        """Answer with the page. Forms in it may lead to `form_targets` alone, redirects included."""
        shown = {name: text if isinstance(text, Markup) else escape(text) for name, text in texts.items()}
        return HTMLResponse(
            self._template.substitute(shown, style=self._style, script=self._script),
            status,
            {
                "Content-Security-Policy": (
                    f"default-src 'none'; style-src 'sha256-{self._style_hash}'; {self._script_policy}base-uri 'none'; "
                    f"form-action {form_targets}; frame-ancestors 'none'"
                ),
                "X-Frame-Options": "DENY",
                "Referrer-Policy": "no-referrer",
                "Cache-Control": "no-store",
            },
        )


def shown_problem(problem: Exception | None) -> dict[str, str]:
    """Return what a page with a field for a key shows of a problem, and how that is tied to the field."""
    if problem is None:
        return {"problem": "", "described": "key-help", "invalid": ""}
    return {
        "problem": Markup(f'<p class="problem" role="alert" id="problem">{escape(str(problem))}</p>'),
        "described": "problem key-help",
        "invalid": Markup(' aria-invalid="true" autofocus'),
    }
