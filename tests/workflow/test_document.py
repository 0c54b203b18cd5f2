from __future__ import annotations

import pytest

from agentmem.workflow.document import MAX_BYTES, parse_document

LAUGHS = b"a: &a [1,1,1,1,1,1,1,1,1,1]\n" + b"".join(
    b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 10)) for c in range(ord("b"), ord("k"))
)


def test_scalars_are_read_as_yaml_1_2_does() -> None:
    text = b"{a: 1, b: no, c: 012, d: 12:30, e: 1e3, f: 0x1f, g: ~, h: 2026-01-01, i: .5, j: '', k: true, l: on, m: -3}"
    assert parse_document(text, "f.yaml").value == {
        "a": 1, "b": "no", "c": "012", "d": "12:30", "e": 1000.0, "f": 31, "g": None, "h": "2026-01-01", "i": 0.5,
        "j": "", "k": True, "l": "on", "m": -3,
    }  # fmt: skip


def test_anchors_and_merges_work() -> None:
    document = parse_document(b"base: &b {x: 1, y: 2}\nmore: {<<: *b, y: 3}\nmost: {<<: [*b, {z: 5, x: 9}]}", "f.yaml")
    assert document.problems == []
    assert document.value["more"] == {"x": 1, "y": 3}
    assert document.value["most"] == {"x": 1, "y": 2, "z": 5}


def test_every_key_and_item_has_its_place() -> None:
    document = parse_document(b"plan:\n  - id: a\n    args: {text: hi}\n  - {id: b}\n", "f.yaml")
    assert document.place(("plan",)) == (1, 1)
    assert document.place(("plan", 0, "args", "text")) == (3, 12)
    assert document.place(("plan", 1)) == (4, 5)
    assert document.place(("plan", 1, "nothing", "there")) == (4, 5)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (b"", 1, "empty"),
        (b"# only a comment\n", 1, "empty"),
        (b"- a\n- b\n", 1, "mapping"),
        (b"just words", 1, "mapping"),
        (b"a: 1\nb: 2\na: 3\n", 3, "given twice; first in line 1"),
        (b"a: 1\nb: 'open\n", 3, "not valid YAML"),
        (b"a: b: c\n", 1, "mapping values"),
        (b"a:\n\tb: 1\n", 2, "cannot start any token"),
        (b"a: {{ x }}\n", 1, "a key must be a word"),
        (b"a: *nowhere\n", 1, "undefined alias"),
        (b"a: 1\n---\nb: 2\n", 2, "another document"),
        (b"a: &x [*x]\n", 1, "inside the value"),
        (b"a: !!python/object:os.system ls\n", 1, "no meaning here"),
        (b"a: !!int many\n", 1, "not a value of the type"),
        (b"a: \x00\n", 1, "binary"),
        (b"a: \xff\xfe\n", 1, "not UTF-8"),
        (b"a: \x01\n", 1, "not valid YAML"),
        (b"[" * 5_000, 1, "nested too deeply"),
        (LAUGHS, 1, "aliases"),
        (b"<<: 3\n", 1, "takes a mapping"),
        (b"a: " + b"x" * 1_000_000, 1, f"at most {MAX_BYTES:,}"),
    ],
)  # fmt: skip
def test_what_is_no_workflow_is_refused_with_its_line(text: bytes, line: int, said: str) -> None:
    problems = parse_document(text, "f.yaml").problems
    assert len(problems) == 1
    assert problems[0].line == line
    assert said in problems[0].message
