"""A sandbox over HTTP that refuses nobody, and says what arrived when. Prints its address when it listens."""

import socket
import sys

import uvicorn

from flodesk_mcp.sandbox import Sandbox

if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        app = Sandbox(requests_per_minute=10**6, batches_per_minute=10**6).app
        uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")).run(
            sockets=[listening]
        )
