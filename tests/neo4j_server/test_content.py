from __future__ import annotations

import io
import json
import re
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from agentmem.errors import InputError
from agentmem.neo4j_server import browser_url, content, find_query, saved_queries, with_query
from agentmem.records import Kind, RelationshipType

VALUES = {"bank": "default", "about": "Anna", "agent": "planner", "days": "7"}
LABELS = {kind.value for kind in Kind} | {"Operation"}


def test_every_label_has_a_colour_and_a_caption() -> None:
    rules = json.loads(content.style_command().removeprefix("style "))
    assert {name.removeprefix("node.") for name in rules if name.startswith("node.")} == LABELS
    for label in LABELS:
        assert re.fullmatch("#[0-9a-f]{6}", rules[f"node.{label}"]["color"])
        assert rules[f"node.{label}"]["caption"]
    colours = [rules[f"node.{label}"]["color"] for label in LABELS]
    assert len(set(colours)) == len(colours)
    assert {name.partition(".")[2] for name in rules if name.startswith("relationship.")} <= set(RelationshipType)


def test_the_style_is_one_line_that_browser_does_not_take_for_several_commands() -> None:
    assert not set(";\n") & set(content.style_command())
    assert ":style" not in content.style_command()
    assert "/*" not in content.read(content.STYLE), "Browser takes a comment for a part of the next selector"


@pytest.mark.parametrize("query", saved_queries().values(), ids=lambda q: q.name)
def test_a_saved_query_stays_in_its_bank_and_names_only_what_the_graph_has(query: content.SavedQuery) -> None:
    assert query.title.endswith("?")
    assert query.shows in ("graph", "table")
    assert query.parameters[0] == "bank"
    assert set(query.parameters) <= set(VALUES)
    assert "bank: bank" in query.text
    named = set(re.findall(r"[(:|]([A-Z][a-z]+)\b", query.text))
    assert named <= LABELS | {"Memory"}
    types = set(re.findall(r"\b[A-Z]+_[A-Z_]+\b|(?<=[:|])[A-Z]{4,}\b", query.text))
    assert types <= set(RelationshipType)


@pytest.mark.parametrize("query", saved_queries().values(), ids=lambda q: q.name)
def test_a_filled_query_survives_the_way_into_browser(query: content.SavedQuery) -> None:
    filled = query.filled({**VALUES, "about": "O'Neill & Sons #1, 100%+? \\ end\n"})
    assert not set("&#%+$") & set(filled), "Browser decodes the whole address before it looks for parameters"
    url = with_query(browser_url(7474, 7687), filled)
    assert parse_qs(urlsplit(url).query)["arg"] == [filled]
    assert parse_qs(urlsplit(url).query)["dbms"] == ["bolt://neo4j@127.0.0.1:7687"]


def test_a_question_names_its_values_and_a_value_cannot_end_the_comment_that_holds_it() -> None:
    know = find_query("know")
    assert know.question({}) == "What do we know about ...?"
    assert know.filled({"bank": "b", "about": "Anna\nMATCH (n) DETACH DELETE n"}).splitlines()[:2] == [
        "// What do we know about Anna MATCH (n) DETACH DELETE n?",
        "WITH 'b' AS bank, toLower('Anna\\nMATCH (n) DETACH DELETE n') AS about",
    ]


def test_saved_scripts_hold_every_query_with_its_bank() -> None:
    packed = content.saved_scripts({"bank": "heron", "days": "7"})
    assert packed == content.saved_scripts({"bank": "heron", "days": "7"})
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        scripts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(scripts) == {f"agentmem/{name}.cypher" for name in saved_queries()}
    for text in scripts.values():
        assert text.startswith("// ")
        assert "'heron' AS bank" in text
        assert "$" not in text
    assert "toLower('ABOUT')" in scripts["agentmem/know.cypher"]


def test_a_value_cannot_leave_its_quotes() -> None:
    assert content.cypher_text("a' OR 1=1 //") == r"'a\' OR 1=1 //'"
    assert content.cypher_text("a\\") == r"'a\\'"


def test_what_a_query_needs_and_which_there_are_is_said() -> None:
    with pytest.raises(InputError, match="--about"):
        find_query("know").filled({"bank": "default"})
    with pytest.raises(InputError, match="'nope'") as caught:
        find_query("nope")
    assert "know" in caught.value.hint


def test_the_guide_names_every_label_and_query() -> None:
    guide = content.read(content.GUIDE)
    for word in LABELS | {f"--query {name}" for name in saved_queries()}:
        assert word in guide


def test_compose_keeps_to_loopback_and_holds_no_password() -> None:
    text = (content.folder().parent.parent.parent / "compose.yaml").read_text(encoding="utf-8")
    service = yaml.safe_load(text)["services"]["neo4j"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert "NEO4J_AUTH" not in service["environment"]
    assert service["environment"]["NEO4J_AUTH_FILE"].startswith("/run/secrets/")
