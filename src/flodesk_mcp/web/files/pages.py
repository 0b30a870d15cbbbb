"""The paths of files: the page that takes one with its script, and the one that hands one out."""

from collections.abc import Iterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response

from flodesk_mcp.web.audiences import Audiences
from flodesk_mcp.web.files.door import Door
from flodesk_mcp.web.files.download_page import DownloadPage
from flodesk_mcp.web.files.links import FileLinks
from flodesk_mcp.web.files.upload_page import SCRIPT, UploadPage
from flodesk_mcp.web.middleware import BodyDeadline
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["file_routes"]


def file_routes(settings: HostedSettings, links: FileLinks, audiences: Audiences) -> Iterator[Route]:
    """Return the paths on which people send files and get them."""
    door = Door(settings, links)
    upload, download = UploadPage(door), DownloadPage(door, audiences)
    yield Route("/upload", door.around(upload.show), methods=["GET"])
    yield Route("/upload", door.around(upload.answer), methods=["POST"])
    yield Route(SCRIPT, _script, methods=["GET"])
    yield Route("/download", door.around(download.show), methods=["GET"])
    yield Route("/download", BodyDeadline(request_response(door.around(download.answer))), methods=["POST"])


async def _script(_: Request) -> Response:
    text = (Path(__file__).parents[1] / "upload.js").read_text(encoding="utf-8")
    return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})
