"""Which addresses look mistyped, and, just as much, which do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flodesk_mcp.audience.addresses import mailbox, mistake, same_person

MISTYPED = {
    "gmail.com": "gmial.com gamil.com gnail.com gmai.com gmail.co gmail.con gmail.cm gmaill.com gmial.con",
    "hotmail.com": "hotmial.com hotmal.com ohtmail.com hotmail.cmo htmail.com hotmali.co",
    "outlook.com": "outlok.com outloook.com outlook.con",
    "yahoo.com": "yaho.com yahooo.com yhaoo.com yahoo.comm",
    "icloud.com": "iclod.com icoud.com icloud.vom",
    "yahoo.co.uk": "yaho.co.uk yahoo.couk",
    "aol.com": "aol.con aol.co",
    "t-online.de": "t-onlin.de",
}

GENUINE = """
    " gmail.com googlemail.com hotmail.com hotmail.co.uk hotmail.fr outlook.com outlook.de live.com msn.com
    yahoo.com yahoo.co.uk yahoo.co.jp yahoo.com.mx yahoo.in icloud.com me.com mac.com aol.com proton.me
    protonmail.com pm.me protonmail.ch ymail.com rocketmail.com mail.com email.com gmx.de gmx.net gmx.at gmx.ch
    gmx.com web.de t-online.de online.de freenet.de free.fr orange.fr sfr.fr laposte.net wanadoo.fr mail.ru
    yandex.ru qq.com 163.com fastmail.fm fastmail.com zoho.com hey.com tutanota.com hushmail.com comcast.net
    verizon.net att.net bt.com sky.com btinternet.com shaw.ca rogers.com bigpond.com libero.it tiscali.it posteo.de
    cloud.com grail.com gomail.com hotelmail.com oranges.fr outbook.com love.com olive.com example.com studio.co
    bakery.co.uk example localhost
"""


@pytest.mark.parametrize(
    ("domain", "meant"), [(domain, meant) for meant, domains in MISTYPED.items() for domain in domains.split()]
)
def test_a_mistyped_domain_is_known_with_what_was_meant(domain: str, meant: str) -> None:
    assert mistake(domain) == (domain, meant)


@pytest.mark.parametrize(
    ("domain", "wrong", "right"),
    [
        ("studio.con", "*.con", "*.com"),
        ("mail.studio.con", "*.con", "*.com"),
        ("bakery.nett", "*.nett", "*.net"),
        ("studio.con.au", "*.con.au", "*.com.au"),
    ],
)
def test_of_a_domain_of_somebodys_own_only_the_ending_is_named(domain: str, wrong: str, right: str) -> None:
    assert mistake(domain) == (wrong, right)


@pytest.mark.parametrize("domain", GENUINE.split())
def test_a_genuine_domain_is_left_alone_however_near_to_a_greater_one(domain: str) -> None:
    assert mistake(domain) is None


@given(st.text("agilmocnuk.", max_size=14))
def test_what_was_meant_is_not_mistyped_itself(domain: str) -> None:
    found = mistake(domain)
    assert found is None or mistake(found[1]) is None


@pytest.mark.parametrize(
    "address",
    ["ab@gmail.com", "a.b@gmail.com", "ab+shop@gmail.com", "a.b+x.y@googlemail.com"],
)
def test_dots_and_labels_do_not_make_another_mailbox_at_gmail(address: str) -> None:
    assert mailbox(address) == "ab@gmail.com"


def test_elsewhere_dots_count_and_labels_do_not() -> None:
    assert mailbox("a.b+shop@example.com") == "a.b@example.com" != mailbox("ab@example.com")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna.smith@work.example", "Anna.Smith@home.example"),
        ("anna.smith@gmail.com", "ana.smith@gmial.com"),
        ("katherine@example.com", "kahterin@example.com"),
    ],
)
def test_two_people_of_one_name_with_nearly_one_address_may_be_one(one: str, other: str) -> None:
    assert same_person(one, other)
    assert same_person(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna1984@example.com", "anna1991@example.com"),
        ("anna.smith@example.com", "a.smith@example.org"),
        ("anna.smith@example.com", "asmith@example.com"),
        ("al@example.com", "jo@example.com"),
    ],
)
def test_two_people_of_one_name_with_addresses_of_their_own_are_two(one: str, other: str) -> None:
    assert not same_person(one, other)
