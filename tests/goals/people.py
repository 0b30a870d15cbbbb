"""Goals about people: add, change, look up, import, unsubscribe."""

from flodesk_mcp.sandbox import Account

from .goal import Worker, goal


def segments_of(account: Account, email: str) -> set[str]:
    """Return the names of the segments that somebody is in."""
    person = account.find_subscriber(email)
    return {account.segments[known].name for known in person.segment_ids} if person else set()


@goal(2)
async def add_to_the_newsletter(agent: Worker) -> None:
    """Add Sofia Rossi, sofia@example.com, to the newsletter."""
    await agent.call(
        "create_a_flodesk_subscriber",
        email="sofia@example.com",
        first_name="Sofia",
        last_name="Rossi",
        segment_ids=["Newsletter"],
    )
    sofia = agent.account.find_subscriber("sofia@example.com")
    assert sofia
    assert (sofia.first_name, sofia.last_name, sofia.status) == ("Sofia", "Rossi", "active")
    assert segments_of(agent.account, sofia.email) == {"Newsletter"}


@goal(1)
async def sign_up_with_confirmation(agent: Worker) -> None:
    """Sign kate@example.com up, but let her confirm first."""
    answer = await agent.call("create_a_flodesk_subscriber", email="kate@example.com", double_optin=True)
    kate = agent.account.find_subscriber("kate@example.com")
    assert kate
    assert kate.status == "unconfirmed"
    assert "not confirmed" in answer["notice"]


@goal(1)
async def change_a_name(agent: Worker) -> None:
    """Clara (c.calloway@example.com) married: her last name is Carter now."""
    await agent.call("create_a_flodesk_subscriber", email="c.calloway@example.com", last_name="Carter")
    clara = agent.account.find_subscriber("c.calloway@example.com")
    assert clara
    assert (clara.first_name, clara.last_name) == ("Clara", "Carter")


@goal(2)
async def note_a_birthday(agent: Worker) -> None:
    """Fern (fern@example.net) has her birthday on 3 May 1984."""
    await agent.call("create_a_flodesk_subscriber", email="fern@example.net", custom_fields={"Birthday": "1984-05-03"})
    fern = agent.account.find_subscriber("fern@example.net")
    assert fern
    assert fern.custom_fields == {"favouriteFlower": "Dahlia", "birthday": "1984-05-03"}


@goal(2)
async def correct_a_custom_field(agent: Worker) -> None:
    """Dario (dario@example.net) says that his favorite flower is the tulip, not the peony."""
    refused = await agent.refused(
        "create_a_flodesk_subscriber", email="dario@example.net", custom_fields={"favorite_flower": "Tulip"}
    )
    assert "favouriteFlower" in refused
    await agent.call(
        "create_a_flodesk_subscriber", email="dario@example.net", custom_fields={"favouriteFlower": "Tulip"}
    )
    dario = agent.account.find_subscriber("dario@example.net")
    assert dario
    assert dario.custom_fields == {"birthday": "1960-11-29", "favouriteFlower": "Tulip"}


@goal(1, reads=True)
async def look_up_a_person(agent: Worker) -> None:
    """Is Greta (greta@example.org) still subscribed, and what is she in?"""
    greta = await agent.call(
        "get_single_flodesk_subscriber_by_id", id_or_email="greta@example.org", fields=["status", "segments"]
    )
    assert greta["status"] == "unsubscribed"
    assert {segment["name"] for segment in greta["segments"]} == segments_of(agent.account, "greta@example.org")


@goal(1, reads=True)
async def look_up_a_tagged_address(agent: Worker) -> None:
    """When did hana+newsletter@example.com join?"""
    hana = await agent.call("get_single_flodesk_subscriber_by_id", id_or_email="hana+newsletter@example.com")
    assert hana["created_at"].startswith(f"{agent.account.subscribers[hana['id']].created_at:%Y-%m-%d}")


@goal(
    1,
    reads=True,
    plus_needs_encoding=True,
    why="What Flodesk makes of a plus sign is not known: after a 404 the other spelling is tried, once.",
)
async def look_up_a_tagged_address_of_a_stricter_flodesk(agent: Worker) -> None:
    """The same, should Flodesk read a plus sign as a space."""
    hana = await agent.call("get_single_flodesk_subscriber_by_id", id_or_email="hana+newsletter@example.com")
    assert hana["email"] == "hana+newsletter@example.com"


@goal(1)
async def stop_all_mail(agent: Worker) -> None:
    """Stop all mail to Linnea, linnea@example.net."""
    answer = await agent.call("unsubscribe_a_flodesk_subscriber", id_or_email="linnea@example.net")
    linnea = agent.account.find_subscriber("linnea@example.net")
    assert linnea
    assert linnea.status == "unsubscribed"
    assert "only they can subscribe again" in answer["notice"]


@goal(4)
async def import_a_list(agent: Worker) -> None:
    """Import these 120 people from the fair as workshop guests."""
    people = [{"email": f"guest{number}@example.com", "first_name": f"Guest {number}"} for number in range(120)]
    for start in range(0, 120, 50):
        answer = await agent.call(
            "create_flodesk_subscribers_in_batch",
            subscribers=people[start : start + 50],
            segment_ids=["Workshop guests"],
        )
        assert answer["failed"] == []
    for row in people:
        assert segments_of(agent.account, row["email"]) == {"Workshop guests"}


@goal(2)
async def import_with_a_mistyped_address(agent: Worker) -> None:
    """Import Ada, Bo (bo@example, the rest is .org) and Cy."""
    rows = [{"email": "ada@example.org"}, {"email": "bo@example"}, {"email": "cy@example.org"}]
    answer = await agent.call("create_flodesk_subscribers_in_batch", subscribers=rows)
    assert [(row["row"], row["email"]) for row in answer["failed"]] == [(1, "bo@example")]
    again = await agent.call("create_flodesk_subscribers_in_batch", subscribers=[{"email": "bo@example.org"}])
    assert again["failed"] == []
    assert all(agent.account.find_subscriber(f"{name}@example.org") for name in ("ada", "bo", "cy"))
