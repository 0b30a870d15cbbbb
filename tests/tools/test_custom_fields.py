"""The tools on custom fields."""

import pytest

from .agent import Agent, Sent

pytestmark = pytest.mark.anyio


async def test_custom_fields_are_listed_whole(agent: Agent) -> None:
    assert await agent.call("list_all_flodesk_custom_fields") == {
        "result": [
            {"key": "birthday", "label": "Birthday"},
            {"key": "favouriteFlower", "label": "Favourite flower"},
            {"key": "weddingDate", "label": "Wedding date"},
            {"key": "venue", "label": "Venue"},
            {"key": "howDidYouHear", "label": "How did you hear"},
            {"key": "deliveryDay", "label": "Delivery day"},
        ]
    }
    assert agent.sent == [Sent("GET", "/v1/custom-fields/all", {}, None)]


async def test_a_custom_field_is_created_from_its_label_and_flodesk_makes_the_key(agent: Agent) -> None:
    data = await agent.call("create_a_flodesk_custom_field", label="Shoe size")
    assert data == {"key": "shoeSize", "label": "Shoe size"}
    assert agent.written == [Sent("POST", "/v1/custom-fields", {}, {"label": "Shoe size"})]


async def test_a_second_field_of_a_label_says_which_existed(agent: Agent) -> None:
    data = await agent.call("create_a_flodesk_custom_field", label="Venue")
    assert data["key"] != "venue"
    assert data["notice"].startswith("A custom field of this label existed before, with the key: venue. ")


async def test_a_new_custom_field_can_be_written_at_once(agent: Agent) -> None:
    await agent.call("create_a_flodesk_subscriber", email="jane@example.com", custom_fields={"venue": "Barn"})
    await agent.call("create_a_flodesk_custom_field", label="Shoe size")
    await agent.call("create_a_flodesk_subscriber", email="jane@example.com", custom_fields={"shoeSize": "40"})
    assert agent.sent[-1].body["custom_fields"] == {"shoeSize": "40"}


async def test_a_custom_field_without_a_label_is_refused_before_any_request(agent: Agent) -> None:
    text = await agent.refused("create_a_flodesk_custom_field", label="  ")
    assert text.startswith("Create a custom field failed: nothing was sent. Argument 'label': ")
    assert not agent.sent
