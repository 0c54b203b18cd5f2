"""A workflow with mistakes, as far as it can be understood, so that what is right in it is checked too."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from agentmem.workflow.problems import Key
from agentmem.workflow.spec import WorkflowSpec

_ROUNDS: Final = 5
"""Mending one thing can bring out another, such as the keys of a step that was no mapping."""


def draft_spec(value: Mapping[str, Any]) -> WorkflowSpec | None:
    """The spec without what is wrong with its form; positions of steps stay. None if nothing is left to understand."""
    draft = copy.deepcopy(dict(value))
    for _ in range(_ROUNDS):
        try:
            return WorkflowSpec.model_validate(draft)
        except ValidationError as error:
            for details in error.errors(include_input=False, include_url=False):
                _mend(draft, details["loc"])
    return None


def is_placeholder(step_id: str) -> bool:
    """Whether a step's id stands for one that the workflow does not say."""
    return step_id.startswith(_UNNAMED)


def _mend(draft: dict[str, Any], loc: Key) -> None:
    """Take away the value at `loc`; where one must be, put a placeholder."""
    container: Any = draft
    walked: list[tuple[Any, str | int]] = []
    for part in loc:
        inside = part in container if isinstance(container, dict) else isinstance(part, int) and part < len(container)
        if not inside:
            break
        walked.append((container, part))
        container = container[part]
        if not isinstance(container, dict | list):
            break
    wanted = str(loc[-1])
    if len(walked) < len(loc) and wanted in _PLACEHOLDERS and isinstance(container, dict):
        container[wanted] = _placeholder(wanted, loc)
    elif walked:
        _remove(walked, loc)


def _remove(walked: list[tuple[Any, str | int]], loc: Key) -> None:
    container, part = walked[-1]
    if isinstance(container, dict):
        del container[part]
    elif loc[0] in ("plan", "checks") and len(walked) == 2:
        container[int(part)] = {}
    elif len(walked) > 1:
        outer, name = walked[-2]
        del outer[name]


_UNNAMED: Final = "Unnamed_"
"""Begins the id of a step that has none, or none that can be used."""
_PLACEHOLDERS: Final[Mapping[str, Any]] = {"id": "", "name": "?", "that": True}


def _placeholder(name: str, loc: Key) -> Any:
    return f"{_UNNAMED}{loc[1]}" if name == "id" else _PLACEHOLDERS[name]
