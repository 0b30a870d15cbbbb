"""A Flodesk with as many people as the command line says, whose pages cost it next to nothing. Prints its address."""

import socket
import sys
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from pydantic_core import to_json

SEGMENTS = [{"id": f"{number:024x}", "name": f"Segment {number}"} for number in range(12)]
FIELDS = [{"key": f"field{number}", "label": f"Field {number}"} for number in range(4)]
STATUSES = ("active",) * 8 + ("unsubscribed", "bounced")


def person(number: int) -> dict[str, Any]:
    """Return the person of that number; the higher, the older."""
    seconds = 10**9 - number
    hours, minute, second = seconds // 3600, seconds // 60 % 60, seconds % 60
    return {
        "id": f"{number:024x}",
        "status": STATUSES[number % 10],
        "email": f"person.{number}@example.com",
        "source": "form_optin",
        "first_name": f"Given{number % 977}",
        "last_name": f"Family{number % 1999}",
        "segments": [SEGMENTS[number % 12], SEGMENTS[number % 11]][: number % 3],
        "custom_fields": {f"field{key}": f"value {number % (key + 7)}" for key in range(number % 5)},
        "optin_ip": None,
        "optin_timestamp": None,
        "created_at": f"{1990 + hours // 8064}-{hours // 672 % 12 + 1:02}-{hours // 24 % 28 + 1:02}"
        f"T{hours % 24:02}:{minute:02}:{second:02}.000000Z",
    }


class Pages:
    """An ASGI application that answers what reading an account asks for."""

    def __init__(self, people: int, newest: int = 0) -> None:
        numbers = range(newest, people)
        everybody = [to_json(person(number)) for number in numbers]
        self._people: dict[str | None, list[bytes]] = {None: everybody} | {
            status: [one for number, one in zip(numbers, everybody, strict=True) if STATUSES[number % 10] == status]
            for status in STATUSES
        }
        self.requests = 0

    def _page(self, query: dict[str, list[str]]) -> bytes:
        page, size = int(query.get("page", ["1"])[0]), int(query.get("per_page", ["20"])[0])
        people = self._people.get(next(iter(query.get("status", [])), None), [])
        number = len(people)
        meta = {"page": page, "per_page": size, "total_pages": -(-number // size), "total_items": number}
        rows = b",".join(people[(page - 1) * size : page * size])
        return b'{"meta":' + to_json(meta) + b',"data":[' + rows + b"]}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request. One for /requests is told how many others there were."""
        counts = scope["path"].endswith("/requests")
        self.requests += not counts
        if counts:
            body = to_json(self.requests)
        elif scope["path"].endswith("/custom-fields/all"):
            body = to_json(FIELDS)
        elif scope["path"].endswith("/segments"):
            meta = {"page": 1, "per_page": 100, "total_pages": 1, "total_items": len(SEGMENTS)}
            body = to_json({"meta": meta, "data": SEGMENTS})
        else:
            body = self._page(parse_qs(scope["query_string"].decode()))
        head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    pages = Pages(int(sys.argv[1]))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", flush=True)
        config = uvicorn.Config(pages, log_level="error", access_log=False, lifespan="off")
        uvicorn.Server(config).run(sockets=[listening])
