"""Files: jsonl brings the same store back, networkx reads GraphML, Cypher says what it should, any text survives."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import ConfigurationError, ConflictError, InputError
from agentmem.memory import Memory
from agentmem.records import EVERY_STATUS, Kind, RelationshipType
from agentmem.stores import SQLiteStore, Store, View
from agentmem.testing import BANK, adding, changeset, make_fact, make_node, relation
from agentmem.transfer import ExportFormat, compare, export, import_file
from agentmem.transfer.contents import contents_of
from agentmem.transfer.cypher_rows import rows_of
from agentmem.transfer.cypher_text import name_literal, text_literal
from agentmem.transfer.graphml import read_graphml
from agentmem.transfer.migrate import silent

if TYPE_CHECKING:
    pass

DEFAULT = "default"
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text(
    "\\u0041'\"`{}\n\r\t\x00\x01\x7f", max_size=12
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _text(store: Store, format_: ExportFormat, bank: str | None = None) -> str:
    stream = io.StringIO()
    export(store, stream, format=format_, banks=None if bank is None else [bank])
    return stream.getvalue()


def _stream(text: str) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(text.encode()))


# --- jsonl ------------------------------------------------------------------------------------------------------------


def test_jsonl_brings_the_same_store_back(source: Store, target: Store, tmp_path: Path) -> None:
    file = tmp_path / "memory.jsonl"
    written = export(source, file)
    assert written.operations == sum(source.statistics(bank).operations for bank in source.banks())
    report = import_file(target, file, trust="person")
    assert report.proved
    assert report.as_dict()["format"] == "jsonl"
    for bank in source.banks():
        parity = compare(source, target, bank, silent)
        assert parity.proved, parity.differences
        assert parity.recalls[0] == parity.recalls[1] > 0
    assert target.embedding == source.embedding
    assert _text(target, ExportFormat.JSONL) == file.read_text(encoding="utf-8")
    assert not list(tmp_path.glob("*.part"))


def test_jsonl_is_plain_and_every_line_is_json(source: Store) -> None:
    text = _text(source, ExportFormat.JSONL)
    assert text.isascii()
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[0]["format"] == "agentmem-journal"
    assert [line["end"]["bank"] for line in lines if "end" in line] == source.banks()
    assert sum("operation" in line for line in lines) + 3 == len(lines)


def test_an_import_goes_on_and_again_changes_nothing(source: Store, target: Store, tmp_path: Path) -> None:
    text = _text(source, ExportFormat.JSONL)
    lines = text.splitlines(keepends=True)
    cut = tmp_path / "cut.jsonl"
    for kept in ("".join(lines[:20]), "".join(lines[:30])[:-40]):  # between two lines, and in the middle of one
        cut.write_text(kept)
        with pytest.raises(InputError, match="cut off"):
            import_file(target, cut, trust="person")
    whole = tmp_path / "whole.jsonl"
    whole.write_text(text)
    assert import_file(target, whole, trust="person").proved
    again = import_file(target, whole, trust="person")
    assert again.proved
    assert [bank.copied for bank in again.banks] == [0, 0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"agent":"listener"', '"agent":"somebody"', "altered"),
        ('"seq":4,', '"seq":5,', "altered"),
        ('"op":"ADD"', '"op":"SUB"', "cannot be read"),
        ('"kind":"Episode"', '"kind":"Film"', "cannot be read"),
        ('"created_at":"2024', '"created_at":"MMXXIV', "cannot be read"),
        ('"version":1', '"version":9', "cannot be read"),
        ('{"end":', '{"ende":', "cannot be read"),
    ],
)
def test_a_file_that_was_altered(source: Store, target: Store, old: str, new: str, message: str) -> None:
    text = _text(source, ExportFormat.JSONL)
    assert old in text
    with pytest.raises(InputError, match=message) as raised:
        import_file(target, _stream(text.replace(old, new, 1)), trust="person")
    assert re.search(r"-:\d+$", raised.value.where)


def test_a_line_that_is_missing(source: Store, target: Store) -> None:
    lines = _text(source, ExportFormat.JSONL).splitlines(keepends=True)
    with pytest.raises(InputError, match="does not follow"):
        import_file(target, _stream("".join(lines[:5] + lines[6:])), trust="person")
    end = next(number for number, line in enumerate(lines) if line.startswith('{"end"'))
    with pytest.raises(InputError, match="are missing"):
        import_file(target, _stream("".join(lines[: end - 1] + lines[end:])), trust="person")


def test_a_bank_that_holds_something_else(source: Store, target: Store) -> None:
    target.commit(changeset(adding(make_fact("a", bank=DEFAULT)), bank=DEFAULT))
    with pytest.raises(ConfigurationError, match="something else"):
        import_file(target, _stream(_text(source, ExportFormat.JSONL)), trust="person")
    assert target.head(DEFAULT)[0] == 1


@pytest.mark.parametrize("text", ["", "hello", '{"a": 1}', "CREATE (n);", "\x00\xff"])
def test_files_that_are_something_else(target: Store, text: str) -> None:
    with pytest.raises(InputError, match="neither"):
        import_file(target, _stream(text), trust="person")


def test_no_such_file(target: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        import_file(target, tmp_path / "nothing.jsonl", trust="person")
    with pytest.raises(InputError, match="folder"):
        export(target, tmp_path)
    with pytest.raises(InputError, match="cannot be written"):
        export(target, tmp_path / "no" / "such" / "folder.jsonl")


# --- GraphML ----------------------------------------------------------------------------------------------------------


def _read(text: str) -> Any:
    return networkx.read_graphml(io.BytesIO(text.encode()), force_multigraph=True)


def test_networkx_reads_graphml(source: Store, tmp_path: Path) -> None:
    file = tmp_path / "memory.graphml"
    report = export(source, file, format=ExportFormat.GRAPHML, banks=[DEFAULT])
    graph = networkx.read_graphml(file, force_multigraph=True)
    counts = source.statistics(DEFAULT)
    assert graph.number_of_nodes() == sum(counts.nodes.values()) == report.nodes
    assert graph.number_of_edges() == sum(counts.relationships.values()) == report.relationships
    assert graph.is_directed()
    fact = next(n for n in source.scan(View(bank=DEFAULT, kinds=frozenset({Kind.FACT}))))
    attributes = graph.nodes[fact.id]
    assert (attributes["kind"], attributes["text"], attributes["trust"]) == ("Fact", fact.text, fact.trust)
    types = {data["type"] for _, _, data in graph.edges(data=True)}
    assert types == {type_.value for type_ in counts.relationships}


def test_graphml_comes_back_as_nodes_and_relationships(source: Store, target: Store, tmp_path: Path) -> None:
    file = tmp_path / "memory.graphml"
    export(source, file, format=ExportFormat.GRAPHML, banks=[DEFAULT])
    report = import_file(target, file, trust="person", embedder=HashingEmbedder)
    assert report.banks[0].copied > 0
    every = View(bank=DEFAULT, statuses=EVERY_STATUS)
    nodes = source.scan(every, limit=10_000)
    assert target.scan(every, limit=10_000) == nodes
    ids = [node.id for node in nodes]
    ours, theirs = ([d.relationship for d in store.relationships(DEFAULT, ids)] for store in (source, target))
    assert ours == theirs
    assert target.entries(DEFAULT, ids).keys() == source.entries(DEFAULT, ids).keys()
    answers = [
        Memory(store=s, embedder=HashingEmbedder(), bank=DEFAULT).reflect("Where does Marta live?")
        for s in (source, target)
    ]
    assert answers[0].answer == answers[1].answer
    again = import_file(target, file, embedder=HashingEmbedder)
    assert again.banks[0].copied == 0


def test_what_networkx_writes_comes_back_too(source: Store, target: Store, tmp_path: Path) -> None:
    graph = _read(_text(source, ExportFormat.GRAPHML, DEFAULT))
    file = tmp_path / "again.graphml"
    networkx.write_graphml(graph, file)
    import_file(target, file, embedder=HashingEmbedder, bank="mine")
    assert target.statistics("mine").nodes == source.statistics(DEFAULT).nodes
    assert target.statistics("mine").relationships == source.statistics(DEFAULT).relationships


@QUICK
@given(text=ANY_TEXT, key=ANY_TEXT, weight=st.floats(allow_nan=False), name=st.text(min_size=1, max_size=8))
def test_any_text_survives_graphml(text: str, key: str, weight: float, name: str) -> None:
    properties = {"quote": text, "weight": weight, "count": 3, "sure": True}
    try:
        name.encode()
    except UnicodeEncodeError:
        return
    id_ = name.replace("\0", "") or "x"
    with SQLiteStore("sqlite:///:memory:") as store:
        note = make_node(Kind.NOTE, id_, text=text, context=key, tags=(text, key), metadata={"m": text, "n": weight})
        fact = make_fact("b", text=key, key=text, subject=text)
        link = relation(RelationshipType.DERIVED_FROM, fact, note, **properties)
        store.commit(changeset(adding(note), adding(fact, relationships=[link])))
        written = _text(store, ExportFormat.GRAPHML)
    graph = read_graphml(io.BytesIO(written.encode()), "-", bank="")
    assert sorted(graph.nodes, key=lambda n: n.id) == sorted([note, fact], key=lambda n: n.id)
    assert graph.relationships == (link,)
    read = _read(written)
    assert read.number_of_nodes() == 2
    assert read.number_of_edges() == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("</graphml>", "", "no GraphML"),
        (">Fact<", ">Film<", "no memory"),
        (">NEXT<", ">AFTER<", "no relationship"),
        ('<edge source="', '<edge source="x', "no such node"),
    ],
)
def test_graphml_that_is_no_memory(source: Store, target: Store, old: str, new: str, message: str) -> None:
    text = _text(source, ExportFormat.GRAPHML, DEFAULT)
    assert old in text
    with pytest.raises(InputError, match=message):
        import_file(target, _stream(text.replace(old, new, 1)), embedder=HashingEmbedder)
    assert target.banks() == []


def test_graphml_of_a_node_that_the_store_holds_otherwise(source: Store, target: Store) -> None:
    text = _text(source, ExportFormat.GRAPHML, DEFAULT)
    import_file(target, _stream(text), embedder=HashingEmbedder)
    head = target.head(DEFAULT)
    with pytest.raises(ConflictError):
        import_file(target, _stream(text.replace("Bergen now", "Berlin now")), embedder=HashingEmbedder)
    assert target.head(DEFAULT) == head


def test_graphml_holds_one_bank(source: Store) -> None:
    with pytest.raises(InputError, match="one bank"):
        _text(source, ExportFormat.GRAPHML)


def test_graphml_expands_no_entities(target: Store) -> None:
    bomb = (
        '<!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]><graphml><node id="a"><data>&x;</data></node></graphml>'
    )
    with pytest.raises(InputError):
        import_file(target, _stream(bomb), embedder=HashingEmbedder)


# --- Cypher -----------------------------------------------------------------------------------------------------------


def _spoken(text: str) -> str:
    """What a server makes of a text literal that reads escapes of characters first, as the strictest do."""
    first = re.sub(r"\\u([0-9A-F]{4})", lambda found: chr(int(found[1], 16)), text)
    return _unquoted(first, {})


def _spoken_at_once(text: str) -> str:
    """What a server makes of it that reads all escapes in one go."""
    return _unquoted(text, {"u": 4})


def _unquoted(text: str, digits: dict[str, int]) -> str:
    plain = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "\\": "\\", "'": "'"}
    parts, position = [], 0
    while position < len(text):
        assert text[position] == "'", text
        position += 1
        while text[position] != "'":
            if text[position] == "\\":
                escape = text[position + 1]
                if escape in digits:
                    parts.append(chr(int(text[position + 2 : position + 6], 16)))
                    position += 6
                    continue
                parts.append(plain[escape])
                position += 2
                continue
            parts.append(text[position])
            position += 1
        position += 1
        if position < len(text):
            assert text[position : position + 3] == " + ", text
            position += 3
    return "".join(parts)


@settings(max_examples=400, deadline=None)
@given(ANY_TEXT)
def test_any_text_survives_cypher(text: str) -> None:
    written = text_literal(text)
    assert _spoken(written) == text
    assert _spoken_at_once(written) == text
    assert len(written.splitlines()) == 1


def test_rows_are_one_text() -> None:
    rows = rows_of([{"a": 1, "b c": "x", "d": datetime(2024, 1, 2, tzinfo=UTC)}, {"a": 1.5, "d": None}])
    assert rows.source == (
        "UNWIND split('~|1|x|2024-01-02T00:00:00.000000Z\\n1.5|~|~|~', '\\n') AS row WITH split(row, '|') AS v"
    )
    assert rows.properties() == (
        "{a: coalesce(toFloat(v[0]), toInteger(v[1])), `b c`: CASE v[2] WHEN '~' THEN null ELSE v[2] END, "
        "d: CASE v[3] WHEN '~' THEN null ELSE datetime(v[3]) END}"
    )
    assert rows.properties(without=("a", "d")) == "{`b c`: CASE v[2] WHEN '~' THEN null ELSE v[2] END}"
    assert name_literal("a`b") == "`a``b`"
    with pytest.raises(TypeError):
        rows_of([{"a": object()}])


@QUICK
@given(st.lists(st.dictionaries(st.sampled_from("abc"), ANY_TEXT | st.lists(ANY_TEXT, min_size=1)), min_size=1))
def test_no_value_holds_what_separates_values(given_rows: list[dict[str, Any]]) -> None:
    rows = [{"id": "x", **row} for row in given_rows]
    text, row_mark, cell_mark = re.fullmatch(
        r"UNWIND split\((.*), ('(?:[^'\\]|\\.)+')\) AS row WITH split\(row, ('(?:[^'\\]|\\.)+')\) AS v",
        rows_of(rows).source,
    ).groups()  # type: ignore[union-attr]
    lines = [line.split(_spoken(cell_mark)) for line in _spoken(text).split(_spoken(row_mark))]
    assert len(lines) == len(rows)
    assert len({len(line) for line in lines}) == 1
    for line, row in zip(lines, rows, strict=True):
        assert {value for value in row.values() if isinstance(value, str)} <= set(line)


def test_cypher_says_everything(source: Store) -> None:
    text = _text(source, ExportFormat.CYPHER)
    statements = [line for line in text.splitlines() if not line.startswith("//")]
    assert all(statement.endswith(";") for statement in statements)
    for bank in source.banks():
        counts = source.statistics(bank)
        for kind in counts.nodes:
            assert f"CREATE (n:Memory:{kind.value} {{" in text
        for type_ in counts.relationships:
            assert f"CREATE (s)-[r:{type_.value} {{" in text


def test_what_was_exported_is_what_was_there(source: Store) -> None:
    before = contents_of(source, DEFAULT).content_hash()
    for format_ in ExportFormat:
        _text(source, format_, DEFAULT)
    assert contents_of(source, DEFAULT).content_hash() == before
    assert BANK not in source.banks()
