"""What the doctor says, for everything that can be wrong."""

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from deploy.programs import Redis, running
from flodesk_mcp.cli.commands import cli
from flodesk_mcp.sandbox import Fault
from flodesk_mcp.sandbox.flownurture import FLOWNURTURE_API_KEY
from flodesk_mcp.sandbox.highlevel import HIGHLEVEL_LOCATION_ID, HIGHLEVEL_TOKEN
from flodesk_mcp.store import new_key
from ports import free_port

from .conftest import Served

pytestmark = pytest.mark.usefixtures("environment")


@pytest.fixture
def untrusted(tmp_path: Path) -> Iterator[str]:
    """The address of a server whose certificate nobody signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    certificate = certificate.not_valid_before(datetime.now(UTC)).not_valid_after(datetime.now(UTC) + timedelta(days=1))
    pem = tmp_path / "both.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def shake_hands(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        thread = threading.Thread(target=shake_hands, args=(listening,))
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}/v1"
        thread.join(10)


def _doctor(**variables: str) -> Result:
    return CliRunner().invoke(cli, ["doctor"], env=variables)


def test_all_is_well(served: Served) -> None:
    examined = _doctor(**served.settings)
    assert examined.exit_code == 0
    assert "Flodesk accepts it; segments in the account: 12" in examined.output
    assert [(request.method, request.path, request.query) for request in served.sandbox.requests] == [
        ("GET", "/v1/segments", {"page": "1", "per_page": "1"})
    ]


def test_a_sandbox_needs_no_network() -> None:
    assert _doctor(FLODESK_SANDBOX="1", HTTPS_PROXY="http://127.0.0.1:1").exit_code == 0


@pytest.mark.parametrize("variable", ["FLODESK_API_KEY", "FLODESK_ACCESS_TOKEN"])
def test_a_refused_credential_names_its_variable(variable: str, served: Served) -> None:
    examined = _doctor(FLODESK_BASE_URL=served.settings["FLODESK_BASE_URL"], **{variable: "wrong"})
    assert examined.exit_code == 1
    assert "ok    Network" in examined.output
    assert "Flodesk refuses it (401)." in examined.output
    assert f"Check the setting {variable}" in examined.output


@pytest.mark.parametrize(
    ("fault", "check", "words"),
    [
        (Fault("status", status=403), "Credential", "Flodesk does not let it in (403)."),
        (Fault("status", status=429, retry_after=7), "Quota", "Try again in 7 seconds."),
        (Fault("html"), "Flodesk", "Flodesk answered 502."),
        (Fault("malformed"), "Network", "answers with something else than Flodesk's API does."),
        (Fault("status", status=302), "Network", "answers 302."),
        (Fault("drop_before"), "Network", "was lost before an answer came."),
        (Fault("hang"), "Network", "did not answer within 0.2 s."),
    ],
)
def test_trouble_at_flodesk_is_told_apart(fault: Fault, check: str, words: str, served: Served) -> None:
    served.sandbox.fail(fault)
    examined = _doctor(**served.settings, FLODESK_TIMEOUT_SECONDS="0.2")
    assert examined.exit_code == 1
    assert f"wrong {check}" in examined.output
    assert words in examined.output
    assert len(served.sandbox.requests) == 1


def test_a_wrong_address_is_not_taken_for_flodesk(served: Served) -> None:
    examined = _doctor(FLODESK_API_KEY="sandbox-key", FLODESK_BASE_URL=f"{served.address}/elsewhere")
    assert examined.exit_code == 1
    assert "answers 404." in examined.output
    assert "Check FLODESK_BASE_URL" in examined.output


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://flodesk.invalid/v1", "There is no address for flodesk.invalid (DNS)."),
        ("http://127.0.0.1:1/v1", "No connection to 127.0.0.1."),
    ],
)
def test_an_unreachable_address_says_why(address: str, words: str) -> None:
    examined = _doctor(FLODESK_API_KEY="k", FLODESK_BASE_URL=address)
    assert examined.exit_code == 1
    assert words in examined.output


def test_a_server_without_tls_says_so(served: Served) -> None:
    examined = _doctor(
        FLODESK_API_KEY="k", FLODESK_BASE_URL=served.settings["FLODESK_BASE_URL"].replace("http", "https")
    )
    assert examined.exit_code == 1
    assert "127.0.0.1 is reached, but does not speak TLS." in examined.output


def test_a_proxy_that_refuses_is_named_without_its_password(served: Served) -> None:
    host = served.address.removeprefix("http://")
    examined = _doctor(FLODESK_API_KEY="k", HTTPS_PROXY=f"http://user:pass-word@{host}")
    assert examined.exit_code == 1
    assert f"The proxy {host} refuses to connect to api.flodesk.com." in examined.output
    assert "pass-word" not in examined.output


def test_an_unreachable_proxy_is_named() -> None:
    examined = _doctor(FLODESK_API_KEY="k", ALL_PROXY="http://127.0.0.1:1")
    assert examined.exit_code == 1
    assert "No connection to the proxy 127.0.0.1:1." in examined.output


@pytest.mark.parametrize("variables", [{"HTTPS_PROXY": "gopher://127.0.0.1:1"}, {"SSL_CERT_FILE": "/no/such/file"}])
def test_unusable_network_settings_end_with_one_line(variables: dict[str, str]) -> None:
    examined = _doctor(FLODESK_API_KEY="k", **variables)
    assert examined.exit_code == 2
    assert "correct or unset them" in examined.stderr


def test_the_doctor_says_how_many_tools_are_on() -> None:
    assert "1 of " in _doctor(FLODESK_SANDBOX="1", FLODESK_TOOLS="list_all_flodesk_segments").output


def test_a_certificate_that_is_not_trusted_says_so(untrusted: str) -> None:
    examined = _doctor(FLODESK_API_KEY="k", FLODESK_BASE_URL=untrusted)
    assert examined.exit_code == 1
    assert "The certificate of 127.0.0.1 is not trusted." in examined.output
    assert "SSL_CERT_FILE" in examined.output


def test_the_redis_of_replicas_is_reached_and_named(served: Served, redis_server: Redis) -> None:
    examined = _doctor(**served.settings, FLODESK_REDIS_URL=redis_server.url, FLODESK_ENCRYPTION_KEYS=new_key())
    assert examined.exit_code == 0, examined.output
    assert re.search(r"ok +Redis +(Redis|Valkey) \d+\.\d+\.\d+ answers", examined.output)


def test_a_redis_that_forgets_what_it_has_no_room_for_is_noted(served: Served, tmp_path: Path, redis_url: str) -> None:
    evicting = Redis(tmp_path, free_port(), "maxmemory 100mb", "maxmemory-policy allkeys-lru")
    with running(evicting):
        examined = _doctor(**served.settings, FLODESK_REDIS_URL=evicting.url, FLODESK_ENCRYPTION_KEYS=new_key())
    assert examined.exit_code == 0, examined.output
    assert "Set its maxmemory-policy to noeviction." in examined.output


@pytest.mark.parametrize("trouble", ["not there", "another password"])
def test_a_redis_that_cannot_be_used_is_said_without_its_password(
    served: Served, tmp_path: Path, redis_url: str, trouble: str
) -> None:
    guarded = Redis(tmp_path, free_port(), password="right")
    with running(*([] if trouble == "not there" else [guarded])):
        url = guarded.url.replace("right", "p4ssw0rd")
        examined = _doctor(**served.settings, FLODESK_REDIS_URL=url, FLODESK_ENCRYPTION_KEYS=new_key())
    assert examined.exit_code == 1
    assert "Check FLODESK_REDIS_URL" in examined.output
    assert "p4ssw0rd" not in examined.output


def test_other_providers_are_named_and_their_credentials_tried(served: Served) -> None:
    examined = _doctor(**served.settings, **others_at(served))
    assert examined.exit_code == 0, examined.output
    assert "FlowNurture accepts the setting FLOWNURTURE_API_KEY" in examined.output
    assert "HighLevel accepts the setting HIGHLEVEL_TOKEN" in examined.output
    for there in (served.sandbox.flownurture, served.sandbox.highlevel):
        assert {sent.status for sent in there.requests} == {200}


def test_a_provider_that_is_not_set_up_is_not_asked(served: Served) -> None:
    examined = _doctor(**served.settings)
    assert "FlowNurture" not in examined.output
    assert not served.sandbox.flownurture.requests


@pytest.mark.parametrize(
    ("changed", "told", "remedy"),
    [
        ({"FLOWNURTURE_API_KEY": "fn_wrong"}, "FlowNurture refuses the credential (401)", "FLOWNURTURE_API_KEY"),
        ({"HIGHLEVEL_TOKEN": "pit-wrong"}, "HighLevel refuses the credential (401)", "HIGHLEVEL_TOKEN"),
        ({"HIGHLEVEL_LOCATION_ID": "elsewhere"}, "HighLevel does not let it in (403)", "HIGHLEVEL_LOCATION_ID"),
        ({"FLOWNURTURE_BASE_URL": "http://127.0.0.1:1"}, "No connection to 127.0.0.1", "Try again"),
    ],
)
def test_a_provider_that_does_not_let_us_in_is_wrong_and_the_others_are_tried_all_the_same(
    served: Served, changed: dict[str, str], told: str, remedy: str
) -> None:
    examined = _doctor(**served.settings, **others_at(served) | changed)
    assert examined.exit_code == 1
    assert "Flodesk accepts it" in examined.output
    assert told in examined.output
    assert remedy in examined.output.partition("What to do")[2]
    assert len(re.findall("^ok +(FlowNurture|HighLevel) ", examined.output, re.MULTILINE)) == 1
    assert "wrong " in examined.output
    assert "fn_wrong" not in examined.output
    assert "pit-wrong" not in examined.output


def others_at(served: Served) -> dict[str, str]:
    return {
        "FLOWNURTURE_API_KEY": FLOWNURTURE_API_KEY,
        "FLOWNURTURE_BASE_URL": f"{served.address}/flownurture/api/v1",
        "HIGHLEVEL_TOKEN": HIGHLEVEL_TOKEN,
        "HIGHLEVEL_LOCATION_ID": HIGHLEVEL_LOCATION_ID,
        "HIGHLEVEL_BASE_URL": f"{served.address}/highlevel",
    }
