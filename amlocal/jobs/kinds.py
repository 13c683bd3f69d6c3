"""What a job is to the person who sent it: the SDK wraps some things into jobs of other kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COMMAND = "Command jobs"


def name(asked: Mapping[str, Any]) -> str:
    """Its kind in the plural, COMMAND for a command job. An import of data (`data.import_data`) comes as a pipeline and
    once came as a command called `import`."""
    nodes = asked.get("jobs")
    steps = [node for node in nodes.values() if isinstance(node, dict)] if isinstance(nodes, dict) else []
    properties = asked.get("properties") or {}
    is_import = "azureml.materializationAssetName" in properties or any(
        "import" in (str(step.get("type")), str(step.get("task")).partition("_")[0]) for step in steps
    )
    if is_import or (asked.get("command") == "import" and "source" in str(asked.get("inputs"))):
        return "Imports of data"
    return f"{asked.get('jobType')} jobs"
