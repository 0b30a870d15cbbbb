"""The embedded Flodesk over HTTP, with a quota that no benchmark reaches. Prints its address when it listens."""

import socket

import uvicorn

from flodesk_mcp.sandbox import Sandbox

UNREACHED = 10**6

if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # Connections inherit it; asyncio sets it only on sockets of its own, and answers would be 40 ms late without.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", flush=True)
        sandbox = Sandbox(requests_per_minute=UNREACHED)
        uvicorn.Server(uvicorn.Config(sandbox.app, log_level="error", access_log=False)).run(sockets=[listening])
