"""A file comes by a link: it is asked for, chosen, looked at, sent, and planned."""

import pytest

from ..calls import ANN, Hosted
from ..sign_in.person import Page
from .visitor import GUESTS, Caller, Visitor

pytestmark = pytest.mark.anyio


async def test_a_plan_without_a_file_is_answered_with_a_link_and_made_when_the_file_is_sent(hosted: Hosted) -> None:
    async with hosted(auth="headers", toolsets="all", confirm="never") as server:
        ann, person = Caller(server, ANN), Visitor(server)
        asked = await ann.called("plan_flodesk_import", file="guests.csv", segment_ids=["Friends of ann"])
        assert asked["file"] == "guests.csv"
        assert asked["upload_url"].startswith("http://127.0.0.1:8000/upload?link=fmcpf_")
        assert "call this again, with file set to 'guests.csv'" in asked["notice"]
        page = await person.open(asked["upload_url"])
        assert "Your program asked for a list of people: an import; everybody in it joins Friends of ann." in (
            Page(page.text).words
        )
        shown = await person.choose(page)
        words = Page(shown.text).words
        assert "guests.csv" in words
        assert f"2 rows, {len(GUESTS)} bytes" in words
        assert "EmailE-mail" in words
        assert "Favourite colourLeft out" in words
        assert "ada@example.com" in words
        assert "<b>blue</b>" not in shown.text
        assert "&lt;b&gt;blue&lt;/b&gt;" in shown.text
        sent = await person.press(shown, "send")
        assert "It is sent" in sent.text
        plan = await ann.called("plan_flodesk_import", file="guests.csv", segment_ids=["Friends of ann"])
        assert (plan["rows"], plan["will_write"]) == (2, 2)
        job = await ann.called("start_flodesk_job", plan_id=plan["plan_id"])
        assert (job["state"], job["written"]) == ("done", 2)
