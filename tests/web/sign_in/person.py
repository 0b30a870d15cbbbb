"""A person with a browser: follows links, fills in the form of a page, and goes where its answer sends them."""

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2

CALLBACK = "http://127.0.0.1:5555/callback"


class Page(HTMLParser):
    """What is on a page: its text, and its forms with what is filled in already."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.forms: list[Form] = []
        self.feed(html)

    @property
    def words(self) -> str:
        """The text on one line."""
        return " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given["action"]))
        if tag == "input" and self.forms:
            kind = given.get("type", "text")
            if kind in {"radio", "checkbox"} and "checked" not in given:
                return
            self.forms[-1].fields.append((given["name"], given.get("value", "")))

    def handle_data(self, data: str) -> None:
        self.text += data


class Form:
    """A form of a page."""

    def __init__(self, action: str) -> None:
        self.action = action
        self.fields: list[tuple[str, str]] = []

    def filled(self, **values: Any) -> str:
        """Return what a browser sends when the person changed some fields: a list means several, None none."""
        fields = [(name, value) for name, value in self.fields if name not in values]
        for name, value in values.items():
            fields += [(name, each) for each in (value if isinstance(value, list) else [value]) if each is not None]
        return urlencode(fields)


class Person:
    """Somebody in front of a browser, with an API key."""

    def __init__(self, browser: httpx2.AsyncClient, key: str = "key-ann", **choices: Any) -> None:
        self.browser = browser
        self.key = key
        self.choices = choices
        self.sent_to = ""

    async def open(self, url: str) -> httpx2.Response:
        """Follow redirects within the server, as far as a page."""
        answer = await self.browser.get(url)
        while answer.is_redirect and answer.headers["location"].startswith(str(self.browser.base_url)):
            answer = await self.browser.get(answer.headers["location"])
        return answer

    async def submit(self, page: httpx2.Response, form: int = 0, **values: Any) -> httpx2.Response:
        """Send a form of a page."""
        shown = Page(page.text).forms[form]
        return await self.browser.post(
            urljoin(str(page.url), shown.action),
            content=shown.filled(**values),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": "null",  # as browsers say on pages without a referrer
                "Sec-Fetch-Site": "same-origin",
            },
        )

    async def connect(self, url: str) -> None:
        """Be the one whom a client sends to `url`: choose, type the key, say yes."""
        page = await self.open(url)
        assert page.status_code == 200, page.text
        answer = await self.submit(page, key=self.key, way="key", **self.choices)
        assert answer.status_code == 303, answer.text
        self.sent_to = answer.headers["location"]

    @property
    def answer(self) -> dict[str, str]:
        """What the client is told, in the address that the person was sent to."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.sent_to).query).items()}
