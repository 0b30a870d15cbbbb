"""What a run of the tests says of itself: what is checked, how long that takes, what was left out and why."""

from collections import Counter
from pathlib import Path

import pytest

SAID = [
    "What flodesk-mcp promises, checked on the embedded Flodesk: nothing leaves this machine, and no key is needed.",
    "  the tools in both eras of the protocol; the API client; quota and repeats; imports, syncs, exports, jobs;",
    "  the hosted server, its sign-in and its pages; commands, recipes, skills, every command of the documentation.",
    "It takes about twenty minutes on two cores. What this machine lacks programs for is left out: see the end.",
]


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is checked, where everything is."""
    asked = {Path(argument.partition("::")[0]) for argument in config.args}
    return SAID if asked <= {Path("tests"), Path(str(config.rootpath / "tests"))} else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line for each reason how many tests were left out for it."""
    skipped = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    if skipped:
        terminalreporter.section("left out", sep="-")
    for reason, number in skipped.most_common():
        terminalreporter.line(f"{number:4} {reason.removeprefix('Skipped: ')}")
