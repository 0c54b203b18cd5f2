"""JSON Schema of workflow files."""

from __future__ import annotations

from typing import Any

from agentmem.tools.registry import BUILT_IN
from agentmem.workflow.spec import WorkflowSpec


def workflow_schema() -> dict[str, Any]:
    """The schema that editors complete and check workflow files with."""
    schema = WorkflowSpec.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "agentmem workflow"
    step = schema["$defs"]["StepSpec"]["properties"]
    step["tool"]["examples"] = [*BUILT_IN, "module:function"]
    _allow_bare_values(schema)
    return schema


def _allow_bare_values(schema: dict[str, Any]) -> None:
    """An input may be a bare default, and `folders` one folder: what the validators accept besides the fields."""
    inputs = schema["properties"]["inputs"]
    spec = inputs.get("additionalProperties") or inputs["patternProperties"].popitem()[1]
    bare = {"anyOf": [spec, {"type": ["string", "number", "boolean", "array", "null"]}]}
    inputs.pop("patternProperties", None)
    inputs["additionalProperties"] = bare
    folders = schema["properties"]["folders"]
    described = {key: folders.pop(key) for key in ("type", "items") if key in folders}
    folders["anyOf"] = [described, {"type": "string"}]
