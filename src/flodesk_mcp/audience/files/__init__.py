"""Reading people's lists: CSV, TSV, XLSX, JSON and JSONL, as other services export them and as people keep them."""

from flodesk_mcp.audience.files.columns import Understanding
from flodesk_mcp.audience.files.found import CREATE, Batch, FoundPerson
from flodesk_mcp.audience.files.headings import ADDED, REMOVED
from flodesk_mcp.audience.files.people import People
from flodesk_mcp.audience.files.preview import Preview, preview_of
from flodesk_mcp.audience.files.sources import open_csv, open_file, open_people
from flodesk_mcp.audience.files.table import Problem, Row, Table

__all__ = [
    "ADDED",
    "CREATE",
    "REMOVED",
    "Batch",
    "FoundPerson",
    "People",
    "Preview",
    "Problem",
    "Row",
    "Table",
    "Understanding",
    "open_csv",
    "open_file",
    "open_people",
    "preview_of",
]
