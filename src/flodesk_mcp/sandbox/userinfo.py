"""Who granted an access token; asked below `/oauth2`, with such a token only."""

from starlette.responses import Response

from flodesk_mcp.sandbox.answers import ok, timestamp
from flodesk_mcp.sandbox.operation import Call, Operation


def get_userinfo(call: Call) -> Response:
    """Tell whose account it is."""
    profile = call.account.profile
    return ok(
        {
            "id": profile.id,
            "email": profile.email,
            "full_name": profile.full_name,
            "created_at": timestamp(profile.created_at),
            "profile_url": profile.profile_url,
        }
    )


OPERATIONS = (Operation("GET", "/oauth2/userinfo", get_userinfo),)
