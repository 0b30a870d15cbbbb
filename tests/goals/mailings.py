"""Goals about workflows, campaigns and webhooks."""

from .goal import Worker, goal

URL = "https://shop.example.com/left?secret=9f2c"


def enrollment(agent: Worker, workflow: str, email: str) -> str | None:
    """Return how somebody stands in a workflow."""
    (known,) = [found.id for found in agent.account.workflows.values() if found.name == workflow]
    person = agent.account.find_subscriber(email)
    return agent.account.enrollments.get((known, person.id)) if person else None


@goal(3)
async def start_a_workflow(agent: Worker) -> None:
    """Emma (emma@example.com) is new: add her and start the welcome mails, "Welcome to the studio"."""
    await agent.call("create_a_flodesk_subscriber", email="emma@example.com", first_name="Emma")
    await agent.call("create_a_flodesk_workflow", workflow_id="Welcome to the studio", email="emma@example.com")
    assert enrollment(agent, "Welcome to the studio", "emma@example.com") == "active"


@goal(2, why="Whether she gets mail at all is looked up, to say so where she does not.")
async def stop_a_workflow(agent: Worker) -> None:
    """Mei (mei@example.com) has had enough of the welcome series."""
    refused = await agent.refused(
        "delete_a_flodesk_workflow_by_id", workflow_id="welcome series", id_or_email="mei@example.com"
    )
    assert "Welcome to the studio" in refused
    await agent.call(
        "delete_a_flodesk_workflow_by_id", workflow_id="Welcome to the studio", id_or_email="mei@example.com"
    )
    assert enrollment(agent, "Welcome to the studio", "mei@example.com") == "left"


@goal(2)
async def draft_a_newsletter(agent: Worker) -> None:
    """Draft a newsletter about the peonies. No, with another headline."""
    draft = await agent.call("create_a_flodesk_campaign_draft", title="Peonies", html="<h1>Peonies!</h1>")
    again = await agent.call(
        "create_a_flodesk_campaign_draft", title="Peonies", html="<h1>They are back</h1>", campaign_id=draft["id"]
    )
    assert again["url"] == draft["url"]
    saved = [campaign for campaign in agent.account.campaigns.values() if campaign.name == "Peonies"]
    assert [(campaign.status, campaign.html) for campaign in saved] == [("draft", "<h1>They are back</h1>")]


@goal(1, why="Whether there was one like it before is looked up, to say so.")
async def set_up_a_webhook(agent: Worker) -> None:
    """Tell our shop whenever somebody unsubscribes."""
    created = await agent.call(
        "create_a_flodesk_webhook", name="Shop", post_url=URL, events=["subscriber.unsubscribed"]
    )
    hook = agent.account.webhooks[created["id"]]
    assert (hook.name, hook.post_url, hook.events) == ("Shop", URL, ["subscriber.unsubscribed"])


@goal(2)
async def replace_a_receiver(agent: Worker) -> None:
    """Orders moved: unsubscribes go to the shop now."""
    listed = await agent.call("list_all_flodesk_webhooks")
    (hook,) = [hook for hook in listed["result"] if "orders" in hook["post_url"]]
    await agent.call("update_a_flodesk_webhook_by_id", id=hook["id"], post_url=URL)
    assert agent.account.webhooks[hook["id"]].post_url == URL
    assert agent.account.webhooks[hook["id"]].events == ["subscriber.unsubscribed"]
