"""What the pages of files have in common: who may use a link, how often, and what all others are told."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from flodesk_mcp.audience.errors import AudienceError
from flodesk_mcp.store import Allowance, FileLink, StoreError, Way
from flodesk_mcp.web.browser import Browsers
from flodesk_mcp.web.files.early import EarlyAnswer
from flodesk_mcp.web.files.links import FileLinks, Opened
from flodesk_mcp.web.forms import FormError
from flodesk_mcp.web.html_page import HtmlPage
from flodesk_mcp.web.keys import derived_key, derived_keys
from flodesk_mcp.web.notice import Notices
from flodesk_mcp.web.settings import HostedSettings
from flodesk_mcp.web.strangers import Strangers

__all__ = ["Door", "Refusal", "address_of", "leave_for"]

SENDING = Allowance("upload", 30, 600)
AGAIN = "Go back to your program, and ask it for a new link."


class Refusal(Exception):
    """Somebody is told no, by `answer`, perhaps before all that they send has come."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


class Door:
    """Opens links for whoever has their secret, and knows the browsers that do."""

    def __init__(self, settings: HostedSettings, links: FileLinks) -> None:
        self._links = links
        keys = derived_keys(settings.encryption_keys, "browsers")
        self._plain, self._secure = Browsers(keys, secure=False), Browsers(keys, secure=True)
        self._public_url = settings.public_url or ""
        self._key = derived_key(settings.encryption_keys, "addresses of strangers")
        self._notices = Notices()

    async def opened(self) -> Opened:
        """Return the links and the uploads. Raises StoreError."""
        return await self._links.opened()

    async def find(self, way: Way, request: Request) -> FileLink:
        """Return the link in the address of a request.

        Raises Refusal: the same for one that is unknown, used or too old.
        """
        opened = await self._links.opened()
        link = await opened.links.find(way, request.query_params.get("link", ""))
        if link is None:
            raise self.gone()
        return link

    def gone(self) -> Refusal:
        """Return what everybody is told who has no link that is good."""
        words = f"It was used, is more than a quarter of an hour old, or is not whole. {AGAIN}"
        return Refusal(self._notices.answer("This link opens nothing", words, 410))

    def notice(self, title: str, words: str) -> Response:
        """Answer that something was done."""
        return self._notices.answer(title, words, 200)

    def browser(self, request: Request) -> str:
        """Return a hash of the name of the browser, for the store."""
        return hashlib.sha256(self._browsers(request).name(request).encode()).hexdigest()

    def page(
        self, page: HtmlPage, request: Request, link: FileLink, told: Mapping[str, str], status: int = 200
    ) -> Response:
        """Answer with a page of a link, whose forms come back from this browser alone."""
        browsers = self._browsers(request)
        name = browsers.name(request)
        forms = {"action": address_of(request), "csrf": browsers.token(name, _purpose(link))}
        response = page.answer({**told, **forms}, status, "'self'")
        browsers.remember(response, name)
        return response

    def check(self, request: Request, link: FileLink, token: str | None) -> None:
        """Raise Refusal for a form that this browser was not shown."""
        if not self._browsers(request).fits(request, _purpose(link), token):
            words = f"This form was not sent from this page in this browser, or cookies are turned off. {AGAIN}"
            raise Refusal(self._notices.answer("Nothing was done", words, 403))

    async def count(self, request: Request) -> bool:
        """Count one more file from the address of a request; tell whether it may send that many."""
        attempts = (await self._links.opened()).attempts
        return await Strangers(attempts, self._key).attempt(SENDING, request) is not None

    def around(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint that says on a page why a request cannot be answered."""

        async def endpoint(request: Request) -> Response:
            try:
                return await answer(request)
            except Refusal as refusal:
                return EarlyAnswer(request, refusal.answer)
            except FormError as error:
                return EarlyAnswer(request, self._notices.answer("Nothing was done", str(error), error.status))
            except (StoreError, AudienceError):
                words = "This server cannot look that up now. Try again in a minute."
                return EarlyAnswer(request, self._notices.answer("Not now", words, 503))
            except ClientDisconnect:
                return Response(status_code=400)  # which nobody reads

        return endpoint

    def _browsers(self, request: Request) -> Browsers:
        return self._secure if (self._public_url or str(request.url)).startswith("https:") else self._plain


def address_of(request: Request) -> str:
    """Return where the forms of a page lead: to itself, with the secret where no log shows it."""
    return f"{request.url.path}?link={request.query_params['link']}"


def _purpose(link: FileLink) -> str:
    return f"file {link.digest}"


def leave_for(address: str) -> Response:
    """Send a browser to a page, after a form."""
    return RedirectResponse(address, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
