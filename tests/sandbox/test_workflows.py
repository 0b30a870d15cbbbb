from typing import Any

import httpx2
import pytest

from flodesk_mcp.sandbox import Account

pytestmark = pytest.mark.anyio


@pytest.fixture
def newcomer(account: Account) -> str:
    """The e-mail of somebody who never was in any workflow."""
    known = {person_id for _, person_id in account.enrollments}
    return next(person.email for person in account.subscribers.values() if person.id not in known)


def workflow_id(account: Account, name: str) -> str:
    return next(known.id for known in account.workflows.values() if known.name == name)


async def test_the_list_is_ten_to_a_page_and_only_per_page_in_camel_case_counts(
    client: httpx2.AsyncClient,
) -> None:
    plain = (await client.get("/workflows", params={"per_page": 3})).json()
    three = (await client.get("/workflows", params={"perPage": 3, "page": 4})).json()
    assert (len(plain["data"]), plain["meta"]["per_page"], plain["meta"]["total_items"]) == (10, 10, 12)
    assert three["meta"] == {"page": 4, "per_page": 3, "total_items": 12, "total_pages": 4}
    assert set(three["data"][0]) == {"id", "name"}


async def test_statuses_are_separated_by_commas(client: httpx2.AsyncClient) -> None:
    listed = (await client.get("/workflows", params={"statuses": "paused,draft"})).json()
    assert [workflow["name"] for workflow in listed["data"]] == [
        "Spring pre-order",
        "Win back quiet readers",
        "Winter plant care",
        "Workshop feedback",
    ]


@pytest.mark.parametrize("query", [{"statuses": "asleep"}, {"perPage": 101}])
async def test_a_list_that_makes_no_sense_is_a_400(client: httpx2.AsyncClient, query: dict[str, Any]) -> None:
    assert (await client.get("/workflows", params=query)).status_code == 400


@pytest.mark.parametrize("name", ["Welcome to the studio", "Spring pre-order"])
async def test_active_and_paused_workflows_take_people(
    client: httpx2.AsyncClient, account: Account, newcomer: str, name: str
) -> None:
    workflow = workflow_id(account, name)
    answer = await client.post(f"/workflows/{workflow}/subscribers", json={"email": newcomer})
    person = account.find_subscriber(newcomer)
    assert (answer.status_code, answer.content) == (204, b"")
    assert person is not None
    assert account.enrollments[workflow, person.id] == "active"


@pytest.mark.parametrize("name", ["Winter plant care", "Basket left behind"])
async def test_drafts_and_abandoned_cart_workflows_refuse_everybody(
    client: httpx2.AsyncClient, account: Account, newcomer: str, name: str
) -> None:
    path = f"/workflows/{workflow_id(account, name)}/subscribers"
    assert (await client.post(path, json={"email": newcomer})).status_code == 400


@pytest.mark.parametrize("name", ["Welcome to the studio", "Birthday posy"])
async def test_nobody_is_enrolled_who_is_active_in_it(
    client: httpx2.AsyncClient, account: Account, newcomer: str, name: str
) -> None:
    path = f"/workflows/{workflow_id(account, name)}/subscribers"
    answers = [await client.post(path, json={"email": newcomer}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 400]


@pytest.mark.parametrize(("name", "status"), [("Welcome to the studio", 400), ("Birthday posy", 204)])
async def test_who_left_comes_back_only_if_the_workflow_allows_repeats(
    client: httpx2.AsyncClient, account: Account, newcomer: str, name: str, status: int
) -> None:
    path = f"/workflows/{workflow_id(account, name)}/subscribers"
    await client.post(path, json={"email": newcomer})
    await client.delete(f"{path}/{newcomer}")
    assert (await client.post(path, json={"email": newcomer})).status_code == status


async def test_enrolling_needs_somebody_who_is_known(client: httpx2.AsyncClient, account: Account) -> None:
    path = f"/workflows/{next(iter(account.workflows))}/subscribers"
    unknown = await client.post(path, json={"id": "0" * 24})
    nobody = await client.post(path, json={})
    assert (unknown.status_code, nobody.status_code) == (404, 400)


async def test_enrolling_needs_a_workflow_that_is_known(client: httpx2.AsyncClient, newcomer: str) -> None:
    assert (await client.post("/workflows/nope/subscribers", json={"email": newcomer})).status_code == 404


async def test_removing_twice_is_the_same_as_once(client: httpx2.AsyncClient, account: Account, newcomer: str) -> None:
    path = f"/workflows/{next(iter(account.workflows))}/subscribers"
    await client.post(path, json={"email": newcomer})
    answers = [await client.delete(f"{path}/{newcomer}") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]


async def test_removing_needs_somebody_who_was_in_it(
    client: httpx2.AsyncClient, account: Account, newcomer: str
) -> None:
    workflow = next(iter(account.workflows))
    paths = [
        f"{workflow}/subscribers/{newcomer}",
        f"{workflow}/subscribers/nobody",
        f"nope/subscribers/{newcomer}",
    ]
    answers = [await client.delete(f"/workflows/{path}") for path in paths]
    assert [answer.status_code for answer in answers] == [400, 404, 404]
