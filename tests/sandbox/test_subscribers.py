from typing import Any

import httpx2
import pytest

from flodesk_mcp.sandbox import Account

pytestmark = pytest.mark.anyio


async def upsert(client: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/subscribers", json=fields)
    assert answer.status_code == 200, answer.text
    person: dict[str, Any] = answer.json()
    return person


async def test_a_new_subscriber_is_active_and_comes_from_an_integration(client: httpx2.AsyncClient) -> None:
    person = await upsert(client, email="Jane@example.com", first_name="Jane", last_name="Doe")
    assert person == {
        "id": person["id"],
        "status": "active",
        "email": "Jane@example.com",
        "source": "integration",
        "first_name": "Jane",
        "last_name": "Doe",
        "segments": [],
        "custom_fields": {},
        "optin_ip": None,
        "optin_timestamp": None,
        "created_at": "2026-09-15T10:30:00.000005Z",
    }
    assert (await client.get(f"/subscribers/{person['id']}")).json() == person


async def test_the_second_upsert_of_an_email_changes_the_first_whatever_its_case(
    client: httpx2.AsyncClient, account: Account
) -> None:
    first = await upsert(client, email="jane@example.com", first_name="Jane")
    second = await upsert(client, email="JANE@Example.com", last_name="Doe")
    assert second == {**first, "last_name": "Doe"}
    assert len(account.subscribers) == 421


async def test_an_upsert_by_id_changes_a_known_subscriber(client: httpx2.AsyncClient, account: Account) -> None:
    person_id = next(iter(account.subscribers))
    assert (await upsert(client, id=person_id, first_name="Renamed"))["id"] == person_id
    assert account.subscribers[person_id].first_name == "Renamed"


async def test_an_upsert_by_an_unknown_id_is_a_404(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/subscribers", json={"id": "0" * 24})).status_code == 404


async def test_segments_of_an_upsert_are_only_added(client: httpx2.AsyncClient, account: Account) -> None:
    one, two, *_ = account.segments
    await upsert(client, email="jane@example.com", segment_ids=[one])
    person = await upsert(client, email="jane@example.com", segment_ids=[two, one])
    assert person["segments"] == [
        {"id": one, "name": account.segments[one].name},
        {"id": two, "name": account.segments[two].name},
    ]


async def test_an_unknown_segment_fails_an_upsert_and_nothing_is_created(
    client: httpx2.AsyncClient, account: Account
) -> None:
    answer = await client.post("/subscribers", json={"email": "jane@example.com", "segment_ids": ["nope"]})
    assert answer.status_code == 400
    assert account.find_subscriber("jane@example.com") is None


async def test_nobody_is_in_more_than_fifty_segments(client: httpx2.AsyncClient, account: Account) -> None:
    answers = [await client.post("/segments", json={"name": "S", "color": account.palette[0]}) for _ in range(51)]
    ids = [answer.json()["id"] for answer in answers]
    await upsert(client, email="jane@example.com", segment_ids=ids[:50])
    one_more = await client.post("/subscribers/jane@example.com/segments", json={"segment_ids": ids[50:]})
    all_at_once = await client.post("/subscribers", json={"email": "joe@example.com", "segment_ids": ids})
    assert (one_more.status_code, all_at_once.status_code) == (400, 400)


async def test_double_optin_makes_a_new_subscriber_unconfirmed(client: httpx2.AsyncClient) -> None:
    assert (await upsert(client, email="jane@example.com", double_optin=True))["status"] == "unconfirmed"


async def test_double_optin_does_not_matter_to_a_known_subscriber(client: httpx2.AsyncClient) -> None:
    await upsert(client, email="jane@example.com")
    assert (await upsert(client, email="jane@example.com", double_optin=True))["status"] == "active"


async def test_the_optin_is_kept(client: httpx2.AsyncClient) -> None:
    optin = {"optin_ip": "192.0.2.7", "optin_timestamp": "2026-09-01T12:00:00Z"}
    assert (await upsert(client, email="jane@example.com", **optin)).items() >= optin.items()


@pytest.mark.parametrize("status", ["unsubscribed", "archived", "bounced", "unconfirmed"])
async def test_an_upsert_leaves_every_status_as_it_is(
    client: httpx2.AsyncClient, account: Account, status: str
) -> None:
    person = next(person for person in account.subscribers.values() if person.status == status)
    assert (await upsert(client, email=person.email, first_name="Back"))["status"] == status


async def test_custom_fields_are_merged_and_unknown_keys_vanish(client: httpx2.AsyncClient) -> None:
    await upsert(client, email="jane@example.com", custom_fields={"venue": "Barn", "birthday": "1990-01-02"})
    person = await upsert(client, email="jane@example.com", custom_fields={"venue": "Hall", "shoeSize": "40"})
    assert person["custom_fields"] == {"venue": "Hall", "birthday": "1990-01-02"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": None},
        {"email": "no-address"},
        {"email": "two words@example.com"},
        {"email": "jane@nowhere"},
        {"email": 5},
        {"email": "jane@example.com", "first_name": 5},
        {"email": "jane@example.com", "double_optin": "yes"},
        {"email": "jane@example.com", "segment_ids": "one"},
        {"email": "jane@example.com", "custom_fields": {"venue": "x" * 257}},
        {"email": "jane@example.com", "custom_fields": {"venue": 5}},
        {"email": "jane@example.com", "custom_fields": {"venue": None}},
        {"email": "jane@example.com", "custom_fields": ["venue"]},
    ],
)
async def test_an_upsert_that_makes_no_sense_is_a_400(client: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    answer = await client.post("/subscribers", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_a_custom_field_holds_256_characters(client: httpx2.AsyncClient) -> None:
    person = await upsert(client, email="jane@example.com", custom_fields={"venue": "x" * 256})
    assert len(person["custom_fields"]["venue"]) == 256


async def test_the_list_counts_every_status_and_begins_with_the_newest(client: httpx2.AsyncClient) -> None:
    newest = await upsert(client, email="jane@example.com")
    listed = (await client.get("/subscribers")).json()
    assert listed["meta"] == {"page": 1, "per_page": 20, "total_items": 421, "total_pages": 22}
    assert listed["data"][0] == newest
    moments = [person["created_at"] for person in listed["data"]]
    assert moments == sorted(moments, reverse=True)


async def test_the_pages_of_the_list_hold_everybody_once(client: httpx2.AsyncClient, account: Account) -> None:
    pages = [
        (await client.get("/subscribers", params={"page": page, "per_page": 100})).json()["data"]
        for page in range(1, 7)
    ]
    assert [len(page) for page in pages] == [100, 100, 100, 100, 20, 0]
    assert {person["id"] for page in pages for person in page} == set(account.subscribers)


async def test_the_list_is_filtered_by_status_and_segment(client: httpx2.AsyncClient, account: Account) -> None:
    segment_id = next(iter(account.segments))
    listed = await client.get("/subscribers", params={"status": "unsubscribed", "segment_id": segment_id})
    expected = sum(
        person.status == "unsubscribed" and segment_id in person.segment_ids for person in account.subscribers.values()
    )
    assert listed.json()["meta"]["total_items"] == expected > 0


async def test_an_unknown_status_is_a_400(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/subscribers", params={"status": "asleep"})).status_code == 400


async def test_segments_are_added_to_a_known_subscriber_only(client: httpx2.AsyncClient, account: Account) -> None:
    segment_id = next(iter(account.segments))
    await upsert(client, email="jane@example.com")
    added = await client.post("/subscribers/jane@example.com/segments", json={"segment_ids": [segment_id]})
    unknown = await client.post("/subscribers/joe@example.com/segments", json={"segment_ids": [segment_id]})
    assert [segment["id"] for segment in added.json()["segments"]] == [segment_id]
    assert unknown.status_code == 404


@pytest.mark.parametrize("body", [{}, {"segment_ids": []}, {"segment_ids": ["nope"]}])
async def test_adding_no_or_unknown_segments_is_a_400(client: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    await upsert(client, email="jane@example.com")
    assert (await client.post("/subscribers/jane@example.com/segments", json=body)).status_code == 400


async def test_segments_are_removed_by_a_body_and_unknown_ones_do_not_matter(
    client: httpx2.AsyncClient, account: Account
) -> None:
    one, two, *_ = account.segments
    await upsert(client, email="jane@example.com", segment_ids=[one, two])
    removed = await client.request(
        "DELETE", "/subscribers/jane@example.com/segments", json={"segment_ids": [one, "nope"]}
    )
    assert [segment["id"] for segment in removed.json()["segments"]] == [two]


async def test_removing_segments_from_an_unknown_subscriber_is_a_404(client: httpx2.AsyncClient) -> None:
    answer = await client.request("DELETE", "/subscribers/joe@example.com/segments", json={"segment_ids": ["x"]})
    assert answer.status_code == 404


async def test_who_unsubscribed_cannot_be_brought_back(client: httpx2.AsyncClient) -> None:
    await upsert(client, email="jane@example.com")
    for _ in range(2):
        gone = await client.post("/subscribers/jane@example.com/unsubscribe")
        assert (gone.status_code, gone.json()["status"]) == (200, "unsubscribed")
    assert (await upsert(client, email="jane@example.com"))["status"] == "unsubscribed"


async def test_unsubscribing_somebody_unknown_is_a_404(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/subscribers/joe@example.com/unsubscribe")).status_code == 404


async def test_a_batch_reports_each_row_that_failed(client: httpx2.AsyncClient, account: Account) -> None:
    rows = [
        {"email": "jane@example.com"},
        {"email": "no-address"},
        {"id": "0" * 24},
        "jim@example.com",
        {"email": "joe@example.com"},
    ]
    answer = await client.post("/subscribers/batch", json={"subscribers": rows})
    assert answer.status_code == 200
    successes, failures = answer.json()["successes"], answer.json()["failures"]
    assert [person["email"] for person in successes] == ["jane@example.com", "joe@example.com"]
    assert [(failure["index"], failure["email"], failure["id"], failure["code"]) for failure in failures] == [
        (1, "no-address", None, "bad_request"),
        (2, None, "0" * 24, "not_found"),
        (3, None, None, "bad_request"),
    ]
    assert all(failure["message"] for failure in failures)
    assert len(account.subscribers) == 422


@pytest.mark.parametrize("rows", [0, 51])
async def test_a_batch_holds_one_to_fifty_rows(client: httpx2.AsyncClient, account: Account, rows: int) -> None:
    people = [{"email": f"guest{number}@example.com"} for number in range(rows)]
    assert (await client.post("/subscribers/batch", json={"subscribers": people})).status_code == 400
    assert len(account.subscribers) == 420
