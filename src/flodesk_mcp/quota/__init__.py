"""How many requests may be sent, and when: a protocol, and its implementation for one process."""

from flodesk_mcp.quota.protocol import Quota, QuotaSpent, Slot
from flodesk_mcp.quota.window import WindowQuota

__all__ = ["Quota", "QuotaSpent", "Slot", "WindowQuota"]
