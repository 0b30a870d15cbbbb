"""Files at a real process: what breaks off, what is too large, and what it costs in memory."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.store import MOST_UPLOAD_BYTES, new_key

from ..calls import ANN, account_of, call, result_of
from ..serving import Served, serve, serve_in_thread
from ..sign_in.person import Page
from .test_forms import BOUNDARY, KIND, multipart
from .visitor import OURS

BODY_BEGIN = 'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nemail,name\r\n'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("files")
    with (
        serve_in_thread(Sandbox(accounts={"key-ann": account_of("ann")}).app) as flodesk,
        serve(
            folder / "log",
            FLODESK_AUTH="headers",
            FLODESK_TOOLSETS="all",
            FLODESK_BASE_URL=f"{flodesk}/v1",
            FLODESK_DATA_DIR=str(folder / "data"),
            FLODESK_ENCRYPTION_KEYS=new_key(),
        ) as running,
    ):
        yield running


@pytest.fixture
def person(served: Served) -> Iterator[Callable[[str], "Person"]]:
    """Make persons, each with a link for a file of that name."""
    with ExitStack() as closing:

        def make(file: str) -> Person:
            made = Person(served, file)
            closing.callback(made.browser.close)
            return made

        yield make


class Person:
    """A person in front of a browser, with a link."""

    def __init__(self, served: Served, file: str) -> None:
        headers = {**ANN, "Accept": "application/json, text/event-stream"}
        self.browser = httpx2.Client(base_url=served.url, headers=headers, timeout=60)
        answer = self.browser.post("/mcp", json=call("plan_flodesk_import", file=file))
        self.link: str = result_of(answer)["structuredContent"]["upload_url"]
        page = self.browser.get(self.link)
        self.csrf = dict(Page(page.text).forms[0].fields)["csrf"]
        self.cookie = "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())

    def head(self, length: int, **headers: str) -> bytes:
        """The head of a request with the form."""
        given = {"Host": self.browser.base_url.netloc.decode(), "Cookie": self.cookie, **KIND, **OURS, **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        path = self.link[self.link.index("/upload") :]
        return f"POST {path} HTTP/1.1\r\n{lines}Content-Length: {length}\r\n\r\n".encode()


Persons = Callable[[str], Person]


def kept(served: Served) -> list[Path]:
    return list((served.log.parent / "data").glob("*-uploads/*"))


def test_what_breaks_off_leaves_nothing_and_the_link_goes_on(served: Served, person: Persons) -> None:
    ann = person("broken")
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(ann.head(20 << 20) + multipart(('csrf"', ann.csrf))[: -len(f"{BOUNDARY}--\r\n") - 2])
        connection.sendall(f"--{BOUNDARY}\r\n{BODY_BEGIN}".encode() + b"ada@example.com,Ada\r\n" * 100_000)
        deadline = time.monotonic() + 10
        while not kept(served) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert kept(served)
    deadline = time.monotonic() + 10
    while kept(served) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not kept(served)
    body = multipart(('csrf"', ann.csrf), ('file"; filename="a.csv"', "email\nada@example.com\n"))
    assert ann.browser.post(ann.link, content=body, headers={**KIND, **OURS}).status_code == 303


@pytest.mark.parametrize("headers", [{}, {"Expect": "100-continue"}], ids=["at once", "after asking"])
def test_what_says_that_it_is_too_large_is_refused_before_it_comes(
    served: Served, person: Persons, headers: dict[str, str]
) -> None:
    ann, before = person("large"), kept(served)
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        connection.sendall(ann.head(MOST_UPLOAD_BYTES + (1 << 20), **headers))
        answer = connection.recv(1 << 16)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert kept(served) == before


def _most_memory(served: Served) -> int:
    """Return the most memory that the process ever had, in MB."""
    status = Path(f"/proc/{served.process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) >> 10


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells how much memory a process had")
def test_the_memory_of_the_server_does_not_grow_with_files(served: Served, person: Persons) -> None:
    small, large = person("small"), person("whole")
    begin = multipart(('csrf"', small.csrf))[: -len(f"{BOUNDARY}--\r\n") - 2].replace(small.csrf.encode(), b"%(csrf)s")
    line = b"somebody-or-other@example.com,Somebody or other with a long name\r\n"

    def send(sender: Person, lines: int) -> None:
        body = begin % {b"csrf": sender.csrf.encode()} + f"--{BOUNDARY}\r\n{BODY_BEGIN}".encode()
        end = f"\r\n--{BOUNDARY}--\r\n".encode()

        def content() -> Iterator[bytes]:
            yield body
            for _ in range(lines // 1_000):
                yield line * 1_000
            yield end

        answer = sender.browser.post(sender.link, content=content(), headers={**KIND, **OURS})
        assert answer.status_code == 303, answer.text

    send(small, 1_000)
    before = _most_memory(served)
    send(large, (49 << 20) // len(line))
    assert max(path.stat().st_size for path in kept(served)) > 48 << 20
    assert _most_memory(served) - before <= 12
