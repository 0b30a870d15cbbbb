"""Continue with Flodesk: the person goes to Flodesk's own login, and comes back with what opens the account."""

from urllib.parse import urlsplit

from starlette.requests import Request

from flodesk_mcp.flodesk import FlodeskError, Profile
from flodesk_mcp.flodesk.oauth import OAuthClient
from flodesk_mcp.token_pair import TokenPair
from flodesk_mcp.web.auth.sign_in.addresses import Addresses
from flodesk_mcp.web.auth.sign_in.pkce import challenge_of
from flodesk_mcp.web.browser import Browsers
from flodesk_mcp.web.forms import Form
from flodesk_mcp.web.problem import Problem

__all__ = ["FlodeskLogin"]

DECLINED = "Flodesk did not allow it. Try again, or use an API key."
FAILED = "Flodesk did not answer as it should. Try again in a minute, or use an API key."
BAD_GATEWAY = 502


class FlodeskLogin:
    """Sends people to Flodesk and takes them back. What is between is in the address, and fits their browser alone."""

    def __init__(self, oauth: OAuthClient, browsers: Browsers, addresses: Addresses) -> None:
        self._oauth = oauth
        self._browsers = browsers
        self._back = addresses.flodesk_callback

    @property
    def form_target(self) -> str:
        """What a page's policy calls Flodesk's login."""
        login = urlsplit(self._oauth.authorize_url(self._back, ""))
        return f"{login.scheme}://{login.netloc}"

    def begin(self, browser: str, errand: str) -> str:
        """Return where the browser of that name goes, which comes back for `errand`."""
        state = f"{errand}.{self._browsers.token(browser, f'flodesk {errand}')}"
        return self._oauth.authorize_url(self._back, state, code_challenge=challenge_of(self._verifier(state)))

    def errand(self, request: Request, form: Form) -> str | None:
        """Return for what somebody comes back, None when this browser was not sent."""
        errand, _, token = (form.get("state") or "").rpartition(".")
        return errand if self._browsers.fits(request, f"flodesk {errand}", token) else None

    async def finish(self, form: Form) -> tuple[Profile, TokenPair]:
        """Return who granted access, and the tokens.

        Raises Problem.
        """
        code = form.get("code")
        if code is None:
            raise Problem(DECLINED)
        verifier = self._verifier(form.get("state") or "")
        try:
            pair = await self._oauth.exchange(code, self._back, code_verifier=verifier)
            return await self._oauth.userinfo(pair), pair
        except FlodeskError as error:
            raise Problem(FAILED, BAD_GATEWAY) from error

    def _verifier(self, state: str) -> str:
        return self._browsers.secret(f"flodesk login {state}")
