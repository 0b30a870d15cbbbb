"""The page on which people see what they connected, and cut it off."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from html import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flodesk_mcp.observability.audit import record
from flodesk_mcp.store import GrantInfo, StoredGrants, StoreError
from flodesk_mcp.tools import TOOLSETS
from flodesk_mcp.web.auth.scopes import WRITE_SCOPE
from flodesk_mcp.web.auth.sign_in.accounts import BroughtAccounts
from flodesk_mcp.web.auth.sign_in.addresses import Addresses
from flodesk_mcp.web.auth.sign_in.flodesk_login import FlodeskLogin
from flodesk_mcp.web.browser import Browsers
from flodesk_mcp.web.forms import Form, read_form
from flodesk_mcp.web.html_page import HtmlPage, Markup, shown_problem
from flodesk_mcp.web.notice import Notices
from flodesk_mcp.web.problem import Problem

__all__ = ["PURPOSE", "ConnectedPage"]

PURPOSE = "connected"
"""What its forms and its way to Flodesk and back are for."""

CONTINUE = """<p class="buttons"><button type="submit" name="way" value="flodesk">Continue with Flodesk</button></p>
<p class="soft">Or, if you connected with an API key:</p>"""

LOGIN = """<p>See which programs may use your Flodesk account through this server, and cut them off.</p>
<form method="post" action="{action}">
<input type="hidden" name="csrf" value="{csrf}">
{flodesk}
<label for="key">Flodesk API key</label>
<p class="soft" id="key-help">The one that you connected with. It shows that you may see this list.</p>
<input type="password" id="key" name="key" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="500"
 aria-describedby="{described}"{invalid}>
<p class="buttons"><button type="submit" name="way" value="key">Show my programs</button></p>
</form>"""

LIST = """<ul class="clients">
{clients}
</ul>
<form method="post" action="{action}">
<input type="hidden" name="csrf" value="{csrf}">
<p class="buttons">
<button type="submit" name="way" value="leave">Done</button>
<button type="submit" name="way" value="forget" class="quiet">Disconnect all and forget my key</button>
</p>
</form>"""

CLIENT = """<li>
<h2 id="name-{id}">{name}</h2>
<dl>
<dt>Answers went to</dt><dd>{place}</dd>
<dt>Connected</dt><dd>{since}</dd>
<dt>Last used</dt><dd>{used}</dd>
<dt>It may</dt><dd>{may}</dd>
</dl>
<form method="post" action="{action}">
<input type="hidden" name="csrf" value="{csrf}">
<input type="hidden" name="grant" value="{id}">
<button type="submit" name="way" value="cut" class="quiet" aria-describedby="name-{id}">Cut off</button>
</form>
</li>"""


class ConnectedPage:
    """Shows the connected clients of an account to whoever proves that it is theirs."""

    def __init__(
        self,
        grants: StoredGrants,
        erase: Callable[[str], Awaitable[None]],
        accounts: BroughtAccounts,
        browsers: Browsers,
        notices: Notices,
        login: FlodeskLogin | None,
        addresses: Addresses,
    ) -> None:
        self._grants = grants
        self._erase = erase
        self._accounts = accounts
        self._browsers = browsers
        self._notices = notices
        self._login = login
        self._address = addresses.connected
        self._page = HtmlPage("connected.html", "page.css", "form.css")

    async def show(self, request: Request) -> Response:
        """Answer with the list, or with what is needed to see it.

        Raises StoreError.
        """
        account_id = self._browsers.account(request)
        if account_id is None:
            return self._proof(request)
        grants = await self._grants.list(account_id)
        known = {"action": escape(self._address), "csrf": self._browsers.token(self._browsers.name(request), PURPOSE)}
        clients = "\n".join(CLIENT.format(**_shown(grant), **known) for grant in grants)
        nothing = "<li><p>No program is connected to your account.</p></li>"
        return self._answer(LIST.format(clients=clients or nothing, **known))

    async def answer(self, request: Request) -> Response:
        """Do what the person says, and show the list again.

        Raises FormError, StoreError.
        """
        form = await read_form(request)
        if not self._browsers.fits(request, PURPOSE, form.get("csrf")):
            return self._notices.forged()
        if self._login and form.get("way") == "flodesk" and form.get("key") is None:
            return _leaving(self._login.begin(self._browsers.name(request), PURPOSE))
        if form.get("way") in {"key", "flodesk"}:
            try:
                return self._known(request, await self._accounts.known_by_key(form.get("key"), request))
            except Problem as problem:
                return self._proof(request, problem)
        response = _leaving(self._address)
        account_id = self._browsers.account(request)
        if form.get("way") == "leave":
            self._browsers.forget(response)
        elif account_id is not None:
            await self._cut_off(account_id, form, response)
        return response

    async def come_back(self, request: Request, form: Form, login: FlodeskLogin) -> Response:
        """Show the list to somebody who comes back from Flodesk's own login.

        Raises StoreError.
        """
        try:
            return self._known(request, await self._accounts.by_login(*await login.finish(form), new=False))
        except Problem as problem:
            return self._proof(request, problem)

    def _known(self, request: Request, account_id: str) -> Response:
        response = _leaving(self._address)
        self._browsers.know(response, self._browsers.name(request), account_id)
        return response

    async def _cut_off(self, account_id: str, form: Form, response: Response) -> None:
        grant_id = form.get("grant")
        if form.get("way") == "forget":
            await self._erase(account_id)
            self._browsers.forget(response)
            grant_id = "-"
        elif form.get("way") == "cut" and grant_id is not None:
            try:
                await self._grants.revoke(grant_id, account_id)
            except StoreError:
                return  # it is cut off already, or nobody's business: the list tells
        else:
            return
        record(
            "A person cut off client %(target)s of account %(who)s: %(outcome)s",
            who=account_id,
            target=grant_id if grant_id.isalnum() else "-",
            outcome="done",
        )

    def _proof(self, request: Request, problem: Problem | None = None) -> Response:
        browser = self._browsers.name(request)
        shown = shown_problem(problem)
        content = LOGIN.format(
            action=escape(self._address),
            csrf=self._browsers.token(browser, PURPOSE),
            flodesk=CONTINUE if self._login else "",
            described=shown["described"],
            invalid=shown["invalid"],
        )
        response = self._answer(content, problem)
        self._browsers.remember(response, browser)
        return response

    def _answer(self, content: str, problem: Problem | None = None) -> Response:
        texts = {
            "title": f"{'Problem: ' if problem else ''}Connected programs",
            "problem": shown_problem(problem)["problem"],
            "content": Markup(content),
        }
        targets = " ".join(["'self'", *([self._login.form_target] if self._login else [])])
        response = self._page.answer(texts, problem.status if problem else 200, targets)
        response.headers.update(problem.headers if problem else {})
        return response


def _leaving(location: str) -> Response:
    return RedirectResponse(location, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def _shown(grant: GrantInfo) -> dict[str, str]:
    words = {toolset.id: toolset.words for toolset in TOOLSETS}
    parts = ", ".join(words[name] for name in grant.toolsets.split(",") if name in words)
    access = "read and write" if WRITE_SCOPE in grant.scopes else "read"
    masked = ", without seeing who people are" if grant.personal_data == "masked" else ""
    shown = {
        "id": grant.id,
        "name": grant.client_name,
        "place": grant.client_place,
        "since": _moment(grant.connected_at),
        "used": _moment(grant.last_used_at) if grant.last_used_at else "not yet",
        "may": f"{access}: {parts}{masked}",
    }
    return {name: escape(text) for name, text in shown.items()}


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d, %H:%M UTC")
