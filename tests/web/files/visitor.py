"""A program that asks for files and gets links, and a person with a browser who follows them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

import httpx2

from ..calls import call, result_of
from ..sign_in.person import Page

FORM = "application/x-www-form-urlencoded"
OURS = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
"""What browsers say on pages without a referrer."""

GUESTS = b"Email,First Name,Favourite colour\nada@example.com,Ada,red\nbo@example.com,Bo,<b>blue</b>\n"


class Caller:
    """A program with access to an account."""

    def __init__(self, client: httpx2.AsyncClient, headers: Mapping[str, str]) -> None:
        self.client = client
        self.headers = headers

    async def tried(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return result_of(await self.client.post("/mcp", json=call(tool, **arguments), headers=dict(self.headers)))

    async def called(self, tool: str, **arguments: Any) -> dict[str, Any]:
        result = await self.tried(tool, **arguments)
        assert not result["isError"], result
        content: dict[str, Any] = result["structuredContent"]
        return content

    async def refused(self, tool: str, **arguments: Any) -> str:
        result = await self.tried(tool, **arguments)
        assert result["isError"], result
        text: str = result["content"][0]["text"]
        return text

    async def upload_link(self, file: str = "people") -> str:
        url: str = (await self.called("plan_flodesk_import", file=file))["upload_url"]
        return url


class Visitor:
    """A person in front of a browser of their own."""

    def __init__(self, server: httpx2.AsyncClient) -> None:
        self.browser = httpx2.AsyncClient(transport=server._transport, base_url=server.base_url)

    async def open(self, url: str) -> httpx2.Response:
        return await self.browser.get(url)

    async def csrf(self, url: str) -> str:
        """Return what the form of a page shows that it is sent from there."""
        return dict(Page((await self.open(url)).text).forms[0].fields)["csrf"]

    async def choose(
        self, page: httpx2.Response, content: bytes = GUESTS, name: str = "guests.csv", **fields: str
    ) -> httpx2.Response:
        """Send the form with a file, and follow where it leads."""
        form = Page(page.text).forms[0]
        known = {field: value for field, value in form.fields if field != "file"} | fields
        address = urljoin(str(page.url), form.action)
        answer = await self.browser.post(address, data=known, files={"file": (name, content)}, headers=OURS)
        return await self._followed(answer)

    async def press(self, page: httpx2.Response, way: str, **fields: str) -> httpx2.Response:
        """Send the form of a page with one of its buttons, and follow where it leads."""
        form = Page(page.text).forms[0]
        headers = {"Content-Type": FORM, **OURS}
        address = urljoin(str(page.url), form.action)
        answer = await self.browser.post(address, content=form.filled(way=way, **fields), headers=headers)
        return await self._followed(answer)

    async def send(self, url: str, content: bytes = GUESTS, name: str = "guests.csv") -> None:
        """Send a file from beginning to end."""
        shown = await self.choose(await self.open(url), content, name)
        assert shown.status_code == 200, shown.text
        sent = await self.press(shown, "send")
        assert "It is sent" in sent.text, sent.text

    async def _followed(self, answer: httpx2.Response) -> httpx2.Response:
        return await self.browser.get(answer.headers["location"]) if answer.is_redirect else answer
