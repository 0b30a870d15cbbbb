"""What repeats, in the log."""

import logging
from collections.abc import Iterator

import pytest

from flodesk_mcp.observability.logging import OnceAMinute


class Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.lines: list[str] = []
        self.addFilter(OnceAMinute(lambda: self.now))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log()
    logger = logging.getLogger(__name__)
    logger.addHandler(log)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    yield log
    logger.removeHandler(log)


def complain(name: str) -> None:
    logging.getLogger(__name__).warning("%s knocked", name)


def test_what_repeats_is_one_line_a_minute_with_its_number(log: Log) -> None:
    for number in range(1000):
        complain(f"stranger {number}")
    log.now = 60
    complain("somebody")
    complain("somebody else")
    assert log.lines == ["stranger 0 knocked", "somebody knocked (and 999 such lines left out)"]


def test_another_trouble_is_told_at_once(log: Log) -> None:
    complain("somebody")
    logging.getLogger(__name__).warning("something else")
    for number in ("x", "0"):
        try:
            1 / int(number)
        except (ValueError, ZeroDivisionError):
            logging.getLogger(__name__).exception("a defect")
    assert log.lines == ["somebody knocked", "something else", "a defect", "a defect"]


def test_what_is_no_warning_is_never_kept_back(log: Log) -> None:
    for _ in range(3):
        logging.getLogger(__name__).info("a write")
    assert len(log.lines) == 3
