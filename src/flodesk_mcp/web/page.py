"""The page for a person who opens the address in a browser: what this is, and how to connect each client."""

import json
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from flodesk_mcp import __version__
from flodesk_mcp.mcp_clients.links import cursor_link, goose_link, vscode_link
from flodesk_mcp.web.html_page import HtmlPage, Markup
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["Page"]

ACCESS = {
    "tokens": "An access token of this server, which whoever runs it makes: Authorization: Bearer ...",
    "headers": "Your own Flodesk API key, in the header X-Flodesk-Api-Key. It is not stored.",
    "oauth": "Your login: the client opens it by itself.",
    "sign-in": "You sign in: the client opens a page, on which you choose what it may do.",
}
PASTE = """<section class="paste">
<h2>One address to paste</h2>
<p class="address"><code>{url}</code></p>
<p>In claude.ai or ChatGPT: Settings, Connectors, add a custom connector, and paste it. In Claude Code, Cursor and VS
Code it goes where servers are added. Your program then opens a page of this server: there you see who asks, choose
what it may do, and say yes. No token to copy.</p>
<p><a href="{connected}">See what is connected, and cut it off</a></p>
</section>"""

HEADERS = {"tokens": ("Authorization", "Bearer YOUR_TOKEN"), "headers": ("X-Flodesk-Api-Key", "YOUR_FLODESK_API_KEY")}


class Page:
    """Shows the address as the browser knows it; the Host header was checked before."""

    def __init__(self, settings: HostedSettings) -> None:
        self._page = HtmlPage("page.html", "page.css")
        self._address = settings.sign_in_address
        self._modes = [mode for mode in ACCESS if mode in settings.modes]

    async def show(self, request: Request) -> HTMLResponse:
        """Answer with the page."""
        root = self._address or f"{request.url.scheme}://{request.url.netloc}"
        url = f"{root}/mcp"
        header = None if self._address else next((HEADERS[mode] for mode in self._modes if mode in HEADERS), None)
        entry = {"url": url, **({"headers": dict([header])} if header else {})}
        asked, inputs = _asked_for(header)
        flag = f' --header "{header[0]}: {header[1]}"' if header else ""
        bridge = ["-y", "mcp-remote", url, *(["--header", f"{header[0]}:{header[1]}"] if header else [])]
        texts = {
            "title": "Flodesk for AI agents",
            "url": url,
            "sse": f"{root}/sse",
            "version": __version__,
            "claude_code": f"claude mcp add --transport http flodesk {url}{flag}",
            "json": _pretty({"mcpServers": {"flodesk": entry}}),
            "vscode_link": vscode_link({"type": "http", "url": url, **asked}, inputs, web=False),
            "cursor_link": cursor_link(entry, web=False),
            "goose_link": goose_link(entry),
            "vscode": _pretty({"servers": {"flodesk": {"type": "http", **entry}}}),
            "bridge": _pretty({"mcpServers": {"flodesk": {"command": "npx", "args": bridge}}}),
            "inspector": f"npx @modelcontextprotocol/inspector --cli {url} --transport http{flag} --method tools/list",
        }
        access = "<br>".join(escape(ACCESS[mode]) for mode in self._modes) or "Everybody on this machine."
        paste = PASTE.format(url=escape(url), connected=escape(f"{root}/connected")) if self._address else ""
        return self._page.answer({**texts, "access": Markup(access), "paste": Markup(paste)})


def _asked_for(header: tuple[str, str] | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what VS Code sends in place of a header's words in capitals, and what it asks a person for that."""
    if header is None:
        return {}, []
    name, value = header
    scheme, _, words = value.rpartition(" ")
    sent = f"{scheme} ${{input:flodesk}}".strip()
    asked = {"type": "promptString", "id": "flodesk", "description": words, "password": True}
    return {"headers": {name: sent}}, [asked]


def _pretty(content: object) -> str:
    return json.dumps(content, indent=2)
