"""What repeats is told once a minute."""

import logging

from flodesk_mcp.observability.logging import OnceAMinute


def test_a_trouble_is_told_once_a_minute_with_how_often_it_came() -> None:
    now = 0.0
    repeated = OnceAMinute(lambda: now)
    told = []
    for now in (0.0, 1.0, 59.0, 60.0, 61.0, 120.0):
        for trouble, words in (("database", "%s hangs"), (None, "%s is well")):
            record = logging.makeLogRecord({"msg": words, "args": ("It",), "repeats": trouble})
            if repeated.filter(record):
                told.append((now, record.getMessage()))
    assert [line for line in told if "hangs" in line[1]] == [
        (0.0, "It hangs"),
        (60.0, "It hangs (and 2 such lines left out)"),
        (120.0, "It hangs (and 1 such lines left out)"),
    ]
    assert len(told) == 3 + 6


def test_one_trouble_does_not_hide_another() -> None:
    repeated = OnceAMinute(lambda: 0.0)
    for trouble in ("database", "flodesk"):
        assert repeated.filter(logging.makeLogRecord({"msg": "It hangs", "repeats": trouble}))
