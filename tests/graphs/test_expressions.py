from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from agentmem.graphs.expressions import ExpressionError, literals, names, references, render

SCOPE: dict[str, Any] = {
    "inputs": {"folder": "docs", "questions": ["a?", "b?"]},
    "steps": {
        "items": {"output": [{"known": True, "citations": []}], "status": "done"},
        "read": {"output": {"n": 3}, "status": "done"},
    },
    "run": "r1",
    "now": datetime(2024, 1, 1, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ inputs.questions }}", ["a?", "b?"]),
        ("  {{ inputs.questions | length }}\n", 2),
        ("n: {{ inputs.questions | length }}", "n: 2"),
        ("{{ inputs.questions }} {{ run }}", "['a?', 'b?'] r1"),
        ("{{ steps.read.output.n + 1 }}", 4),
        ("{{ steps['read'].status }}", "done"),
        ("{{ steps.items.output | selectattr('known') | rejectattr('citations') | list | length == 0 }}", False),
        ("{{ inputs.questions | map('upper') }}", ["A?", "B?"]),
        ("{{ inputs.items() }}", [["folder", "docs"], ["questions", ["a?", "b?"]]]),
        ("{{ now.year }}", 2024),
        ("{{ inputs.nothing | default('d') }}", "d"),
        ("{% for q in inputs.questions %}- {{ q }}\n{% endfor %}", "- a?\n- b?\n"),
        ("no expression at all", "no expression at all"),
    ],
)
def test_whole_expressions_are_native_and_others_text(text: str, value: object) -> None:
    assert render(text, SCOPE) == value


def test_renders_inside_of_lists_and_mappings() -> None:
    assert render({"a": ["{{ run }}", 1], "b": {"c": "{{ inputs.folder }}"}}, SCOPE) == {
        "a": ["r1", 1],
        "b": {"c": "docs"},
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ inputs.foldr }}", "did you mean 'folder'?"),
        ("{{ nothing }}", "'nothing' is not in scope"),
        ("{{ [nothing] }}", "'nothing' is not in scope"),
        ("x {{ steps.raed.output }}", "did you mean 'read'?"),
        ("{{ inputs.folder.size }}", "text has no 'size'"),
        ("{{ a b }}", "cannot read the expression"),
        ("{{ 'a' | nope }}", "No filter named 'nope'"),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_errors_say_what_is_wrong_and_show_the_expression(text: str, problem: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        render(text, SCOPE)
    assert problem in caught.value.message
    assert text in caught.value.message


def test_unknown_names_are_told_what_is_in_scope() -> None:
    with pytest.raises(ExpressionError) as caught:
        render("{{ nothing }}", SCOPE)
    assert caught.value.hint == "In scope: inputs (folder, questions), steps (items, read), run, now."


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 10 ** 9 }}",
        "{{ 2 ** 100000 }}",
        "{{ 'a'.ljust(10 ** 9) }}",
        "{{ 'a' | center(10 ** 9) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%1000000000d' | format(1) }}",
        "{{ '{:>1000000000}'.format(1) }}",
        "{{ '{:{w}}'.format(1, w=10 ** 9) }}",
        "{% for i in range(1000000) %}x{% endfor %}",
        "{% for i in range(99999) %}{{ 'x' * 9999 }}{% endfor %}",
        "{{ lipsum(100000) }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ inputs.questions.append('c') }}",
        "{{ render.__globals__ }}",
    ],
)
def test_the_sandbox_refuses_what_would_escape_or_grow(text: str) -> None:
    with pytest.raises(ExpressionError):
        render(text, SCOPE)


def test_finds_the_steps_that_expressions_name() -> None:
    value = ["{{ steps.a.output }}", {"x": "{{ steps['b'].status }} and {% if steps.c.output %}{% endif %}"}, 3]
    assert references(value) == {"a", "b", "c"}


def test_a_loop_variable_called_steps_is_no_reference() -> None:
    assert references("{% for s in inputs.x %}{{ s.steps.q }}{% endfor %}") == frozenset()


@pytest.mark.parametrize("text", ["{{ steps }}", "{{ steps[inputs.x] }}", "{{ steps.a.outptu }}"])
def test_steps_must_be_named_where_they_are_used(text: str) -> None:
    with pytest.raises(ExpressionError):
        references(text)


def test_names_are_found_by_root() -> None:
    found = names("{{ inputs.a }} {{ item.b }} {{ range(3) }}")
    assert (sorted(found.roots), sorted(found.inputs)) == (["inputs", "item"], ["a"])


def test_literals_are_the_text_outside_of_expressions() -> None:
    assert literals(["{{ inputs.a }} and {{ 'b' }}", {"x": "plain"}]).split() == ["and", "b", "plain"]
