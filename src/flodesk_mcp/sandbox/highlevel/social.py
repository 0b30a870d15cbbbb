"""HighLevel's social planner: tags of posts, and seven days of numbers."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field
from starlette.responses import Response

from flodesk_mcp.sandbox.answers import Refused, created, ok
from flodesk_mcp.sandbox.highlevel.location import Asked, check_location
from flodesk_mcp.sandbox.operation import Form, Operation

__all__ = ["OPERATIONS"]


class DetailsForm(Form):
    """Which tags are meant."""

    tagIds: list[str]


class StatisticsForm(Form):
    """Which profiles are meant."""

    profileIds: Annotated[list[str], Field(min_length=1, max_length=100)]
    platforms: list[str] | None = None


def list_tags(call: Asked) -> Response:
    """List some tags of posts."""
    check_location(call, call.parameters["location_id"])
    wanted = call.query.get("searchText", "").casefold()
    found = [tag for tag in call.account.social_tags.values() if wanted in tag["tag"]]
    skip, limit = int(call.query.get("skip", "0")), int(call.query.get("limit", "10"))
    return ok(_answer({"tags": found[skip : skip + limit], "count": len(found)}))


def tag_details(call: Asked) -> Response:
    """Show the tags of these ids."""
    check_location(call, call.parameters["location_id"])
    wanted = call.form(DetailsForm).tagIds
    found = [call.account.social_tags[known] for known in wanted if known in call.account.social_tags]
    return created(_answer({"tags": found, "count": len(found)}))


def statistics(call: Asked) -> Response:
    """Show the last seven days of some profiles."""
    check_location(call, call.query.get("locationId", ""))
    try:
        form = call.form(StatisticsForm)
    except Refused as error:
        raise Refused(422, error.message) from error
    days = [(call.now - timedelta(days=back)).strftime("%Y-%m-%d") for back in range(6, -1, -1)]
    totals = {"posts": 4, "likes": 120, "followers": 3050, "impressions": 9100, "comments": 17}
    platforms = {name: {"posts": 4, "likes": 120} for name in form.platforms or ["instagram"]}
    results = {"dayRange": days, "totals": totals, "platformTotals": platforms, "breakdowns": {}, "demographics": {}}
    return created({"results": results, "message": "Fetched", "traceId": "trace"})


def _answer(results: dict[str, Any]) -> dict[str, Any]:
    return {"success": True, "statusCode": 200, "message": "Fetched", "results": results}


OPERATIONS = (
    Operation("GET", "/social-media-posting/{location_id}/tags", list_tags),
    Operation("POST", "/social-media-posting/{location_id}/tags/details", tag_details),
    Operation("POST", "/social-media-posting/statistics", statistics),
)
