"""Small JSON documents that strangers publish: descriptions of clients, and their keys."""

import json
import logging
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2

from flodesk_mcp import HOMEPAGE, __version__
from flodesk_mcp.freshness import FreshMap

__all__ = ["MAX_ADDRESS", "Document", "Documents", "NoDocument", "NotReached", "is_document_address"]

MAX_ADDRESS = 500
MAX_BYTES = 64 * 1024
MAY_TAKE_SECONDS = 5
MOST_FRESH_SECONDS = 3600
FRESH_SECONDS = 300
"""Where the headers do not say."""
FAILED_SECONDS = 30
MAX_FAILED = 1000
OK = 200

logger = logging.getLogger(__name__)


class NoDocument(Exception):
    """There is no usable document; the message says why, and may be shown."""


class NotReached(NoDocument):
    """It could not be read now, which says nothing about the document."""


@dataclass(frozen=True)
class Document:
    """What a document says, and for how long that counts."""

    content: dict[str, Any]
    seconds: float


def is_document_address(text: str) -> bool:
    """Tell whether `text` is the address of a document: https, with a path, and nothing that hides where it leads."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return False
    plain = text.isascii() and text.isprintable() and " " not in text and "\\" not in text
    segments = url.path.split("/")
    return (
        plain
        and len(text) <= MAX_ADDRESS
        and url.scheme == "https"
        and bool(url.hostname)
        and url.path not in {"", "/"}
        and not {".", ".."} & set(segments)
        and not (url.username or url.password or url.fragment or "#" in text)
        and port != 0
    )


class Documents:
    """Reads documents. That one could not be had is remembered for half a minute."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        """Take the way to them, which must not lead to hosts that are nobody's business."""
        self._http = httpx2.AsyncClient(
            transport=transport,
            headers={"Accept": "application/json", "User-Agent": f"flodesk-mcp/{__version__} ({HOMEPAGE})"},
            follow_redirects=False,
            timeout=MAY_TAKE_SECONDS,
            trust_env=False,
        )
        self._failed: FreshMap[str, NoDocument] = FreshMap(FAILED_SECONDS, MAX_FAILED)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def read(self, address: str) -> Document:
        """Return the document at an address.

        Raises NoDocument, NotReached.
        """
        if failed := self._failed.get(address):
            raise failed
        try:
            with anyio.fail_after(MAY_TAKE_SECONDS):
                return await self._read(address)
        except NoDocument as error:
            self.refuse(address, error)
            raise
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            logger.info("A document of a client cannot be read (%s)", type(error).__name__)
            self.refuse(address, unreached := NotReached("Its description could not be read."))
            raise unreached from error

    def refuse(self, address: str, error: NoDocument) -> None:
        """Remember that what is at an address does not do."""
        self._failed.set(address, error)

    async def _read(self, address: str) -> Document:
        if not is_document_address(address):
            raise NoDocument("Its description has no public address.")
        content = bytearray()
        async with self._http.stream("GET", address) as answer:
            if answer.status_code >= 500 or answer.status_code == 429:  # noqa: PLR2004
                raise NotReached("Its description could not be read.")
            if answer.status_code != OK:  # a redirect, too
                raise NoDocument("There is no description at its address.")
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > MAX_BYTES:
                    raise NoDocument("Its description is too long.")
        try:
            parsed = json.loads(content)
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            raise NoDocument("Its description is no JSON object.")
        return Document(parsed, _fresh_seconds(answer.headers.get("cache-control", "")))


def _fresh_seconds(cache_control: str) -> float:
    directives = cache_control.lower()
    if "no-store" in directives or "no-cache" in directives:
        return 0.0
    found = re.search(r"\bmax-age=\"?(\d{1,9})", directives)
    return float(min(int(found[1]), MOST_FRESH_SECONDS)) if found else FRESH_SECONDS
