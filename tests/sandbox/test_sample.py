import re
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import flodesk_mcp.sandbox
from flodesk_mcp.sandbox import Account, sample_account
from sample.builder import invented_account
from sample.rows import written


def content(account: Account) -> dict[str, object]:
    return asdict(account)


def test_the_sample_is_always_the_same_and_always_fresh() -> None:
    first, second = sample_account(), sample_account()
    assert content(first) == content(second)
    first.subscribers.popitem()
    first.workflows.popitem()
    first.custom_fields["birthday"].label = "Changed"
    assert content(second) == content(sample_account())


def test_what_is_shipped_is_what_the_builder_invents() -> None:
    built = invented_account()
    assert content(sample_account()) == content(built)
    shipped = Path(flodesk_mcp.sandbox.__file__).with_name("sample.json").read_text(encoding="utf-8")
    assert shipped == written(built), "run `make sample`"


def test_the_first_and_the_last_subscriber_are_known_by_name() -> None:
    first, *_, last = sample_account().subscribers.values()
    assert (first.id, first.email) == ("8dd542b98fe361a3503b278d", "h.jankowska@example.com")
    assert (last.id, last.email) == ("b7276d540c630697d9d8226d", "p.winterbourne@example.com")


def test_people_come_in_every_status_and_from_every_source() -> None:
    people = sample_account().subscribers.values()
    assert Counter(person.status for person in people) == {
        "active": 357,
        "unsubscribed": 28,
        "unconfirmed": 12,
        "bounced": 10,
        "cleaned": 6,
        "archived": 4,
        "complained": 3,
    }
    assert {person.source for person in people} == {"manual", "csv", "form_optin", "integration", "checkout"}


def test_addresses_are_unique_and_nobodys() -> None:
    emails = [person.email for person in sample_account().subscribers.values()]
    assert len({email.casefold() for email in emails}) == 420
    assert {email.partition("@")[2] for email in emails} == {"example.com", "example.org", "example.net"}
    assert any("+" in email for email in emails)
    assert any("'" in email for email in emails)


def test_people_joined_over_three_years_and_some_have_no_or_foreign_names() -> None:
    people = list(sample_account().subscribers.values())
    moments = [person.created_at for person in people]
    assert moments == sorted(moments)
    assert (moments[-1] - moments[0]).days > 1000
    assert any(not person.first_name for person in people)
    assert any(not person.first_name.isascii() for person in people)


def test_custom_fields_have_values_on_a_share_of_the_people() -> None:
    account = sample_account()
    told = Counter(key for person in account.subscribers.values() for key in person.custom_fields)
    assert set(told) == set(account.custom_fields)
    assert max(told.values()) < 210


def test_segments_are_of_both_types_in_colors_of_the_palette() -> None:
    account = sample_account()
    assert {segment.segment_type for segment in account.segments.values()} == {"static", "dynamic"}
    assert {segment.color for segment in account.segments.values()} <= set(account.palette)
    assert all(account.active_subscribers(segment_id) for segment_id in account.segments)


def test_workflows_are_of_every_kind() -> None:
    workflows = sample_account().workflows.values()
    assert {workflow.status for workflow in workflows} == {"active", "paused", "draft"}
    assert sum(workflow.abandoned_cart for workflow in workflows) == 1
    assert any(workflow.allow_repeat for workflow in workflows)


def test_ids_are_24_hex_digits_and_unique() -> None:
    account = sample_account()
    ids = [
        *account.subscribers,
        *account.segments,
        *account.workflows,
        *account.webhooks,
        *account.campaigns,
    ]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[0-9a-f]{24}", some_id) for some_id in ids)


def test_the_sample_is_made_in_no_time() -> None:
    begun = time.process_time()
    sample_account()
    assert time.process_time() - begun < 0.1
