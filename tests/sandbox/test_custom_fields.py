from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.anyio


async def test_all_custom_fields_come_as_a_bare_array_and_in_pages(client: httpx2.AsyncClient) -> None:
    everything = (await client.get("/custom-fields/all")).json()
    second_page = (await client.get("/custom-fields", params={"page": 2, "per_page": 4})).json()
    assert everything[1] == {"key": "favouriteFlower", "label": "Favourite flower"}
    assert second_page == {
        "meta": {"page": 2, "per_page": 4, "total_items": 6, "total_pages": 2},
        "data": everything[4:],
    }


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("Shoe size", "shoeSize"),
        ("RSVP: coming?", "rsvpComing"),
        ("Café préféré", "cafePrefere"),
        ("花", "field"),
        ("birthday", "birthday2"),
    ],
)
async def test_flodesk_makes_the_key_from_the_label(client: httpx2.AsyncClient, label: str, key: str) -> None:
    answer = await client.post("/custom-fields", json={"label": label})
    assert (answer.status_code, answer.json()) == (201, {"key": key, "label": label})


async def test_every_repeat_of_a_label_gets_the_next_number(client: httpx2.AsyncClient) -> None:
    answers = [await client.post("/custom-fields", json={"label": "Shoe size"}) for _ in range(3)]
    assert [answer.json()["key"] for answer in answers] == ["shoeSize", "shoeSize2", "shoeSize3"]


@pytest.mark.parametrize("body", [{}, {"label": " "}, {"label": 5}])
async def test_a_custom_field_needs_a_label(client: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post("/custom-fields", json=body)).status_code == 400


async def test_a_new_custom_field_takes_values(client: httpx2.AsyncClient) -> None:
    await client.post("/custom-fields", json={"label": "Shoe size"})
    fields = {"email": "jane@example.com", "custom_fields": {"shoeSize": "40"}}
    assert (await client.post("/subscribers", json=fields)).json()["custom_fields"] == {"shoeSize": "40"}
