"""The paths of files: the page that takes one, and its script."""

from collections.abc import Iterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flodesk_mcp.web.files.door import Door
from flodesk_mcp.web.files.links import FileLinks
from flodesk_mcp.web.files.upload_page import SCRIPT, UploadPage
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["file_routes"]


def file_routes(settings: HostedSettings, links: FileLinks) -> Iterator[Route]:
    """Return the paths on which people send files."""
    door = Door(settings, links)
    upload = UploadPage(door)
    yield Route("/upload", door.around(upload.show), methods=["GET"])
    yield Route("/upload", door.around(upload.answer), methods=["POST"])
    yield Route(SCRIPT, _script, methods=["GET"])


async def _script(_: Request) -> Response:
    text = (Path(__file__).parents[1] / "upload.js").read_text(encoding="utf-8")
    return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})
