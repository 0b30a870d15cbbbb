"""What people are told when a page cannot do what they came for."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from flodesk_mcp.store import StoreError
from flodesk_mcp.web.auth.sign_in.authorize import NotAsked
from flodesk_mcp.web.forms import FormError
from flodesk_mcp.web.html_page import HtmlPage

__all__ = ["Notices"]

AGAIN = "Go back to the program that you wanted to connect, and start again there."


class Notices:
    """Shows one sentence on a page of its own."""

    def __init__(self) -> None:
        self._page = HtmlPage("notice.html", "page.css")

    def answer(self, title: str, words: str, status: int) -> HTMLResponse:
        """Answer with a page that says it."""
        return self._page.answer({"title": title, "words": words}, status)

    def expired(self) -> HTMLResponse:
        """Answer to whoever comes too late, or a second time."""
        return self.answer("This page is out of date", f"The request was answered, or took too long. {AGAIN}", 410)

    def forged(self) -> HTMLResponse:
        """Answer to a form that this browser was not shown."""
        words = f"This form was not sent from this page in this browser, or cookies are turned off. {AGAIN}"
        return self.answer("Not connected", words, 403)

    def around(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint that says on such a page why a request cannot be answered."""

        async def endpoint(request: Request) -> Response:
            try:
                return await answer(request)
            except NotAsked as error:
                return self.answer("Not connected", f"{error} Nothing was allowed.", error.status)
            except FormError as error:
                return self.answer("Not connected", f"{error} {AGAIN}", error.status)
            except StoreError:
                return self.answer("Not now", "This server cannot look that up now. Try again in a minute.", 503)

        return endpoint
