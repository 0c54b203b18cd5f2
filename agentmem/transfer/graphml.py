"""The graph as GraphML, for networkx, Gephi, yEd and others, and back: nodes and relationships, without the journal.

Every field of a node that is not empty is an attribute of it. XML cannot hold control characters; a value with such is
written as JSON, and the attribute `json_fields` names it. Lists and metadata are JSON always.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, TextIO, cast
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from agentmem.errors import InputError
from agentmem.records import Node, Relationship, RelationshipType
from agentmem.stores import Store
from agentmem.stores.paging import node_pages
from agentmem.transfer.contents import Contents
from agentmem.transfer.documents import UNREADABLE, document_node, document_relationship, node_document
from agentmem.transfer.replay import Progress

ODD = "json_fields"
"""Attribute that names the attributes of an element which are JSON because XML cannot hold them as they are."""
_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_JSON_ALWAYS = frozenset({"metadata", "keywords", "tags", "key_steps"})
_TYPES: Mapping[type, str] = {bool: "boolean", int: "long", float: "double", str: "string"}
_NUMBERS = {"int": int, "long": int, "float": float, "double": float}
_compact = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Graph:
    """What a file holds."""

    nodes: tuple[Node, ...]
    relationships: tuple[Relationship, ...]


def write_graphml(store: Store, bank: str, file: TextIO, progress: Progress) -> Contents:
    """Write one bank as a directed graph; returns what was written."""
    written = Contents()
    keys = _Keys()
    total = sum(store.statistics(bank).nodes.values())
    for number, nodes in enumerate(node_pages(store, bank)):
        progress("reading", number * len(nodes), total)
        for node in nodes:
            keys.note("node", _flat(node_document(node, sparse=True)))
        for dated in store.relationships(bank, [node.id for node in nodes]):
            keys.note("edge", _edge(dated.relationship))
    file.write(f'<?xml version="1.0" encoding="utf-8"?>\n<graphml xmlns="{_NAMESPACE}">\n')
    file.writelines(keys.declarations())
    file.write(f'<graph id={_attribute(bank)} edgedefault="directed">\n')
    done = 0
    for nodes in node_pages(store, bank):
        for node in nodes:
            values = _flat(node_document(node, sparse=True))
            file.write(f"<node id={_attribute(node.id)}>{keys.data('node', values)}</node>\n")
            written.counts[node.kind.value] += 1
        done += len(nodes)
        progress("writing nodes", done, max(done, total))
    done = 0
    for nodes in node_pages(store, bank):
        for dated in store.relationships(bank, [node.id for node in nodes]):
            found = dated.relationship
            ends = f"source={_attribute(found.source_id)} target={_attribute(found.target_id)}"
            file.write(f"<edge {ends}>{keys.data('edge', _edge(found))}</edge>\n")
            written.counts[found.type.value] += 1
        done += len(nodes)
        progress("writing relationships", done, max(done, total))
    file.write("</graph>\n</graphml>\n")
    return written


def read_graphml(file: BinaryIO, where: str, *, bank: str) -> Graph:
    """The graph of a file, whoever wrote it, if its nodes say what they are.

    Args:
        file: The file.
        where: Its name, for errors.
        bank: The bank of the nodes; empty for the one that they name themselves.

    Raises:
        InputError: no GraphML, or a node or an edge that is no record of memory.
    """
    keys: dict[str, tuple[str, str]] = {}
    nodes: list[Node] = []
    relationships: list[Relationship] = []
    for place, element in _elements(file, where):
        tag = element.tag.rpartition("}")[2]
        if tag == "key":
            keys[element.get("id", "")] = (element.get("attr.name", ""), element.get("attr.type", "string"))
        elif tag == "node":
            nodes.append(_node(element, keys, bank, place))
        elif tag == "edge":
            relationships.append(_relationship(element, keys, place))
        if tag in ("node", "edge"):
            element.clear()
    return Graph(tuple(nodes), tuple(relationships))


def _elements(file: BinaryIO, where: str) -> Iterator[tuple[str, ElementTree.Element]]:
    """The elements of a file as they end, each with its place.

    Raises:
        InputError: it is no XML, or cut off.
    """
    parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(events=("end",))
    number = 0
    try:
        for number, line in enumerate(file, start=1):
            parser.feed(line)
            for _, element in cast("Iterator[tuple[str, ElementTree.Element]]", parser.read_events()):
                yield f"{where}:{number}", element
        parser.close()
    except (ElementTree.ParseError, LookupError, ValueError, RecursionError) as error:
        raise InputError(f"that is no GraphML ({error}).", where=f"{where}:{number}") from error


class _Keys:
    """The attributes that a file declares: one key for each name and type."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str, str], str] = {}

    def note(self, of: str, values: Mapping[str, Any]) -> None:
        """Declare the attributes of an element."""
        for name, value in values.items():
            key = (of, name, _TYPES[type(value)])
            if key not in self._ids:
                self._ids[key] = f"k{len(self._ids)}"

    def declarations(self) -> Iterator[str]:
        for (of, name, type_), id_ in self._ids.items():
            yield f'<key id="{id_}" for="{of}" attr.name={_attribute(name)} attr.type="{type_}"/>\n'

    def data(self, of: str, values: Mapping[str, Any]) -> str:
        self.note(of, values)
        return "".join(
            f'<data key="{self._ids[of, name, _TYPES[type(value)]]}">{_content(value)}</data>'
            for name, value in values.items()
        )


def _edge(relationship: Relationship) -> dict[str, Any]:
    return _flat({**relationship.properties, "type": relationship.type.value})


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """Values that XML can hold: JSON for those that it cannot, and their names beside them."""
    values = {name: value for name, value in document.items() if value is not None}
    odd = sorted(name for name, value in values.items() if name not in _JSON_ALWAYS and _is_odd(value))
    flat = {name: _compact(value) if name in _JSON_ALWAYS or name in odd else value for name, value in values.items()}
    return flat | ({ODD: " ".join(odd)} if odd else {})


def _is_odd(value: Any) -> bool:
    """Whether a value would not come back: control characters, and what readers take for absent."""
    if isinstance(value, str):
        return not value or value.isspace() or _UNWRITABLE.search(value) is not None
    return type(value) not in _TYPES


def _content(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # A bare carriage return would come back as a line feed.
    return escape(str(value), {"\r": "&#13;"})


def _attribute(text: str) -> str:
    """An XML attribute; an id that XML cannot hold is written as JSON, which holds such characters as escapes."""
    return quoteattr(_compact(text) if _UNWRITABLE.search(text) or text.startswith('"') else text)


def _id(text: str) -> str:
    """The inverse of `_attribute`."""
    return str(json.loads(text)) if text.startswith('"') else text


def _values(element: ElementTree.Element, keys: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for data in element:
        if data.tag.rpartition("}")[2] == "data" and data.get("key") in keys:
            name, type_ = keys[data.get("key", "")]
            values[name] = _typed(data.text or "", type_)
    for name in {*_JSON_ALWAYS, *str(values.pop(ODD, "")).split()} & set(values):
        values[name] = json.loads(values[name])
    return values


def _typed(text: str, type_: str) -> Any:
    if type_ == "boolean":
        return text.strip().lower() in ("true", "1")
    return _NUMBERS[type_](text) if type_ in _NUMBERS else text


def _node(element: ElementTree.Element, keys: Mapping[str, tuple[str, str]], bank: str, where: str) -> Node:
    id_ = element.get("id", "")
    try:
        values = {"id": _id(id_), **_values(element, keys)}
        return document_node({**values, "bank": bank or values["bank"]})
    except UNREADABLE as error:
        raise InputError(
            f"node {id_!r} is no memory ({type(error).__name__}: {error}).",
            where=where,
            hint="It needs the attributes kind, text, created_at and bank, as `agentmem export` writes them.",
        ) from error


def _relationship(element: ElementTree.Element, keys: Mapping[str, tuple[str, str]], where: str) -> Relationship:
    ends = (element.get("source", ""), element.get("target", ""))
    try:
        values = _values(element, keys)
        return document_relationship(_id(ends[0]), values.pop("type"), _id(ends[1]), values)
    except UNREADABLE as error:
        raise InputError(
            f"edge {' -> '.join(ends)} is no relationship ({type(error).__name__}: {error}).",
            where=where,
            hint=f"Its attribute type is one of {', '.join(RelationshipType)}.",
        ) from error


def banks_in(nodes: Iterable[Node]) -> list[str]:
    """The banks that nodes name."""
    return sorted({node.bank for node in nodes})
