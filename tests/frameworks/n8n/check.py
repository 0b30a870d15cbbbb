"""n8n: every node of the workflow, and each of its parameters, is one that n8n's package has.

n8n itself is more than a gigabyte with what it needs; its package of nodes tells what may stand in a workflow.
"""

import json
import sys
from pathlib import Path
from typing import Any

WORKFLOW = Path(__file__).parents[3] / "docs" / "frameworks" / "n8n" / "workflow.json"
MANIFEST = Path(__file__).parents[3] / "tool_manifest.json"
PACKAGE = "@n8n/n8n-nodes-langchain."


def described(package: Path, type: str, version: float) -> dict[str, Any]:
    """Return what the package says of a node in that version."""
    known = json.loads((package / "dist/types/nodes.json").read_text(encoding="utf-8"))
    for node in known:
        versions = node["version"] if isinstance(node["version"], list) else [node["version"]]
        if PACKAGE + node["name"] == type and version in versions:
            return dict(node)
    raise AssertionError(f"n8n has no {type} of version {version}")


def check(values: dict[str, Any], properties: list[dict[str, Any]], where: str) -> None:
    """Compare parameters with the properties that a node has. Raises AssertionError."""
    for name, value in values.items():
        found = [known for known in properties if known["name"] == name]
        assert found, f"{where} has no parameter {name}"
        for known in found:
            if known["type"] == "options":
                choices = [choice["value"] for choice in known["options"]]
                assert value in choices or known is not found[-1], f"{where}: {name} is one of {choices}"
            elif known["type"] == "collection":
                check(value, known["options"], f"{where}.{name}")


def main(package: Path) -> str:
    """Check the workflow, and return in one line what held. Raises AssertionError."""
    workflow = json.loads(WORKFLOW.read_text(encoding="utf-8"))
    nodes = {node["name"]: node for node in workflow["nodes"]}
    for node in nodes.values():
        check(node["parameters"], described(package, node["type"], node["typeVersion"])["properties"], node["name"])
    for source, outputs in workflow["connections"].items():
        for kind, ends in outputs.items():
            outs = described(package, nodes[source]["type"], nodes[source]["typeVersion"])["outputs"]
            assert kind in {out["type"] if isinstance(out, dict) else out for out in outs}, (source, kind)
            assert all(end["node"] in nodes and end["type"] == kind for group in ends for end in group)
    tools = {tool["name"] for tool in json.loads(MANIFEST.read_text(encoding="utf-8"))["tools"]}
    assert set(nodes["Flodesk"]["parameters"]["excludeTools"]) < tools
    return f"{len(nodes)} nodes and their parameters are n8n's own"


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
