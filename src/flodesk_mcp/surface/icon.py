"""The picture that a client may show beside the server's name: an envelope with a flower for a seal."""

import base64

from mcp_types import Icon

__all__ = ["ICON"]

_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect x="4" y="10" width="40" height="28" rx="4" '
    'fill="#2f5d50"/><path d="M6 13l18 15 18-15" fill="none" stroke="#fff" stroke-width="3"/>'
    '<g fill="#f2c9c0"><circle cx="24" cy="23" r="4"/><circle cx="28" cy="27" r="4"/><circle cx="24" cy="31" r="4"/>'
    '<circle cx="20" cy="27" r="4"/></g><circle cx="24" cy="27" r="3" fill="#d98c5f"/></svg>'
)

ICON = Icon(
    src="data:image/svg+xml;base64," + base64.b64encode(_SVG.encode()).decode(),
    mime_type="image/svg+xml",
    sizes=["any"],
)
