"""What an operator sees of a server at /metrics."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from flodesk_mcp.http import create_app
from flodesk_mcp.observability.metrics import Metrics
from flodesk_mcp.sandbox import Fault, Sandbox
from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import Store, StoredReceivers
from flodesk_mcp.web.settings import HostedSettings

from .calls import ANN, BEN, JSON, LIST_SEGMENTS, call, result_of
from .events.hooks import unsubscribed
from .sign_in.program import PUBLIC_URL, Program

pytestmark = pytest.mark.anyio

DEPLOY = Path(__file__).parents[2] / "deploy"
NAME = re.compile(r"\bflodesk_mcp_[a-z_]+")
GET = call("get_single_flodesk_subscriber_by_id", id_or_email="somebody@example.com")


@asynccontextmanager
async def watched(flodesk: Sandbox, **settings: Any) -> AsyncIterator[tuple[httpx2.AsyncClient, str]]:
    """A server whose metrics are served, a client of it, and where they are."""
    settings = {"auth": "headers", "metrics_port": 0, **settings}
    app = create_app(load_settings(HostedSettings, **settings), flodesk.transport())
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=JSON) as client,
    ):
        yield client, f"http://127.0.0.1:{app.state.metrics_port()}/metrics"


async def scraped(address: str) -> dict[str, float]:
    """Each line of the metrics with its value."""
    text = (await asyncio.to_thread(httpx2.get, address, trust_env=False)).text
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


async def test_calls_answers_and_quota_are_counted(flodesk: Sandbox) -> None:
    async with watched(flodesk) as (client, address):
        for headers in (ANN, ANN, BEN):
            assert (await client.post("/mcp", json=LIST_SEGMENTS, headers=headers)).status_code == 200
        await client.post("/mcp", json=GET, headers=ANN)
        seen = await scraped(address)
    assert seen['flodesk_mcp_calls_total{outcome="done",tool="list_all_flodesk_segments"}'] == 3
    assert seen['flodesk_mcp_calls_total{outcome="failed",tool="get_single_flodesk_subscriber_by_id"}'] == 1
    assert seen["flodesk_mcp_call_seconds_count"] == 4
    assert seen['flodesk_mcp_flodesk_answers_total{status="4xx"}'] == 1
    assert sorted(value for name, value in seen.items() if name.startswith("flodesk_mcp_quota_used{")) == [2, 4]


async def test_waits_and_refusals_are_counted(flodesk: Sandbox) -> None:
    async with watched(flodesk, requests_per_minute=2, max_wait_seconds=0) as (client, address):
        for _ in range(4):
            await client.post("/mcp", json=LIST_SEGMENTS, headers=ANN)
        seen = await scraped(address)
    assert seen["flodesk_mcp_quota_refusals_total"] >= 1
    assert seen["flodesk_mcp_quota_wait_seconds_count"] >= 3
    assert seen["flodesk_mcp_quota_waiting"] == 0


async def test_reads_are_counted_that_the_audit_leaves_out(flodesk: Sandbox) -> None:
    async with watched(flodesk, audit="writes") as (client, address):
        await client.post("/mcp", json=LIST_SEGMENTS, headers=ANN)
        seen = await scraped(address)
    assert seen['flodesk_mcp_calls_total{outcome="done",tool="list_all_flodesk_segments"}'] == 1


async def test_programs_that_people_connect_and_that_are_cut_off_are_counted(
    flodesk: Sandbox, encryption_key: str
) -> None:
    async with watched(flodesk, auth="sign-in", public_url=PUBLIC_URL) as (client, address):
        program = Program(client)
        await program.register()
        await program.tokens()
        code = await program.code()
        statuses = [(await program.exchange(code)).status_code for _ in range(2)]  # as somebody does who stole it
        seen = await scraped(address)
    assert statuses == [200, 400]
    assert seen['flodesk_mcp_sign_ins_total{outcome="connected"}'] == 2
    assert seen['flodesk_mcp_sign_ins_total{outcome="ended"}'] == 1


async def test_events_are_counted_by_what_became_of_them(flodesk: Sandbox, encryption_key: str) -> None:
    database_url = load_settings(HostedSettings).database_address
    async with Store(database_url, load_settings(HostedSettings).encryption_keys) as store:
        account = await store.accounts.add("ann", "api_key", "key-ann")
        secret = (await StoredReceivers(store.accounts._database).add(account)).secret
    async with watched(flodesk, auth="tokens", toolsets="events") as (client, address):
        posted = [
            (await client.post(f"/webhooks/{account}/{secret}", json=unsubscribed(minute=minute))).status_code
            for minute in (0, 1)
        ]
        refused = await client.post(f"/webhooks/{account}/{secret[:-1]}x", json=unsubscribed())
        seen = await scraped(address)
    assert (posted, refused.status_code) == ([200, 200], 404)
    assert seen['flodesk_mcp_events_total{outcome="stored"}'] == 2
    assert seen['flodesk_mcp_events_total{outcome="refused"}'] == 1


async def test_jobs_are_counted_while_they_run_and_wait(flodesk: Sandbox) -> None:
    async with watched(flodesk, toolsets="all", confirm="never") as (client, address):
        plans = []
        for email in ("a@example.com", "b@example.com"):
            planned = await client.post(
                "/mcp", json=call("plan_flodesk_import", people=[{"email": email}]), headers=ANN
            )
            plans.append(result_of(planned)["structuredContent"]["plan_id"])
        assert job_states(await scraped(address)) == (0, 0)
        flodesk.fail(Fault("hang", method="POST", times=9))
        async with anyio.create_task_group() as group:
            with anyio.fail_after(20):
                for plan, expected in zip(plans, ((1, 0), (1, 1)), strict=True):
                    group.start_soon(_start, client, plan)
                    while job_states(await scraped(address)) != expected:  # noqa: ASYNC110 - as Prometheus looks
                        await anyio.sleep(0.05)
            group.cancel_scope.cancel()


async def _start(client: httpx2.AsyncClient, plan: str) -> None:
    await client.post("/mcp", json=call("start_flodesk_job", plan_id=plan), headers=ANN)


def job_states(seen: dict[str, float]) -> tuple[float, float]:
    return seen['flodesk_mcp_jobs{state="running"}'], seen['flodesk_mcp_jobs{state="waiting"}']


async def test_no_metric_tells_who_somebody_is_or_grows_with_what_strangers_send(flodesk: Sandbox) -> None:
    async with watched(flodesk) as (client, address):
        await client.post("/mcp", json=GET, headers=ANN)
        before = await scraped(address)
        flodesk.fail(Fault("status", status=500, times=9))
        for number in range(5):
            await client.post("/mcp", json=call(f"tool_of_mine_{number}"), headers=ANN)
            await client.get(f"/path-{number}", headers=ANN)
        after = await scraped(address)
    assert not any(secret in str(after) for secret in ("key-ann", "somebody", "@", "tool_of_mine"))
    assert len(after) <= len(before) + 4


async def test_they_are_at_no_path_of_the_server_itself_and_off_by_default(flodesk: Sandbox) -> None:
    assert load_settings(HostedSettings).metrics_port is None
    async with watched(flodesk) as (client, _):
        assert (await client.get("/metrics", headers=ANN)).status_code == 404


def test_the_dashboard_and_the_alerts_name_metrics_that_exist() -> None:
    text = "".join(path.read_text("utf-8") for path in (*DEPLOY.glob("grafana/*.json"), *DEPLOY.glob("prometheus/*")))
    named = set(NAME.findall(text))
    exist: set[str] = {"flodesk_mcp_quota_used", "flodesk_mcp_jobs"}
    for family in Metrics().registry.collect():
        kinds = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        exist |= {family.name + kind for kind in kinds}
    assert named
    assert named <= exist
    assert exist - named == {"flodesk_mcp_call_seconds_sum", "flodesk_mcp_call_seconds_count"} | {
        "flodesk_mcp_quota_wait_seconds_sum",
        "flodesk_mcp_quota_wait_seconds_count",
    }


def test_the_dashboard_is_json_whose_panels_ask_something() -> None:
    (path,) = DEPLOY.glob("grafana/*.json")
    panels = json.loads(path.read_text("utf-8"))["panels"]
    assert all(target["expr"] for panel in panels for target in panel["targets"])
    assert len({panel["id"] for panel in panels}) == len(panels)


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool, of Debian's package prometheus")
def test_promtool_finds_nothing_wrong_with_the_alerts_and_they_fire() -> None:
    for command in (["check", "rules", "alerts.yaml"], ["test", "rules", "alerts.test.yaml"]):
        done = subprocess.run(
            ["promtool", *command], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
