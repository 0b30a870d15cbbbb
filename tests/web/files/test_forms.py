"""What is sent to an upload link without being the form that its page holds."""

from collections.abc import AsyncIterator

import anyio
import httpx2
import pytest

from .conftest import Kept, PassTime
from .visitor import GUESTS, OURS, Caller, Visitor

pytestmark = pytest.mark.anyio

BOUNDARY = "----a"
KIND = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def multipart(*parts: tuple[str, str]) -> bytes:
    """A form as a browser sends it: of each part what stands behind its name, and its content."""
    text = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{head}\r\n\r\n{body}\r\n' for head, body in parts
    )
    return f"{text}--{BOUNDARY}--\r\n".encode()


async def test_a_form_from_elsewhere_is_refused(ann: Caller, server: httpx2.AsyncClient, kept: Kept) -> None:
    link = await ann.upload_link()
    person = Visitor(server)
    csrf = await person.csrf(link)
    body = multipart(('csrf"', csrf), ('file"; filename="a.csv"', GUESTS.decode()))
    for headers in (
        {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ):
        answer = await person.browser.post(link, content=body, headers={**KIND, **headers})
        assert answer.status_code == 403
    assert (await Visitor(server).browser.post(link, content=body, headers={**KIND, **OURS})).status_code == 403
    for forged in (
        multipart(('csrf"', "0" * 64), ('file"; filename="a.csv"', "email\n")),
        multipart(('file"; filename="a.csv"', "email\n"), ('csrf"', csrf)),  # too late to be believed
    ):
        assert (await person.browser.post(link, content=forged, headers={**KIND, **OURS})).status_code == 403
    assert await kept() == (0, 0)
    assert (await person.browser.post(link, content=body, headers={**KIND, **OURS})).status_code == 303
    shown = await person.open(link)
    assert (await person.press(shown, "send", csrf="0" * 64)).status_code == 403
    assert (await Visitor(server).press(shown, "send")).status_code == 403


async def test_a_form_without_a_file_asks_for_one(ann: Caller, server: httpx2.AsyncClient) -> None:
    link = await ann.upload_link()
    person = Visitor(server)
    csrf = await person.csrf(link)
    body = multipart(('csrf"', csrf), ('file"; filename=""', ""))
    answer = await person.browser.post(link, content=body, headers={**KIND, **OURS})
    assert (answer.status_code, "Choose a file first." in answer.text) == (400, True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"email\nada@example.com\n",
        multipart(('csrf"', "x" * 2_000)),
        multipart(*[(f'{number}"', "") for number in range(50)]),
        multipart(('csrf"', "x")),
        multipart(('csrf"', "CSRF"), ('file"; filename="a.csv"', "email\n"))[:-8],
        f"--{BOUNDARY}\r\n{'X: y' * 5_000}\r\n\r\n".encode(),
        f"--{BOUNDARY}\r\n\r\nnameless\r\n--{BOUNDARY}--\r\n".encode(),
    ],
)
async def test_what_is_no_form_is_refused_and_leaves_nothing(
    ann: Caller, server: httpx2.AsyncClient, kept: Kept, body: bytes
) -> None:
    link = await ann.upload_link()
    person = Visitor(server)
    csrf = await person.csrf(link)
    answer = await person.browser.post(link, content=body.replace(b"CSRF", csrf.encode()), headers={**KIND, **OURS})
    assert answer.status_code == 400
    assert await kept() == (0, 0)
    await person.send(link)


@pytest.mark.parametrize("kind", ["text/csv", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 5_000])
async def test_another_kind_of_body_is_refused(ann: Caller, server: httpx2.AsyncClient, kind: str) -> None:
    answer = await server.post(await ann.upload_link(), content=b"email\n", headers={**OURS, "Content-Type": kind})
    assert answer.status_code == 400


async def test_an_upload_larger_than_50_mb_is_cut_off_when_that_shows(
    ann: Caller, server: httpx2.AsyncClient, kept: Kept
) -> None:
    link = await ann.upload_link()
    person = Visitor(server)
    csrf = await person.csrf(link)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield multipart(('csrf"', csrf), ('file"; filename="a.csv"', "email\n"))[:-9]
        while sent < 400 << 20:
            sent += 1 << 20
            yield b"x" * (1 << 20)

    answer = await person.browser.post(link, content=endless(), headers={**KIND, **OURS})
    assert answer.status_code == 413
    assert "more than 50 MB" in answer.text
    assert await kept() == (0, 0)
    await person.send(link)


async def test_a_file_that_takes_longer_than_its_link_is_good_is_dropped(
    ann: Caller, server: httpx2.AsyncClient, pass_time: PassTime, kept: Kept
) -> None:
    link = await ann.upload_link()
    person = Visitor(server)
    csrf = await person.csrf(link)
    await pass_time(898)

    async def slow() -> AsyncIterator[bytes]:
        yield multipart(('csrf"', csrf), ('file"; filename="a.csv"', "email\n"))[:-9]
        for _ in range(100):
            yield b"ada@example.com\n"
            await anyio.sleep(0.1)

    answer = await person.browser.post(link, content=slow(), headers={**KIND, **OURS})
    assert answer.status_code == 410
    assert await kept() == (0, 0)
