"""The page on which a person connects a client: who asks, what it may do, and whose account it is for."""

from html import escape

from mcp.server.auth.provider import construct_redirect_uri
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.store import Asked, Granted, StoredSignIns
from flodesk_mcp.web.auth.scopes import WRITE_SCOPE
from flodesk_mcp.web.auth.sign_in.accounts import BroughtAccounts
from flodesk_mcp.web.auth.sign_in.addresses import Addresses
from flodesk_mcp.web.auth.sign_in.choices import Choices, offered_toolsets
from flodesk_mcp.web.auth.sign_in.documents import is_document_address
from flodesk_mcp.web.auth.sign_in.flodesk_login import FlodeskLogin
from flodesk_mcp.web.auth.sign_in.place import form_target, place_of
from flodesk_mcp.web.browser import Browsers
from flodesk_mcp.web.forms import Form, read_form
from flodesk_mcp.web.html_page import HtmlPage, Markup, shown_problem
from flodesk_mcp.web.notice import Notices
from flodesk_mcp.web.problem import Problem

__all__ = ["ConnectPage"]

CONTINUE = """<p class="buttons"><button type="submit" name="way" value="flodesk">Continue with Flodesk</button></p>
<p class="soft">You log in at Flodesk and allow it there. Or use an API key:</p>"""


class ConnectPage:
    """Shows what a client asks for, and answers it with what the person says."""

    def __init__(
        self,
        sign_ins: StoredSignIns,
        accounts: BroughtAccounts,
        browsers: Browsers,
        notices: Notices,
        login: FlodeskLogin | None,
        operator: ToolFilter,
        addresses: Addresses,
    ) -> None:
        """Take what people bring their accounts with, a `login` at Flodesk among it, and what the operator allows."""
        self._sign_ins = sign_ins
        self._accounts = accounts
        self._browsers = browsers
        self._notices = notices
        self._login = login
        self._offered = offered_toolsets(operator)
        self._writes = any(not spec.reads_only for toolset in self._offered for spec in operator.of(toolset.tools))
        self._addresses = addresses
        self._page = HtmlPage("connect.html", "page.css", "form.css")

    async def show(self, request: Request) -> Response:
        """Answer with the page."""
        name = request.query_params.get("request", "")
        asked = await self._sign_ins.get(name)
        if asked is None:
            return self._notices.expired()
        return self._shown(request, name, asked, Choices.proposed(asked.scopes, self._offered))

    async def answer(self, request: Request) -> Response:
        """Do what the person says: send them back with a code or a no, or show what is missing.

        Raises FormError, StoreError.
        """
        name = request.query_params.get("request", "")
        form = await read_form(request)
        if not self._browsers.fits(request, f"connect {name}", form.get("csrf")):
            return self._notices.forged()
        asked = await self._sign_ins.get(name)
        if asked is None:
            return self._notices.expired()
        if form.get("way") == "cancel":
            await self._sign_ins.decline(name)
            return self._back(asked, error="access_denied", error_description="The person said no.")
        try:
            choices = Choices.of(form, asked.scopes, self._offered)
            if self._login and form.get("way") == "flodesk" and form.get("key") is None:
                await self._sign_ins.keep_choices(name, choices.text())
                return _leaving(self._login.begin(self._browsers.name(request), name))
            account_id = await self._accounts.by_key(form.get("key"), request)
        except Problem as problem:
            masked = form.get("masked") is not None
            chosen = Choices(form.get("access") == "write", tuple(form.all("toolset")), "masked" if masked else "shown")
            return self._shown(request, name, asked, chosen, problem)
        return await self._connected(name, asked, choices, account_id)

    async def come_back(self, request: Request, name: str, form: Form, login: FlodeskLogin) -> Response:
        """Connect somebody who comes back from Flodesk's own login.

        Raises StoreError.
        """
        asked, kept = await self._sign_ins.get(name), await self._sign_ins.choices(name)
        if asked is None or kept is None:
            return self._notices.expired()
        choices = Choices.read(kept)
        try:
            account_id = await self._accounts.by_login(*await login.finish(form))
        except Problem as problem:
            return self._shown(request, name, asked, choices, problem)
        return await self._connected(name, asked, choices, account_id)

    async def _connected(self, name: str, asked: Asked, choices: Choices, account_id: str) -> Response:
        granted = Granted(
            account_id=account_id,
            client_place=place_of(asked.redirect_uri),
            scopes=choices.scopes(asked.scopes),
            toolsets=",".join(choices.toolsets),
            personal_data=choices.personal_data,
        )
        code = await self._sign_ins.approve(name, granted)
        return self._notices.expired() if code is None else self._back(asked, code=code)

    def _back(self, asked: Asked, **answer: str) -> Response:
        return _leaving(
            construct_redirect_uri(asked.redirect_uri, **answer, state=asked.state, iss=self._addresses.issuer)
        )

    def _shown(
        self, request: Request, name: str, asked: Asked, choices: Choices, problem: Problem | None = None
    ) -> Response:
        browser = self._browsers.name(request)
        texts = {
            "title": f"{'Problem: ' if problem else ''}Connect {asked.client_name} to Flodesk",
            "client": asked.client_name,
            "place": place_of(asked.redirect_uri),
            "published": _published(asked.client_id),
            "action": f"{self._addresses.connect}?request={name}",
            "csrf": self._browsers.token(browser, f"connect {name}"),
            **shown_problem(problem),
            "access": self._access(asked, choices),
            "toolsets": self._toolsets(choices),
            "masked": Markup(" checked" if choices.personal_data == "masked" else ""),
            "flodesk": Markup(CONTINUE if self._login else ""),
            "connected": self._addresses.connected,
        }
        targets = ["'self'", form_target(asked.redirect_uri), *([self._login.form_target] if self._login else [])]
        status, headers = (problem.status, problem.headers) if problem else (200, {})
        response = self._page.answer(texts, status, " ".join(targets))
        response.headers.update(headers)
        self._browsers.remember(response, browser)
        return response

    def _access(self, asked: Asked, choices: Choices) -> Markup:
        writing = self._writes and WRITE_SCOPE in asked.scopes.split()
        ways = [("read", "Read only", "It looks things up, and changes nothing.")]
        if writing:
            ways.append(("write", "Read and write", "It may also change subscribers, segments and the rest for you."))
        chosen = "write" if writing and choices.writing else "read"
        return Markup(
            "\n".join(
                f'<label class="choice"><input type="radio" name="access" value="{value}"'
                f'{" checked" if value == chosen else ""}> {title} <span class="soft">{words}</span></label>'
                for value, title, words in ways
            )
        )

    def _toolsets(self, choices: Choices) -> Markup:
        return Markup(
            "\n".join(
                f'<label class="choice"><input type="checkbox" name="toolset" value="{toolset.id}"'
                f"{' checked' if toolset.id in choices.toolsets else ''}> {escape(toolset.words.capitalize())}</label>"
                for toolset in self._offered
            )
        )


def _leaving(location: str) -> Response:
    return RedirectResponse(location, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def _published(client_id: str) -> str:
    if not is_document_address(client_id):
        return ""
    host = client_id.split("/")[2]
    return f"It is described at {host}, which nobody else can use."
