"""The page for people."""

import base64
import html
import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from .calls import Hosted

pytestmark = pytest.mark.anyio


async def page(hosted: Hosted, host: str = "localhost:8000", **settings: object) -> str:
    async with hosted(**settings) as client:
        answer = await client.get("/", headers={"Host": host})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    return answer.text


async def test_it_shows_the_address_that_the_browser_used(hosted: Hosted) -> None:
    text = await page(hosted, "flodesk.example.com", auth="headers", allowed_hosts="flodesk.example.com")
    assert "claude mcp add --transport http flodesk http://flodesk.example.com/mcp" in text


@pytest.mark.parametrize(
    ("auth", "shown", "hidden"),
    [
        ("tokens", "Authorization", "X-Flodesk-Api-Key"),
        ("headers", "X-Flodesk-Api-Key", "Bearer"),
    ],
)
async def test_it_shows_how_to_get_in(hosted: Hosted, auth: str, shown: str, hidden: str) -> None:
    text = await page(hosted, auth=auth)
    assert shown in text
    assert hidden not in text


@pytest.mark.usefixtures("encryption_key")
async def test_where_people_sign_in_it_shows_the_one_address_to_paste(hosted: Hosted) -> None:
    text = await page(hosted, "flodesk.example.com", auth="tokens,sign-in", public_url="https://flodesk.example.com")
    assert '<p class="address"><code>https://flodesk.example.com/mcp</code></p>' in text
    assert 'href="https://flodesk.example.com/connected"' in text
    assert "claude mcp add --transport http flodesk https://flodesk.example.com/mcp</pre>" in text
    assert "YOUR_TOKEN" not in text


async def test_it_shows_no_credential(hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLODESK_API_KEY", "key-ann")
    text = await page(hosted)
    assert "Everybody on this machine" in text
    assert "key-ann" not in text


@pytest.mark.parametrize(
    ("auth", "headers", "asked"),
    [
        ("tokens", {"Authorization": "Bearer ${input:flodesk}"}, "YOUR_TOKEN"),
        ("headers", {"X-Flodesk-Api-Key": "${input:flodesk}"}, "YOUR_FLODESK_API_KEY"),
    ],
)
async def test_its_links_add_this_server_to_a_client(
    hosted: Hosted, auth: str, headers: dict[str, str], asked: str
) -> None:
    text = await page(hosted, "flodesk.example.com", auth=auth, allowed_hosts="flodesk.example.com")
    links = [html.unescape(link) for link in re.findall(r'<a href="([^"]+)"', text)]
    vscode, cursor, goose = links
    url = "http://flodesk.example.com/mcp"
    told = json.loads(unquote(vscode.partition("?")[2]))
    assert [told["url"], told["headers"], told["inputs"][0]["description"]] == [url, headers, asked]
    assert json.loads(base64.b64decode(parse_qs(urlsplit(cursor).query)["config"][0]))["url"] == url
    assert parse_qs(urlsplit(goose).query)["url"] == [url]
    assert [link.partition(":")[0] for link in links] == ["vscode", "cursor", "goose"]
