"""An entry goes in and out, and everything else in the file stays, to the last sign."""

import json
import tomllib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from flodesk_mcp.mcp_clients import NAME, NotValid
from flodesk_mcp.mcp_clients.edit import Editor
from flodesk_mcp.mcp_clients.jsonc import JSON, JSONC
from flodesk_mcp.mcp_clients.toml import TOML
from flodesk_mcp.mcp_clients.yaml import YAML

ENTRY = {"command": "/opt/a b/flodesk-mcp", "args": ["--toolsets", "all"]}
OTHER = {"command": "elsewhere", "args": []}

JSON_TEXTS = [
    "{}",
    "{}\n",
    '{"a": 1}',
    '{\n  "theme": "dark"\n}\n',
    '{\n\t"mcpServers": {}\n}\n',
    '{"mcpServers":{"x":{"command":"y"}},"z":[1,2.50,"é\\u00e9"]}',
    '{\n    "mcpServers": {\n        "x": {\n            "command": "y"\n        }\n    },\n    "after": null\n}',
    '{\r\n  "mcpServers": {\r\n    "x": { "command": "y" }\r\n  }\r\n}\r\n',
]
COMMENTED = [
    "// nothing yet\n{\n}\n",
    '{\n  // mine\n  "mcpServers": {\n    "x": {"command": "y"}, // keep, please\n    /* the last, one, */\n  },\n}\n',
    '{\n  "mcpServers": {\n    "x": {"command": "//no comment"} // this is one: {,}\n  }\n}\n',
    '{"mcpServers": {"x": {"command": "y",},},}',
    '{\n  "mcpServers": {\n    // empty as yet\n  }\n}\n',
]
TOML_TEXTS = [
    "",
    "# mine\n",
    'model = "o5"\n\n[mcp_servers.x]\ncommand = "y" # why\n\n[other]\nlist = [\n  1,\n  2, # two\n]\n',
    '[mcp_servers]\n[mcp_servers.x]\ncommand = "y"',
    'a = 1\r\n[mcp_servers.x]\r\ncommand = "y"\r\n',
]
YAML_TEXTS = [
    "",
    "# mine\n",
    "GOOSE_PROVIDER: anthropic  # whose\nGOOSE_MODEL: some\n",
    "extensions:\n",
    "extensions: {}\nafter: 1\n",
    "extensions: {} # none\nafter: [1,  2]\n",
    "extensions:\n  developer:\n    enabled: true # always\n    type: builtin\n\n# the end\nafter: |\n  text\n",
    "extensions:\n    x:\n        cmd: y\nlast: 'it''s'",
    "a: 1\r\nextensions:\r\n  x:\r\n    cmd: y\r\n",
]

TEXTS = [
    *[(JSON, "mcpServers", text) for text in JSON_TEXTS],
    *[(JSONC, "mcpServers", text) for text in [*JSON_TEXTS, *COMMENTED]],
    *[(TOML, "mcp_servers", text) for text in TOML_TEXTS],
    *[(YAML, "extensions", text) for text in YAML_TEXTS],
]
every_text = pytest.mark.parametrize(("editor", "servers", "text"), TEXTS)


EXACTLY = [
    (
        JSONC,
        "servers",
        '{\n  // mine\n  "servers": {\n    "x": {"command": "y"} // keep\n    /* the last one */\n  },\n}\n',
        '{\n  // mine\n  "servers": {\n    "x": {"command": "y"}, // keep\n    /* the last one */\n'
        '    "flodesk": {\n      "command": "f"\n    }\n  },\n}\n',
    ),
    (JSON, "servers", '{"servers": {"x": {}}, "a": 1}', '{"servers": {"x": {}, "flodesk": {"command": "f"}}, "a": 1}'),
    (
        TOML,
        "mcp_servers",
        '# mine\n[mcp_servers.flodesk]\ncommand = "old"\nenv = { A = "b" }\n\n# yours\n[other]\na = 1 # one\n',
        '# mine\n\n# yours\n[other]\na = 1 # one\n\n[mcp_servers.flodesk]\ncommand = "f"\n',
    ),
    (
        YAML,
        "extensions",
        "a: 1 # one\nextensions:\n    # mine\n    x:\n        cmd: 'y'\n\nb:  2\n",
        "a: 1 # one\nextensions:\n    # mine\n    flodesk:\n      command: f\n    x:\n        cmd: 'y'\n\nb:  2\n",
    ),
]


@pytest.mark.parametrize(("editor", "servers", "before", "after"), EXACTLY)
def test_only_what_must_is_changed(editor: Editor, servers: str, before: str, after: str) -> None:
    assert editor.with_entry(before, servers, NAME, {"command": "f"}) == after


def _without(longer: str, shorter: str) -> bool:
    """Tell whether `shorter` is what remains of `longer` when signs are left out, in order."""
    signs = iter(longer)
    return all(sign in signs for sign in shorter)


@every_text
def test_what_was_there_is_there_still(editor: Editor, servers: str, text: str) -> None:
    after = editor.with_entry(text, servers, NAME, ENTRY)
    assert editor.entry(after, servers, NAME) == ENTRY
    assert _without(after, text.replace(" {}", "") if editor is YAML else text)


@every_text
def test_the_second_time_changes_nothing(editor: Editor, servers: str, text: str) -> None:
    once = editor.with_entry(text, servers, NAME, ENTRY)
    assert editor.with_entry(once, servers, NAME, ENTRY) == once


@every_text
def test_another_entry_takes_its_place(editor: Editor, servers: str, text: str) -> None:
    once = editor.with_entry(text, servers, NAME, ENTRY)
    assert editor.with_entry(editor.with_entry(text, servers, NAME, OTHER), servers, NAME, ENTRY) == once


@every_text
def test_taken_out_again_it_leaves_the_file_as_it_was(editor: Editor, servers: str, text: str) -> None:
    after = editor.without_entry(editor.with_entry(text, servers, NAME, ENTRY), servers, NAME)
    if servers in text and "{}" not in text and text != "extensions:\n":
        assert after == text if text.endswith(("}", "\n")) else after.rstrip() == text
    else:  # a list of servers, with none in it, is what remains of the entry
        assert editor.entry(after, servers, NAME) is None
        assert _without(after, text.replace(" {}", ""))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("editor", "servers", "text"),
    [
        (JSONC, "servers", '{\n  "servers": {\n    "x": {}\n  }\n}\n'),
        (TOML, "mcp_servers", "a = 1\n"),
        (YAML, "extensions", "a: 1\nb: 2\n"),
    ],
)
def test_lines_end_as_they_do_in_the_file(editor: Editor, servers: str, text: str, end: str) -> None:
    after = editor.with_entry(text.replace("\n", end), servers, NAME, ENTRY)
    assert after.count("\n") == after.count(end)


@pytest.mark.parametrize(
    ("editor", "servers", "text", "why"),
    [
        (JSON, "mcpServers", '{"a": 1,}', "line 1"),
        (JSON, "mcpServers", "{\n  // a comment\n}", "line 2"),
        (JSON, "mcpServers", "[]", "something else"),
        (JSONC, "mcpServers", '{"a": 1 "b"}', "line 1"),
        (JSONC, "mcpServers", '{"a": 1} x', "line 1"),
        (JSONC, "mcpServers", '{\n"a": [1, }', "line 2"),
        (JSONC, "mcpServers", "{" + '"a":{' * 400, "line 1"),
        (JSONC, "mcpServers", '{"mcpServers": []}', "something else"),
        (TOML, "mcp_servers", "a = ", "TOML"),
        (TOML, "mcp_servers", 'mcp_servers = { x = { command = "y" } }', "by hand"),
        (YAML, "extensions", "a: [1", "YAML"),
        (YAML, "extensions", "- a", "something else"),
    ],
)
def test_a_text_that_is_not_valid_is_refused(editor: Editor, servers: str, text: str, why: str) -> None:
    with pytest.raises(NotValid, match=why):
        editor.with_entry(text, servers, NAME, ENTRY)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
files = st.dictionaries(st.text(), values, max_size=3)
servers = st.dictionaries(st.text(min_size=1), st.dictionaries(st.text(), values, max_size=2), max_size=3)


@settings(deadline=None)
@given(files, servers, st.sampled_from([None, 1, 2, "\t"]))
def test_any_settings_of_a_client_survive_in_json(content: object, listed: object, indent: int | str | None) -> None:
    assert isinstance(content, dict)
    assert isinstance(listed, dict)
    text = json.dumps({**content, "mcpServers": listed}, indent=indent)
    after = json.loads(JSONC.with_entry(text, "mcpServers", NAME, ENTRY))
    assert after == {**content, "mcpServers": {**listed, NAME: ENTRY}}
    assert json.loads(JSONC.without_entry(json.dumps(after, indent=indent), "mcpServers", NAME)) == {
        **content,
        "mcpServers": {key: value for key, value in listed.items() if key != NAME},
    }


@settings(deadline=None)
@given(files, servers)
def test_any_settings_of_a_client_survive_in_yaml(content: object, listed: object) -> None:
    assert isinstance(content, dict)
    assert isinstance(listed, dict)
    text = yaml.safe_dump({**content, "extensions": listed}, default_flow_style=False)
    after = yaml.safe_load(YAML.with_entry(text, "extensions", NAME, ENTRY))
    assert after == {**content, "extensions": {**listed, NAME: ENTRY}}


def test_a_table_that_only_looks_like_ours_stays() -> None:
    text = '[mcp_servers.x]\nargs = ["""\n[mcp_servers.flodesk]\n"""]\n'
    assert tomllib.loads(TOML.with_entry("", "mcp_servers", NAME, ENTRY)) == {"mcp_servers": {NAME: ENTRY}}
    with pytest.raises(NotValid, match="by hand"):
        TOML.with_entry(text, "mcp_servers", NAME, ENTRY)
