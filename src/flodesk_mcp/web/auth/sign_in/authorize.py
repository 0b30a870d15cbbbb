"""Where a client sends a person: what it asks for is checked and stored, and the person goes on to the page."""

from mcp.server.auth.provider import construct_redirect_uri
from mcp.shared.auth import InvalidRedirectUriError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flodesk_mcp.store import Allowance, Asked, StoredSignIns
from flodesk_mcp.web.auth.scopes import OFFLINE_SCOPE, SCOPES
from flodesk_mcp.web.auth.sign_in.addresses import Addresses
from flodesk_mcp.web.auth.sign_in.clients import SignInClient, SignInClients
from flodesk_mcp.web.auth.sign_in.documents import NoDocument
from flodesk_mcp.web.auth.sign_in.pkce import is_challenge
from flodesk_mcp.web.forms import Form, FormError, read_form, read_query
from flodesk_mcp.web.strangers import Strangers

__all__ = ["AuthorizeEndpoint", "NotAsked"]

ONCE = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")
MAX_STATE = 4096

ASKED = Allowance("authorize", 60, 60)
READ = Allowance("document", 20, 60)


class NotAsked(Exception):
    """A person is here for a request that cannot be answered to whoever sent them: they are told why."""

    def __init__(self, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.status = status


class _Refused(Exception):
    """A request is refused with an error of RFC 6749, which its client is told."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


class AuthorizeEndpoint:
    """Takes authorization requests (RFC 6749, 4.1.1), with PKCE always.

    It is not the SDK's, whose errors lack `iss` (RFC 9207), and which shows JSON to people.
    """

    def __init__(
        self, clients: SignInClients, sign_ins: StoredSignIns, strangers: Strangers, addresses: Addresses
    ) -> None:
        self._clients = clients
        self._sign_ins = sign_ins
        self._strangers = strangers
        self._addresses = addresses

    async def answer(self, request: Request) -> Response:
        """Send the person on to the page, or back to the client with an error.

        Raises NotAsked when it is not known where back is, StoreError.
        """
        try:
            form = await read_form(request) if request.method == "POST" else read_query(request)
            form.check_once(*ONCE)
        except FormError as error:
            raise NotAsked("The program that sent you here made a mistake in its request.", error.status) from error
        if await self._strangers.attempt(ASKED, request) is None:
            raise NotAsked("There are too many such requests from your address: wait a minute and try again.", 429)
        client = await self._client(request, form.get("client_id"))
        try:
            redirect_uri = client.redirect_to(form.get("redirect_uri"))
        except InvalidRedirectUriError:
            raise NotAsked(
                "The program that sent you here wants the answer at an address that is not its own."
            ) from None
        try:
            name = await self._sign_ins.begin(self._asked(client, redirect_uri, form))
        except _Refused as refused:
            location = self._back(redirect_uri, form.get("state"), error=refused.error, error_description=str(refused))
        else:
            location = f"{self._addresses.connect}?request={name}"
        return RedirectResponse(location, 302, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})

    async def _client(self, request: Request, client_id: str | None) -> SignInClient:
        if client_id is None:
            raise NotAsked("The program that sent you here does not say who it is.")
        if not await self._clients.is_known(client_id) and await self._strangers.attempt(READ, request) is None:
            raise NotAsked("There are too many such requests from your address: wait a minute and try again.", 429)
        try:
            client = await self._clients.get(client_id)
        except NoDocument as error:
            raise NotAsked(f"The program that sent you here cannot be recognised. {error}") from error
        if client is None:
            raise NotAsked(
                "The program that sent you here is not registered any more: remove the connection there, add it anew."
            )
        return client

    def _asked(self, client: SignInClient, redirect_uri: str, form: Form) -> Asked:
        if form.get("response_type") != "code":
            missing = form.get("response_type") is None
            raise _Refused("invalid_request" if missing else "unsupported_response_type", "response_type must be code.")
        if form.get("response_mode") not in {None, "query"}:
            raise _Refused("invalid_request", "response_mode must be query.")
        if not is_challenge(form.get("code_challenge") or "") or form.get("code_challenge_method") != "S256":
            raise _Refused("invalid_request", "PKCE is needed: code_challenge with code_challenge_method S256.")
        if len(form.get("state") or "") > MAX_STATE:
            raise _Refused("invalid_request", "state is too long.")
        if not all(map(self._addresses.is_here, form.all("resource"))):
            raise _Refused("invalid_target", f"Tokens of this server are for {self._addresses.resource}.")
        wanted = (form.get("scope") or "").split() or [*SCOPES]
        if not set(wanted) <= {*SCOPES, OFFLINE_SCOPE}:
            raise _Refused("invalid_scope", f"The scopes are {' '.join(SCOPES)}.")
        return Asked(
            client_id=client.client_id,
            client_name=client.shown_name,
            redirect_uri=redirect_uri,
            redirect_given=form.get("redirect_uri") is not None,
            state=form.get("state"),
            scopes=" ".join(dict.fromkeys(wanted)),
            code_challenge=str(form.get("code_challenge")),
        )

    def _back(self, redirect_uri: str, state: str | None, **answer: str) -> str:
        shown = state if state is None or len(state) <= MAX_STATE else None
        return construct_redirect_uri(redirect_uri, **answer, state=shown, iss=self._addresses.issuer)
