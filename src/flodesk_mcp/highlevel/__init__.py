"""A client for the API of HighLevel (LeadConnector), version 2, usable on its own. Nothing in here knows of MCP."""

from flodesk_mcp.highlevel.client import BASE_URL, VERSION, HighLevelClient
from flodesk_mcp.highlevel.errors import DuplicateContact, MissingScope, WrongLocation
from flodesk_mcp.highlevel.models import Contact, ContactPage, CustomField, Saved, Tag, User, Workflow
from flodesk_mcp.highlevel.social import SocialTag, Statistics

__all__ = [
    "BASE_URL",
    "VERSION",
    "Contact",
    "ContactPage",
    "CustomField",
    "DuplicateContact",
    "HighLevelClient",
    "MissingScope",
    "Saved",
    "SocialTag",
    "Statistics",
    "Tag",
    "User",
    "Workflow",
    "WrongLocation",
]
