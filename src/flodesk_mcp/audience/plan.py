"""Plans: what shall be done with many people, kept until somebody carries it out."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, or_, select, update

from flodesk_mcp.audience.errors import PlanRefused
from flodesk_mcp.audience.plan_rows import PlanRows
from flodesk_mcp.audience.plan_tables import plan_blocks, plans
from flodesk_mcp.audience.rows import Rows, Work

__all__ = ["BEATS_SECONDS", "PLAN_SECONDS", "Plan", "Plans", "forget_plans"]

PLAN_SECONDS = 1_800
"""How long a plan can be carried out: what it was made from changes."""

FRESH_SECONDS = 600
"""How long the answer to a call that did not wait for it is kept: after that, a new one is better."""

BEATS_SECONDS = 3.0
MAKER_SECONDS = 15.0
"""How long a plan counts as being made after its maker was last heard of."""

KEPT_SECONDS = 30 * 86_400
"""How long the rows of one that was carried out stay, should its job have to go on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it was made; `arguments` hold for all of its rows, `numbers` are what somebody was told of it."""

    id: str
    kind: str
    created_at: float
    arguments: Mapping[str, Any]
    numbers: Mapping[str, Any]
    digest: str | None
    job: str | None

    @property
    def expires_at(self) -> float:
        """Until when it can be carried out, in seconds since 1970."""
        return self.created_at + PLAN_SECONDS


class Plans:
    """The plans of one account."""

    def __init__(self, rows: Rows, clock: Callable[[], float] = time.time) -> None:
        self._rows = rows
        self._clock = clock

    async def begin(self, kind: str, asked: str | None = None) -> str:
        """Begin a plan, and forget those that nobody can carry out any more; return its id.

        `asked` is a hash of the call that it is the answer to: see `hand_over`.
        """
        now = self._clock()
        name = secrets.token_hex(12)
        row = {"id": name, "kind": kind, "created_at": now, "arguments": {}, "numbers": {}}
        async with self._rows.writing() as work:
            await forget_plans(work, now)
            await work.put(plans, [row | {"digest": None, "job": None, "asked": asked}])
        return name

    async def renew(self, id: str, rows: int) -> None:
        """Take note that a plan is still being made, and has so many rows."""
        told = {"created_at": self._clock(), "numbers": {"rows": rows}}
        async with self._rows.writing() as work:
            await work.change(update(plans).where(plans.c.id == id, plans.c.digest.is_(None)).values(told))

    async def being_made(self, asked: str) -> int | None:
        """Return how many rows the plan has that a living process makes for a call that `asked` this; None for none."""
        lately = plans.c.created_at > self._clock() - MAKER_SECONDS
        query = select(plans.c.numbers).where(plans.c.asked == asked, plans.c.digest.is_(None), lately)
        async with self._rows.reading() as work:
            row = await work.first(query.order_by(plans.c.created_at.desc()))
        return None if row is None else int(row.numbers.get("rows", 0))

    async def hand_over(self, asked: str) -> Plan | None:
        """Return the plan that was lately made for a call that `asked` this, which did not wait for it; once."""
        lately = plans.c.created_at > self._clock() - FRESH_SECONDS
        query = select(plans.c.id).where(plans.c.asked == asked, plans.c.digest.is_not(None), lately)
        async with self._rows.writing() as work:
            row = await work.first(query.order_by(plans.c.created_at.desc()))
            if row is None:
                return None
            await work.change(update(plans).where(plans.c.asked == asked).values(asked=None))
        return await self.get(row.id)

    def rows(self, id: str) -> PlanRows:
        """Return the rows of a plan."""
        return PlanRows(self._rows, id)

    async def finish(self, id: str, fingerprint: int, arguments: Mapping[str, Any], numbers: Mapping[str, Any]) -> Plan:
        """Bind a plan to its content by the `fingerprint` of its rows, so that it can be carried out."""
        digest = _digest(arguments, fingerprint)
        made = {"arguments": dict(arguments), "numbers": dict(numbers), "digest": digest, "created_at": self._clock()}
        async with self._rows.writing() as work:
            await work.change(update(plans).where(plans.c.id == id).values(made))
        return await self.get(id)

    async def open(self, id: str) -> Plan:
        """Return a plan that can be carried out.

        Raises PlanRefused for one that was, that is too old, and that there is not.
        """
        plan = await self.get(id)
        if plan.job is not None:
            shown = f" get_flodesk_job shows job {plan.job}." if plan.job else ""
            raise PlanRefused(f"This plan was carried out, which is possible once.{shown}")
        if self._clock() > plan.expires_at:
            raise PlanRefused("This plan is older than 30 minutes: make a new one.")
        return plan

    async def give_button(self, id: str) -> str:
        """Return the secret of a button that carries out a plan, for the eyes of the card alone that shows it.

        Only its hash is kept, bound to the content of the plan. A later button ends the earlier one.

        Raises PlanRefused.
        """
        plan = await self.open(id)
        secret = secrets.token_urlsafe(24)
        async with self._rows.writing() as work:
            await work.change(update(plans).where(plans.c.id == id).values(button=_button(plan, secret)))
        return secret

    async def check_button(self, id: str, secret: str) -> None:
        """Raise PlanRefused unless `secret` is that of the plan's button."""
        plan = await self.open(id)
        async with self._rows.reading() as work:
            row = await work.first(select(plans.c.button).where(plans.c.id == id))
        if row is None or not hmac.compare_digest(row.button or "", _button(plan, secret)):
            raise PlanRefused("This is not the button of this plan: only the card that shows the plan has it.")

    async def take(self, id: str) -> Plan:
        """Return a plan that only the caller carries out.

        Raises PlanRefused, also where its content is not what it was.
        """
        plan = await self.open(id)
        if plan.digest != _digest(plan.arguments, await self.rows(id).fingerprint()):
            raise PlanRefused("The content of this plan was changed: make a new one.")
        async with self._rows.writing() as work:
            taken = update(plans).where(plans.c.id == id, plans.c.job.is_(None))
            if not await work.change(taken.values(job="")):
                raise PlanRefused("This plan is being carried out: make a new one.")
        return plan

    async def carried_out_by(self, id: str, job: str) -> None:
        """Take note of the job that carries out a plan."""
        async with self._rows.writing() as work:
            await work.change(update(plans).where(plans.c.id == id).values(job=job))

    async def get(self, id: str) -> Plan:
        """Return a plan, whatever became of it. Raises PlanRefused where there is none."""
        query = select(*(plans.c[name] for name in Plan.__slots__)).where(plans.c.id == id, plans.c.digest.is_not(None))
        async with self._rows.reading() as work:
            row = await work.first(query)
        if row is None:
            raise PlanRefused("There is no such plan, or it is long over: make a new one.")
        return Plan(*tuple(row))


async def forget_plans(work: Work, now: float) -> None:
    """Forget the plans that nobody can carry out any more. Raises AudienceError."""
    old = await work.all(
        select(plans.c.id).where(
            or_(plans.c.created_at < now - KEPT_SECONDS, plans.c.job.is_(None)),
            plans.c.created_at < now - PLAN_SECONDS,
        )
    )
    for plan in old:
        await work.change(delete(plan_blocks).where(plan_blocks.c.plan == plan.id))
        await work.change(delete(plans).where(plans.c.id == plan.id))


def _digest(arguments: Mapping[str, Any], fingerprint: int) -> str:
    bound = f"{json.dumps(arguments, sort_keys=True)} {fingerprint % 2**256}"
    return hashlib.sha256(bound.encode()).hexdigest()


def _button(plan: Plan, secret: str) -> str:
    return hashlib.sha256(f"{plan.id} {plan.digest} {secret}".encode()).hexdigest()
