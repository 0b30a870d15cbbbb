"""Work on the whole list of an account: a mirror of it, and what is found in there. Knows nothing of MCP.

Imported when it is first used: it brings SQLAlchemy with it.
"""
