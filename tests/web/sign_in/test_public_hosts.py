"""What is read of the web for strangers, who choose the address, comes from outside of every network."""

import httpx2
import pytest

from flodesk_mcp.web.auth.sign_in.documents import Documents, NotReached
from flodesk_mcp.web.auth.sign_in.public_hosts import PublicHosts, is_public

from .published import AGENT

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a9fe:a9fe",
        "nonsense",
    ],
)
def test_an_address_inside_of_a_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_an_address_that_all_can_reach_is(address: str) -> None:
    assert is_public(address)


class Reached(httpx2.AsyncBaseTransport):
    """Remembers where requests went."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return httpx2.Response(200, json={"client_id": "x"})


async def test_the_address_that_was_checked_is_the_one_that_is_reached() -> None:
    answers = [["93.184.215.14", "93.184.215.15"], ["127.0.0.1"]]  # a name that changes what it means
    reached = Reached()

    async def resolve(host: str, port: int) -> list[str]:
        return answers.pop(0)

    async with httpx2.AsyncClient(transport=PublicHosts(reached, resolve)) as http:
        await http.get("https://agent.example.com/client.json")
    (request,) = reached.requests
    assert request.url.host == "93.184.215.14"
    assert request.headers["Host"] == "agent.example.com"
    assert request.extensions["sni_hostname"] == "agent.example.com"  # whose certificate is asked for


@pytest.mark.parametrize("found", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], []])
async def test_a_name_that_leads_inside_is_not_followed(found: list[str]) -> None:
    reached = Reached()

    async def resolve(host: str, port: int) -> list[str]:
        return found

    web = Documents(PublicHosts(reached, resolve))
    with pytest.raises(NotReached):
        await web.read(AGENT)
    assert reached.requests == []
    await web.aclose()


async def test_a_name_that_means_nothing_leads_nowhere() -> None:
    web = Documents(PublicHosts())
    with pytest.raises(NotReached):
        await web.read("https://nobody.invalid/client.json")
    with pytest.raises(NotReached):
        await web.read("https://localhost/client.json")
    await web.aclose()
