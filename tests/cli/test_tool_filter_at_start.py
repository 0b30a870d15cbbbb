"""The start of the server ends, with one line, where a limit cannot be meant as it is."""

import subprocess
import sys

import pytest


def start(*flags: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flodesk_mcp", "--sandbox", *flags],
        env=variables,
        input="",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("flags", "variables", "complaint"),
    [
        (["--toolsets", "segment"], {}, "There is no toolset 'segment'. Did you mean 'segments'?"),
        ([], {"FLODESK_TOOLSETS": "segment"}, "There is no toolset 'segment'. Did you mean 'segments'?"),
        (
            ["--exclude-tools", "create_a_segment"],
            {},
            "There is no tool 'create_a_segment'. Did you mean 'create_a_flodesk_segment'?",
        ),
        (
            ["--tools", "get_flodesk_account"],
            {},
            "FLODESK_TOOLS names 'get_flodesk_account', but its toolset is off: add 'account' to FLODESK_TOOLSETS.",
        ),
    ],
)
def test_a_limit_that_cannot_be_meant_ends_the_start(
    flags: list[str], variables: dict[str, str], complaint: str
) -> None:
    ended = start(*flags, **variables)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"flodesk-mcp: {complaint}\n")


def test_limits_that_are_right_let_it_start() -> None:
    ended = start("--toolsets", "all", "--tools", "get_flodesk_account", "--read-only")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
