"""What Neo4j Browser is given: colours and captions, saved queries, a guide, and addresses that open them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

from agentmem.errors import InputError

_RULE: Final = re.compile(r"([\w.]+)\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_PROPERTY: Final = re.compile(r"([\w-]+)\s*:\s*([^;]+);")
_HEADER: Final = re.compile(r"^// (name|title|shows): (.*)$", re.MULTILINE)
_PARAMETER: Final = re.compile(r"\$(\w+)")
_UNPRINTED: Final = re.compile(r"[^\w .,:'()-]+")
"""What a value may not bring into a comment: an end of line, and what Browser cannot take in an address."""
_FOLDER: Final = "agentmem"

STYLE: Final = "style.grass"
QUERIES: Final = "queries.cypher"
GUIDE: Final = "guide.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedQuery:
    """A question about memory, as Cypher."""

    name: str
    """What `--query` takes."""
    title: str
    """The question in words, with parameters."""
    shows: str
    """`graph` or `table`: how the answer reads best in Browser."""
    text: str
    """The Cypher, with parameters."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, in order."""
        return tuple(dict.fromkeys(_PARAMETER.findall(self.text)))

    def question(self, values: Mapping[str, str]) -> str:
        """The question in words, with the values; what has none is left open."""

        def shown(found: re.Match[str]) -> str:
            return " ".join(_UNPRINTED.sub(" ", values[found[1]]).split()) if found[1] in values else "..."

        return _PARAMETER.sub(shown, self.title)

    def filled(self, values: Mapping[str, str]) -> str:
        """The Cypher with the values in place of the parameters, for a person to run and change.

        Raises:
            InputError: a parameter has no value.
        """
        for parameter in self.parameters:
            if parameter not in values:
                raise InputError(f"the query {self.name!r} needs --{parameter}.", where="--query")
        text = _PARAMETER.sub(lambda found: cypher_text(values[found[1]]), self.text)
        return f"// {self.question(values)}\n{text}"


def read(name: str) -> str:
    """A file of the content: `STYLE`, `QUERIES` or `GUIDE`."""
    return (folder() / name).read_text(encoding="utf-8")


def folder() -> Path:
    """Where the files of the content lie, to be dropped into another Browser."""
    return Path(__file__).parent / "browser"


@cache
def saved_queries() -> Mapping[str, SavedQuery]:
    """The saved queries by name, in the order of the file."""
    found = {}
    for block in re.split(r"^(?=// name: )", read(QUERIES), flags=re.MULTILINE)[1:]:
        head = dict(_HEADER.findall(block))
        text = "\n".join(line for line in block.splitlines() if not line.startswith("//")).strip().rstrip(";")
        found[head["name"]] = SavedQuery(name=head["name"], title=head["title"], shows=head["shows"], text=text)
    return found


def find_query(name: str) -> SavedQuery:
    """The saved query of a name.

    Raises:
        InputError: there is none, with those that there are.
    """
    try:
        return saved_queries()[name]
    except KeyError:
        raise InputError(
            f"there is no saved query {name!r}.", where="--query", hint=f"There are {', '.join(saved_queries())}."
        ) from None


def saved_scripts(values: Mapping[str, str]) -> bytes:
    """Every query as a zip file that Browser takes into its saved scripts when it is dropped on the window.

    Args:
        values: The parameters. A text that has none is a word in capitals for a person to replace.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for query in saved_queries().values():
            given = {name: values.get(name) or name.upper() for name in query.parameters}
            # A fixed date: the same queries make the same file.
            archive.writestr(zipfile.ZipInfo(f"{_FOLDER}/{query.name}.cypher"), query.filled(given))
    return packed.getvalue()


@cache
def style_command() -> str:
    """The command that gives Browser the style sheet on connecting: as JSON, since semicolons part commands."""
    rules = {
        selector: {key: value.strip().strip('"') for key, value in _PROPERTY.findall(body)}
        for selector, body in _RULE.findall(read(STYLE))
    }
    return "style " + json.dumps(rules, separators=(",", ":"))


def browser_url(http_port: int, bolt_port: int, *, host: str = "127.0.0.1") -> str:
    """The address that opens Browser on a server. It holds no password."""
    return f"http://{host}:{http_port}/browser/?dbms=bolt://neo4j@{host}:{bolt_port}"


def with_query(url: str, query: str) -> str:
    """Browser's address with a query in its editor; it does not run before a person says so."""
    return f"{url}&cmd=edit&arg={quote(query, safe='')}"


def cypher_text(value: str) -> str:
    """A value as a Cypher string; what Browser cannot take in an address is written as escapes."""
    plain = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    escaped = "".join(f"\\u{ord(c):04x}" if c in "&#%+?" else c for c in plain)
    return f"'{escaped}'"
