"""What a GraphML file may say of a store that remembers already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentmem.embeddings import HashingEmbedder
from agentmem.errors import InputError
from agentmem.memory import Memory, Message
from agentmem.records import Fact, Kind, Node
from agentmem.stores import SQLiteStore, View
from agentmem.transfer import ExportFormat, export, import_file


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory.open(f"sqlite:///{tmp_path}/ours.db", bank="b", embedder=HashingEmbedder()) as opened:
        opened.retain(Message(text="I live in Oslo.", speaker="Anna"), source="chat")
        yield opened


@pytest.fixture
def forged(memory: Memory, tmp_path: Path) -> Path:
    """Our own export, with a fact of somebody else's beside it."""
    file = tmp_path / "forged.graphml"
    with Memory.open(f"sqlite:///{tmp_path}/theirs.db", bank="theirs", embedder=HashingEmbedder()) as theirs:
        theirs.retain(Message(text="I live in Rome.", speaker="Anna"), source="their chat")
        export(theirs.store, tmp_path / "theirs.graphml", format=ExportFormat.GRAPHML, banks=["theirs"])
    export(memory.store, file, format=ExportFormat.GRAPHML, banks=["b"])
    ours = file.read_text()
    theirs_ = (tmp_path / "theirs.graphml").read_text()
    nodes = theirs_[theirs_.index("<node") : theirs_.index("</graph>")]
    keys = {line.split('attr.name="')[1].split('"')[0]: line.split('id="')[1].split('"')[0] for line in _keys(theirs_)}
    own = {line.split('attr.name="')[1].split('"')[0]: line.split('id="')[1].split('"')[0] for line in _keys(ours)}
    assert keys == own, "both files declare the same attributes"
    file.write_text(ours.replace("</graph>", f"{nodes}</graph>"))
    return file


def _keys(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("<key")]


def _facts(memory: Memory) -> dict[str, Node]:
    view = View(bank="b", kinds=frozenset({Kind.FACT}))
    return {node.text: node for node in memory.store.scan(view, limit=9) if isinstance(node, Fact)}


@pytest.mark.parametrize("trust", ["document", "person"])
@pytest.mark.parametrize(
    ("type_", "from_theirs"), [("SUPERSEDES", True), ("SUPERSEDES", False), ("SAME_AS", True), ("EVIDENCED_BY", False)]
)
def test_an_edge_that_tells_of_our_memories_is_refused(
    memory: Memory, forged: Path, type_: str, from_theirs: bool, trust: str
) -> None:
    text = forged.read_text()
    ids = [part.split('"')[0] for part in text.split('<node id="')[1:]]
    ours = next(id_ for id_ in ids if id_ in _facts(memory)["Anna lives in Oslo."].id)
    theirs = next(id_ for id_ in ids if id_.startswith("fact-") and id_ != ours)
    type_key = next(
        line.split('id="')[1].split('"')[0] for line in _keys(text) if 'for="edge" attr.name="type"' in line
    )
    ends = (theirs, ours) if from_theirs else (ours, theirs)
    edge = f'<edge source="{ends[0]}" target="{ends[1]}"><data key="{type_key}">{type_}</data></edge>\n'
    forged.write_text(text.replace("</graph>", f"{edge}</graph>"))
    before = memory.statistics()
    with pytest.raises(InputError, match="would change what a memory means"):
        import_file(memory.store, forged, bank="b", trust=trust, embedder=HashingEmbedder)
    assert memory.statistics() == before


def test_what_it_brings_is_trusted_like_a_document_and_again_changes_nothing(memory: Memory, forged: Path) -> None:
    import_file(memory.store, forged, bank="b", embedder=HashingEmbedder)
    assert {text: node.trust for text, node in _facts(memory).items()} == {
        "Anna lives in Oslo.": 1.0,
        "Anna lives in Rome.": 0.5,
    }
    assert import_file(memory.store, forged, bank="b", embedder=HashingEmbedder).banks[0].copied == 0
    memory.retain(Message(text="I moved to Bergen.", speaker="Anna"))
    assert memory.reflect("Where does Anna live?").answer == "Anna moved to Bergen."


def test_an_alias_that_is_no_form_of_the_name_is_none(memory: Memory, forged: Path) -> None:
    """The file says that Tom is another name of Petra."""
    text = forged.read_text()
    nodes = [f"<node{part.split('</node>')[0]}</node>" for part in text.split("<node")[1:]]
    entity = next(node for node in nodes if node.startswith('<node id="entity-') and ">Anna<" in node)
    id_ = entity.split('"')[1]
    tom = entity.replace(id_, "entity-0001").replace("Anna", "Tom").replace("anna", "tom")
    petra = entity.replace(id_, "entity-0002").replace("Anna", "Petra").replace("anna", "petra")
    type_key = next(
        line.split('id="')[1].split('"')[0] for line in _keys(text) if 'for="edge" attr.name="type"' in line
    )
    edge = f'<edge source="entity-0001" target="entity-0002"><data key="{type_key}">SAME_AS</data></edge>'
    forged.write_text(text.replace("<node", f"{tom}\n{petra}\n<node", 1).replace("</graph>", f"{edge}\n</graph>"))
    import_file(memory.store, forged, bank="b", embedder=HashingEmbedder)
    memory.retain(Message(text="I live in Lund.", speaker="Tom"))
    assert memory.reflect("Where does Tom live?").answer == "Tom lives in Lund."
    assert _facts(memory)["Tom lives in Lund."].key == "tom|lives_in"


def test_an_exact_copy_is_taken_as_it_is_or_not_at_all(memory: Memory, tmp_path: Path) -> None:
    memory.retain(Message(text="I live in Lund.", speaker="Tom"))
    file = tmp_path / "memory.jsonl"
    export(memory.store, file, banks=["b"])
    with SQLiteStore(f"sqlite:///{tmp_path}/other.db") as other:
        with pytest.raises(InputError, match=r"trusted by 1, and an import by 0\.5") as caught:
            import_file(other, file)
        assert "--trust person" in caught.value.hint
        assert caught.value.where.startswith(f"{file}:")
        assert other.banks() == []
        assert import_file(other, file, trust="person").proved


def test_an_exact_copy_of_documents_needs_no_word(tmp_path: Path) -> None:
    with Memory.open(f"sqlite:///{tmp_path}/own.db", bank="b", embedder=HashingEmbedder()) as own:
        own.retain("Tom lives in Lund.", source="page.md", trust="document")
        export(own.store, tmp_path / "memory.jsonl", banks=["b"])
    with SQLiteStore(f"sqlite:///{tmp_path}/other.db") as other:
        assert import_file(other, tmp_path / "memory.jsonl").proved
