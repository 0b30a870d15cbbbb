"""How flodesk-mcp is run by many: in containers, or with programs of the system (`make cluster`)."""
