"""Where a client's answer goes: in words for a person, and for the browser's own check of it."""

import re
from urllib.parse import urlsplit

from flodesk_mcp.web.host_check import is_loopback

__all__ = ["form_target", "place_of"]

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_HOST = re.compile(r"[a-z0-9.-]+(:\d{1,5})?")


def place_of(redirect_uri: str) -> str:
    """Return who gets the answer: a host of the web, or something on the person's own device."""
    url = urlsplit(redirect_uri)
    if url.scheme == "https":
        return url.netloc
    if is_loopback(url.hostname or ""):
        return f"a program on this computer ({url.netloc})"
    return f"an app on this device ({url.scheme}:)"


def form_target(redirect_uri: str) -> str:
    """Return what the page's policy calls the place: browsers check where a form's answer redirects to, too."""
    url = urlsplit(redirect_uri)
    if url.scheme in {"https", "http"} and _HOST.fullmatch(url.netloc):
        return f"{url.scheme}://{url.netloc}"
    return f"{url.scheme}:" if _SCHEME.fullmatch(url.scheme) else "'none'"  # a policy knows no [::1]
