"""Unsubscribes to a CRM: who leaves at Flodesk gets no mail from the CRM either, a moment later.

The hosted server takes Flodesk's webhook, asks Flodesk whether it is so, and posts it here, signed.
"""

import asyncio
import base64
import json
import secrets
import sqlite3

import uvicorn
from hosting import free_port, hosted
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PORT = free_port()
SECRET = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"  # yours: flodesk-mcp events new-secret


class Crm:
    """Two tables: the clients, and which events were seen, because one may come twice."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:")
        self.db.execute("CREATE TABLE client (email TEXT PRIMARY KEY, mail INTEGER DEFAULT 1)")
        self.db.execute("CREATE TABLE seen (event TEXT PRIMARY KEY)")
        self.db.executemany("INSERT INTO client (email) VALUES (?)", [["nora@example.com"], ["ben@example.com"]])

    async def receive(self, request: Request) -> Response:
        """Take an event whose signature is right. Only 2xx ends its tries: a failure here brings it again."""
        body = await request.body()
        try:
            event = Webhook(SECRET).verify(body, dict(request.headers))
        except WebhookVerificationError:
            return Response(status_code=401)
        with self.db:
            is_new = self.db.execute("INSERT OR IGNORE INTO seen VALUES (?)", [request.headers["webhook-id"]]).rowcount
            if is_new and event["type"] == "subscriber.unsubscribed":
                self.stop_mail(event["data"]["subscriber"]["email"])
        return Response()

    def stop_mail(self, email: str) -> None:
        """Note that somebody wants no mail."""
        if self.db.execute("UPDATE client SET mail = 0 WHERE email = ?", [email]).rowcount:
            print("From Flodesk: no more mail to", email)

    def mailed(self) -> list[str]:
        """Return who gets mail from the CRM."""
        return [email for (email,) in self.db.execute("SELECT email FROM client WHERE mail ORDER BY email")]


async def main() -> None:
    crm = Crm()
    app = Starlette(routes=[Route("/events", crm.receive, methods=["POST"])])
    receiver = uvicorn.Server(uvicorn.Config(app, port=PORT, log_level="error"))
    serving = asyncio.create_task(receiver.serve())
    async with hosted(f"http://127.0.0.1:{PORT}/events", SECRET) as flodesk:
        for email in crm.mailed():
            await flodesk.post("subscribers", json={"email": email})
        await flodesk.post("subscribers/nora@example.com/unsubscribe")  # as by the link in a mail
        async with asyncio.timeout(60):
            while "nora@example.com" in crm.mailed():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert crm.mailed() == ["ben@example.com"]

        forged = json.dumps({"type": "subscriber.unsubscribed", "data": {"subscriber": {"email": "ben@example.com"}}})
        answer = await flodesk.post(f"http://127.0.0.1:{PORT}/events", content=forged)
        assert answer.status_code == 401
        assert crm.mailed() == ["ben@example.com"]
    receiver.should_exit = True
    await serving


asyncio.run(main())
