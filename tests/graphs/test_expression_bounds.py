"""Expressions that would hang, fill the memory, escape or break the compiler: each ends in one clear error."""

from __future__ import annotations

import resource
from datetime import UTC, datetime
from typing import Any

import pytest

from agentmem.graphs.expressions import ExpressionError, names, process, render
from agentmem.graphs.expressions.process import EVALUATOR
from agentmem.graphs.expressions.templates import template

BIG = "x" * 1_000_000
SCOPE: dict[str, Any] = {
    "inputs": {
        "big": BIG,
        "words": ["a"] * 100_000,
        "rows": [{"n": n, "s": "a b"} for n in range(20_000)],
        "folder": "docs",
    },
    "steps": {"a": {"output": {"n": 3}, "status": "done"}, "b": {"output": ["x", "y"], "status": "done"}},
    "run": "r1",
    "now": datetime(2024, 1, 1, tzinfo=UTC),
}

TOO_LONG = [
    '{{ 1 | round(999999999, "ceil") }}',
    "{{ 1 | round(-999999999) }}",
    "{{ 7 ** 99999999 % 3 }}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in inputs.rows %}{% for b in inputs.rows %}{{ a.n }}{% endfor %}{% endfor %}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{% set ns = namespace(x=3) %}{% for i in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}{{ ns.x }}",
    "{{ ([[1]] * 99999) | sum(start=[]) | length }}",
    "{{ [1] | slice(10 ** 9) | list }}",
    "{{ inputs.big.strip('a' * 1000000 ~ 'x') }}",
    f"{{{{ {'9' * 4000} ** {'9' * 4000} }}}}",
]
TOO_LARGE = [
    "{{ 'a' * 10 ** 9 }}",
    "{{ 'a\x00' * 10 ** 9 }}",
    "{{ '\\t'.expandtabs(10 ** 9) }}",
    "{{ 'a' | center(10 ** 9) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%*d' | format(1000000000, 1) }}",
    "{{ '{:{w}}'.format(1, w=10 ** 9) }}",
    "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
    "{{ inputs.words | join(inputs.big) | length }}",
    "{{ inputs.big | replace('x', inputs.big) }}",
    "{{ 'a' | indent(10 ** 9, true) }}",
    "{{ inputs.big | wordwrap(1, wrapstring=inputs.big) }}",
    "{{ ([inputs.big] * 1000) | tojson }}",
    "{{ {'a': inputs.big * 200} | xmlattr }}",
    "{{ (inputs.words * 10000) | groupby('n') | list }}",
    "{{ range(99999) | map('string') | map('center', 99999) | join }}",
    "{{ now.strftime('%Y' * 99999999) }}",
    "{{ 'a'.translate({97: 'b' * 10 ** 9}) }}",
    "{% set x %}{% for i in range(99999) %}{{ 'x' * 99999 }}{% endfor %}{% endset %}{{ x }}",
]
TOO_LARGE_A_RESULT = [
    "{{ 2 ** 100000 }}",
    "{{ [10 ** 5000] | sum }}",
    "{% for i in range(99999) %}{{ 'x' * 9999 }}{% endfor %}",
    "{% for i in range(99999) %}{{ inputs.big }}{% endfor %}",
    "{{ inputs.big | urlencode * 100 }}",
    f"{{{{ [{'inputs.big, ' * 11}] }}}}",
    f"{{{{ inputs.big{' ~ inputs.big' * 10} }}}}",
    f"{'{{ inputs.big }}' * 11}",
]
TOO_DEEP = [
    f"{{{{ {'(' * 5000}1{')' * 5000} }}}}",
    f"{{{{ {'[' * 300}{']' * 300} }}}}",
    f"{{{{ {'not ' * 5000}1 }}}}",
    f"{{{{ {'-' * 5000}1 }}}}",
    f"{{{{ 1{'+1' * 3000} }}}}",
    f"{{{{ run{'|upper' * 3000} }}}}",
    f"{{{{ run{'.a' * 3000} }}}}",
    f"{'{% if 1 %}' * 120}{'{% endif %}' * 120}",
    f"{'{% for i in [1] %}' * 25}{'{% endfor %}' * 25}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% macro f() %}{{ caller() }}{{ f() }}{% endmacro %}{% call f() %}{% call f() %}{% endcall %}{% endcall %}",
    "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% block a %}{{ self.a() }}{% endblock %}",
    "{% set ns = namespace(x=[]) %}{% for i in range(999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
]
ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ ''['__class__'] }}",
    "{{ '' | attr('__class__') }}",
    "{{ [].__class__.__base__.__subclasses__() }}",
    "{{ '{0.__class__.__mro__}'.format(1) }}",
    "{{ '{a.__init__.__globals__}'.format_map({'a': run}) }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ self.__init__.__globals__ }}",
    "{{ inputs.words.append('c') }}",
    "{{ range.mro() }}",
    "{{ cycler('a') }}",
    "{{ namespace(a=1) }}",
    "{{ range }}",
    "{{ inputs.keys }}",
    "{{ 'a'.encode() }}",
    "{% include '/etc/passwd' %}",
    "{% from 'os' import system %}",
]
MALFORMED = [
    f"{{{{ {'9' * 6000} }}}}",
    "{{ 1e999 }}",
    "{{ 1\u0663.5 }}",
    "{{ \u0967 ** \u096f }}",
    "{{ \ud800 }}",
    "{{ 1[1:2] }}",
    "{{ now.replace(year=99999) }}",
    "{{ 10.0 ** 400 }}",
    "{{ " * 5000,
    "{# " * 5000,
    f"{{{{ '{'a' * 200_000}' }}}}",
]


@pytest.fixture
def little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "SECONDS", 0.25)


@pytest.mark.usefixtures("little_time")
def test_every_hostile_expression_ends_in_one_error_and_leaves_no_trace_in_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    hostile = [*TOO_LONG, *TOO_LARGE, *TOO_LARGE_A_RESULT, *TOO_DEEP, *ESCAPES, *MALFORMED]
    for text in hostile:
        with pytest.raises(ExpressionError) as caught:
            render(text, SCOPE)
        assert caught.value.message.encode(), text
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@pytest.mark.parametrize("text", [*TOO_LONG, *TOO_LARGE, *TOO_LARGE_A_RESULT, *ESCAPES])
def test_reading_an_expression_computes_nothing(text: str) -> None:
    process_before = EVALUATOR._process
    try:
        names(text)
    except ExpressionError:
        assert "include" in text or "import" in text or "keys" in text or "range" in text
    assert EVALUATOR._process is process_before


@pytest.mark.usefixtures("little_time")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TOO_LONG[0], "it takes longer than 0.25 s"),
        (TOO_LARGE[0], "it needs more than 256 MB"),
        (TOO_LARGE_A_RESULT[0], "a number of more than 4,096 bits"),
        (TOO_LARGE_A_RESULT[2], "more than 10,000,000 characters or values"),
        (TOO_DEEP[0], "nested more than 50 levels deep"),
        (TOO_DEEP[9], "calls itself without end, or is nested too deeply"),
        (ESCAPES[0], "not allowed, access to attribute '__class__'"),
        (ESCAPES[10], "a value of the type Cycler, no plain value"),
        (MALFORMED[0], "a number in it is malformed or too long"),
        (MALFORMED[1], "a number in it is too large"),
        (MALFORMED[-1], "at most 100,000 characters"),
    ],
)
def test_the_error_names_the_limit(text: str, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        render(text, SCOPE)
    assert words in caught.value.message


ORDINARY: list[tuple[str, object]] = [
    ("{{ steps.a.output }}", {"n": 3}),
    ("{{ steps['b'].output[0] }}", "x"),
    ("{{ steps.b.output[-1:] }}", ["y"]),
    ("{{ now }}", SCOPE["now"]),
    ("{{ now.isoformat() }}", "2024-01-01T00:00:00+00:00"),
    ("{{ now.date() }}", SCOPE["now"].date()),
    ("{{ steps.a.output.n + 1 }}", 4),
    ("{{ steps.a.output.n // 2 - 1.5 }}", -0.5),
    ("{{ steps.b.output + ['z'] }}", ["x", "y", "z"]),
    ("{{ steps.a.output.get('m', 5) }}", 5),
    ("{{ run.startswith('r') and not run.upper() == 'X' }}", True),
    ("{{ 'd' if 'x' in steps.b.output else 'e' }}", "d"),
    ("{{ steps.a.status is defined and inputs.nothing is not defined }}", True),
    ("{{ inputs.nothing | default('d') }}", "d"),
    ("{{ steps.b.output | join(', ') }}", "x, y"),
    ("{{ steps.b.output | map('upper') | list }}", ["X", "Y"]),
    ("{{ inputs.rows | map(attribute='n') | sum }}", 199_990_000),
    ("{{ inputs.rows | selectattr('n', 'lt', 2) | list | length >= 2 }}", True),
    ("{{ run ~ '-' ~ steps.a.output.n }}", "r1-3"),
    ("{{ run ~ ': ' ~ steps.b.output | join(', ') ~ '.' }}", "r1: x, y."),
    ("{{ {'a': [1, 2.5, none, true]} }}", {"a": [1, 2.5, None, True]}),
    ("{{ {1: 'a'} }}", {1: "a"}),
    ("{% if run %}yes{% else %}no{% endif %}, {{ run }}", "yes, r1"),
    ("a {{ steps.b.output }}", "a ['x', 'y']"),
]
THROUGH_THE_PROCESS: list[tuple[str, object]] = [
    ("{{ steps.a.output.n * 2 }}", 6),
    ("{{ 2 ** 10 }}", 1024),
    ("{{ 2.567 | round(1) }}", 2.6),
    ("{{ '%05.1f' | format(2.5) }}", "002.5"),
    ("{{ steps.b.output | sort(reverse=true) }}", ["y", "x"]),
    ("{{ steps.b.output | tojson }}", '["x", "y"]'),
    ("{{ 'a-b' | replace('-', '+') }}", "a+b"),
    ("{{ range(3) | list }}", [0, 1, 2]),
    ("{{ now.strftime('%d.%m.%Y') }}", "01.01.2024"),
    ("{{ (now - now).total_seconds() }}", 0.0),
    ("{{ now.replace(year=2025) }}", datetime(2025, 1, 1, tzinfo=UTC)),
    ("{% for x in steps.b.output %}- {{ x }}\n{% endfor %}", "- x\n- y\n"),
    ("{% set n = steps.a.output.n %}{{ n }}", "3"),
    ("{% macro f(x) %}<{{ x }}>{% endmacro %}{{ f(run) }}", "<r1>"),
    ("{{ 'x' | center(3) ~ '\ud800' }}", " x \ud800"),
]


@pytest.mark.parametrize(("text", "value"), ORDINARY)
def test_ordinary_expressions_are_worked_out_here_and_would_be_the_same_there(text: str, value: object) -> None:
    assert template(text).is_harmless
    assert render(text, SCOPE) == value
    assert EVALUATOR.evaluate(text, template(text).part_of(SCOPE)) == value


@pytest.mark.parametrize(("text", "value"), THROUGH_THE_PROCESS)
def test_others_give_what_they_gave(text: str, value: object) -> None:
    assert not template(text).is_harmless
    given = render(text, SCOPE)
    assert given == value
    assert type(given) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *("{{ run | trim(inputs.big) }}", "{{ run.strip(inputs.big) }}", "{{ inputs.words | join(inputs.big) }}"),
        *("{{ run | join('123456789012345678901') }}", "{{ inputs.rows | sum(start=[]) }}", "{{ run | sum('n', []) }}"),
        *("{{ inputs.rows | selectattr('n', 'in', inputs.words) | list }}", "{{ inputs.rows | map('tojson') }}"),
        *("{{ inputs.words | select('in', inputs.words) }}", "{{ inputs.words | map('join', run) }}"),
        *("{{ inputs.words | join(*[inputs.big]) }}", "{{ inputs.words | join(**{'d': inputs.big}) }}"),
        *("{{ run.get(*inputs.words) }}", "{{ range(9) }}", "{{ run.upper }}{{ run.upper(1) }}"),
        f"{{{{ run{' ~ run' * 101} }}}}",
        *("{{ run | join('x') | join('x') }}", "{{ run | list | string | list | string }}", "{{ [[run] ~ 1] ~ 1 }}"),
        *(
            "{{ [run] | map('string') | list | string }}",
            "{{ (run ~ 1) | list ~ 1 }}",
            "{{ [[run] | string] | string }}",
        ),
    ],
)
def test_what_looks_cheap_and_is_not_goes_to_the_process(text: str) -> None:
    assert not template(text).is_harmless


@pytest.mark.parametrize(
    "text",
    [
        f"{{{{ [{'inputs.big | list, ' * 30}] | length }}}}",
        f"{{{{ (inputs.big{' ~ inputs.big' * 45}) | length }}}}",
        f"a {{{{ [{'inputs.big, ' * 45}] }}}}",
        "{{ inputs.big | upper | length }}" * 500,
        "{{ 'y' in inputs.big }}" * 500,
        "{{ inputs.rows | select | list | length }}" * 500,
    ],
)
def test_what_is_cheap_for_small_values_goes_to_the_process_for_large_ones(text: str) -> None:
    small = {"inputs": {"big": "x", "rows": [{"n": 1}]}}
    assert template(text).is_cheap(small)
    assert not template(text).is_cheap(SCOPE)


@pytest.mark.parametrize(
    "text",
    [
        "{{ inputs.words | length > 0 and inputs.rows[0].n == 0 }}",
        "{{ inputs.big if inputs.rows | first is mapping else inputs.nothing | default('') }}",
        "a {{ inputs.big }}",
    ],
)
def test_looking_up_is_cheap_however_large_the_values_are(text: str) -> None:
    values = {"inputs": {"big": BIG * 20, "words": ["a"] * 20_000_000, "rows": [{"n": 0}] * 9}}
    assert template(text).is_cheap(values)


def test_many_small_expressions_in_a_text_are_as_harmless_as_one() -> None:
    assert template("{{ run }} " * 200).is_harmless


def test_what_was_there_before_may_be_larger_than_what_an_expression_may_make() -> None:
    scope = {"steps": {"a": {"output": ["x" * 6_000_000, "y" * 6_000_000]}}}
    assert render("{{ steps.a.output }}", scope) == scope["steps"]["a"]["output"]
    with pytest.raises(ExpressionError, match="more than 10,000,000"):
        render("{{ steps.a.output or 1 }}", scope)


def test_a_result_is_nested_within_bounds() -> None:
    deep: list[Any] = []
    for _ in range(90):
        deep = [deep]
    assert render("{{ x or 1 }}", {"x": deep}) == deep
    with pytest.raises(ExpressionError, match="nested more than 100 levels deep"):
        render(f"{{{{ {'[' * 20}x{']' * 20} }}}}", {"x": deep})
