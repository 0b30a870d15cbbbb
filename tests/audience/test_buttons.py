"""The button of a plan: a secret that carries out this plan, with this content, and nothing else."""

import pytest
from sqlalchemy import select, update

from flodesk_mcp.audience.errors import PlanRefused
from flodesk_mcp.audience.plan_tables import plans

from .importing import Studio

pytestmark = pytest.mark.anyio

ONE = [{"email": "new@example.com"}]


async def test_the_secret_is_not_kept_and_a_later_button_ends_the_earlier() -> None:
    async with Studio().opened() as opened:
        kept = opened.audience.plans
        plan = await opened.plan(ONE)
        first, second = await kept.give_button(plan.id), await kept.give_button(plan.id)
        await kept.check_button(plan.id, second)
        with pytest.raises(PlanRefused, match="not the button of this plan"):
            await kept.check_button(plan.id, first)
        async with opened.audience.storage.jobs.reading() as work:
            row = await work.first(select(plans).where(plans.c.id == plan.id))
        assert second not in str(row)


async def test_a_plan_without_a_button_has_none_that_fits() -> None:
    async with Studio().opened() as opened:
        plan = await opened.plan(ONE)
        for secret in ("", "None", plan.id):
            with pytest.raises(PlanRefused, match="not the button of this plan"):
                await opened.audience.plans.check_button(plan.id, secret)


async def test_a_button_is_bound_to_the_content_of_its_plan() -> None:
    async with Studio().opened() as opened:
        plan = await opened.plan(ONE)
        secret = await opened.audience.plans.give_button(plan.id)
        async with opened.audience.storage.jobs.writing() as work:
            await work.change(update(plans).where(plans.c.id == plan.id).values(digest="0" * 64))
        with pytest.raises(PlanRefused, match="not the button of this plan"):
            await opened.audience.plans.check_button(plan.id, secret)


async def test_a_button_is_over_with_its_plan() -> None:
    async with Studio().opened() as opened:
        plan = await opened.plan(ONE)
        secret = await opened.audience.plans.give_button(plan.id)
        await opened.carried_out(plan)
        with pytest.raises(PlanRefused, match="was carried out"):
            await opened.audience.plans.check_button(plan.id, secret)
