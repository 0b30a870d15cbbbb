"""How many requests may be sent, and when: a protocol, and its implementation for one process.

That for all processes of a user is in `file`, that for replicas in `redis`, each imported by who needs it: what starts
without it starts faster.
"""

from flodesk_mcp.quota.protocol import Quota, QuotaSpent, QuotaUnknown, Slot
from flodesk_mcp.quota.window import WindowQuota

__all__ = ["Quota", "QuotaSpent", "QuotaUnknown", "Slot", "WindowQuota"]
