"""A client for FlowNurture's API, usable on its own. Nothing in here knows of MCP.

All that is known of that API is one page of its own: what it does not say is read tolerantly, and never relied on.
"""

from flodesk_mcp.flownurture.client import BASE_URL, FlowNurtureClient
from flodesk_mcp.flownurture.models import Contact, Enrollment, Segment, Workflow, WorkflowStep

__all__ = ["BASE_URL", "Contact", "Enrollment", "FlowNurtureClient", "Segment", "Workflow", "WorkflowStep"]
