"""Goals about segments: who is in them, moving people, tidying up."""

from .goal import Worker, goal
from .people import segments_of


@goal(3)
async def move_between_segments(agent: Worker) -> None:
    """Mabel (mabelvasquez@example.net) got a seat: move her from the waiting list to the workshop guests."""
    await agent.call(
        "add_a_flodesk_subscriber_to_segments", id_or_email="mabelvasquez@example.net", segment_ids=["Workshop guests"]
    )
    await agent.call(
        "delete_a_flodesk_subscriber_by_id",
        id_or_email="mabelvasquez@example.net",
        segment_ids=["workshop waiting list"],
    )
    assert segments_of(agent.account, "mabelvasquez@example.net") == {"Spring collection", "Workshop guests"}


@goal(2)
async def take_out_of_one_segment(agent: Worker) -> None:
    """Take Amelia (amelia@example.net) out of the spring list, "Spring collection"."""
    await agent.call(
        "delete_a_flodesk_subscriber_by_id", id_or_email="amelia@example.net", segment_ids=["Spring collection"]
    )
    assert segments_of(agent.account, "amelia@example.net") == {"Newsletter", "Workshop guests", "Corporate clients"}


@goal(1, reads=True, why="The list in which the name is looked up would have held the count.")
async def count_active_people(agent: Worker) -> None:
    """How many people in VIP still get mail?"""
    answer = await agent.call("get_single_flodesk_segment_by_id", id="VIP")
    assert answer["total_active_subscribers"] == agent.account.active_subscribers(answer["id"])


@goal(2, reads=True)
async def find_quiet_readers(agent: Worker) -> None:
    """Who gets our mail, but has not opened any for six months?"""
    answer = await agent.call(
        "list_all_flodesk_subscribers",
        segment_id="No opens for six months",
        status="active",
        limit=100,
        fields=["email"],
    )
    quiet = agent.account.active_subscribers(answer["used_ids"]["No opens for six months"])
    assert len({person["email"] for person in answer["result"]}) == answer["total_items"] == quiet


@goal(1, reads=True)
async def find_the_latest(agent: Worker) -> None:
    """Who were the last five to sign up?"""
    answer = await agent.call("list_all_flodesk_subscribers", limit=5, fields=["email", "created_at"])
    latest = sorted(agent.account.subscribers.values(), key=lambda person: person.created_at, reverse=True)[:5]
    assert [person["email"] for person in answer["result"]] == [person.email for person in latest]


@goal(3, why="Whether there was one of this name before is looked up, to say so.")
async def set_up_a_colored_segment(agent: Worker) -> None:
    """Make a pink group for the autumn workshop, and put Zoë and Clara in."""
    colors = (await agent.call("list_all_flodesk_segment_colors"))["result"]
    created = await agent.call("create_a_flodesk_segment", name="Autumn workshop", color=colors[0])
    answer = await agent.call(
        "create_flodesk_subscribers_in_batch",
        subscribers=[{"email": "zoefitzgerald@example.com"}, {"email": "c.calloway@example.com"}],
        segment_ids=[created["id"]],
    )
    assert answer["failed"] == []
    assert agent.account.active_subscribers(created["id"]) == 2
    assert agent.account.segments[created["id"]].color == "#F2C9C0"


@goal(13)
async def tidy_segments(agent: Worker) -> None:
    """We have too many segments: let everybody of the corporate clients be a gift buyer instead."""
    listed = await agent.call("list_all_flodesk_segments", limit=100)
    ids = {segment["name"]: segment["id"] for segment in listed["result"]}
    members = await agent.call(
        "list_all_flodesk_subscribers", segment_id=ids["Corporate clients"], limit=100, fields=["email"]
    )
    people = [person["email"] for person in members["result"]]
    answer = await agent.call(
        "create_flodesk_subscribers_in_batch",
        subscribers=[{"email": email} for email in people],
        segment_ids=[ids["Gift buyers"]],
    )
    assert answer["failed"] == []
    for email in people:
        await agent.call("delete_a_flodesk_subscriber_by_id", id_or_email=email, segment_ids=[ids["Corporate clients"]])
    assert len(people) == 10
    for person in agent.account.subscribers.values():
        assert ids["Corporate clients"] not in person.segment_ids
        assert person.email not in people or ids["Gift buyers"] in person.segment_ids
