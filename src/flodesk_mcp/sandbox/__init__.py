"""An embedded Flodesk: the same API in process, with invented data and faults on request.

```python
sandbox = Sandbox()
client = httpx2.AsyncClient(transport=sandbox.transport(), auth=(SANDBOX_API_KEY, ""))
sandbox.fail(Fault("status", status=503, times=2))
```
"""

from flodesk_mcp.sandbox.account import Account
from flodesk_mcp.sandbox.app import Sandbox
from flodesk_mcp.sandbox.credentials import (
    SANDBOX_ACCESS_TOKEN,
    SANDBOX_API_KEY,
    SANDBOX_CLIENT_ID,
    SANDBOX_CLIENT_SECRET,
)
from flodesk_mcp.sandbox.faults import Fault
from flodesk_mcp.sandbox.recorded import RecordedRequest
from flodesk_mcp.sandbox.sample import sample_account

__all__ = [
    "SANDBOX_ACCESS_TOKEN",
    "SANDBOX_API_KEY",
    "SANDBOX_CLIENT_ID",
    "SANDBOX_CLIENT_SECRET",
    "Account",
    "Fault",
    "RecordedRequest",
    "Sandbox",
    "sample_account",
]
