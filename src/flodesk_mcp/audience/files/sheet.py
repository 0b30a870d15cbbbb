"""A program of its own that reads a workbook, so that whatever is in one costs the server neither memory nor life.

It writes the rows of the first visible sheet to standard output, each as a JSON list of its number and its cells, and
at the end, or where it cannot go on, `{"refused": words}`, without words when all is well.
"""

import json
import sys
from datetime import date, datetime, time
from typing import Any, TextIO

MAX_MEMORY = 2 << 30
MAX_SECONDS = 300


def main(path: str, out: TextIO) -> None:
    """Write the rows of the workbook at `path`, and how it ended."""
    _limit()
    from python_calamine import CalamineError, PasswordError

    try:
        refused = _write_rows(path, out)
    except PasswordError:
        refused = "It is protected with a password: save it without one."
    except (CalamineError, OSError, ValueError):
        refused = "It is damaged, or no XLSX file."
    print(json.dumps({"refused": refused}), file=out)


def _write_rows(path: str, out: TextIO) -> str:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    with CalamineWorkbook.from_path(path) as workbook:
        for index, about in enumerate(workbook.sheets_metadata):
            if about.typ != SheetTypeEnum.WorkSheet or about.visible != SheetVisibleEnum.Visible:
                continue
            sheet = workbook.get_sheet_by_index(index)
            if sheet.start is None:
                continue
            for number, cells in enumerate(sheet.iter_rows(), 1):
                if any(cell != "" for cell in cells):
                    out.write(json.dumps([number, [_text(cell) for cell in cells]], ensure_ascii=True))
                    out.write("\n")
            return ""
    return "It has no visible sheet with anything in it."


def _text(cell: Any) -> str:
    """Return what a spreadsheet shows for a cell, near enough."""
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows has none
        return
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))


if __name__ == "__main__":
    main(sys.argv[1], sys.stdout)
