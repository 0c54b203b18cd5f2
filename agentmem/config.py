"""Settings: where memory lives, what embeds it, what the user allows. The only module that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, get_args

import platformdirs

from agentmem.errors import ConfigurationError

EmbedderName = Literal["auto", "minilm", "hashing"]
EMBEDDERS: Final[tuple[str, ...]] = get_args(EmbedderName)
"""What AGENTMEM_EMBEDDER and `--embedder` accept."""

DEFAULT_BANK: Final = "default"
_SETTINGS_FILE: Final = "settings.yaml"

_OFF: Final = ("", "0", "false", "no", "off")
_ON: Final = ("1", "true", "yes", "on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds when neither the command line nor a workflow says otherwise."""

    home: Path
    """Data folder (AGENTMEM_HOME): the default store, and the runs with their checkpoints."""
    store: str = field(default="", repr=False)
    """Store URL (AGENTMEM_STORE), which may hold a password; empty for `memory.db` in the data folder."""
    bank: str = DEFAULT_BANK
    """Tenant within the store (AGENTMEM_BANK)."""
    embedder: str = "auto"
    """auto, minilm or hashing (AGENTMEM_EMBEDDER); auto takes MiniLM where its weights can be had."""
    user: str = ""
    """Who opens a Neo4j store whose URL names nobody (NEO4J_USERNAME)."""
    password: str = field(default="", repr=False)
    """That user's password (NEO4J_PASSWORD); never shown, logged or stored."""
    models: Path | None = None
    """Folder that holds the weights of MiniLM (AGENTMEM_MODELS); None to fetch them once into the user's cache."""
    tracing: bool = False
    """Whether runs are traced to LangSmith (AGENTMEM_TRACING=1). Its own variables say where to, not whether."""
    tools: tuple[str, ...] = ()
    """Installed modules whose functions marked `@tool` any workflow may name (`tools:` in the settings file)."""
    hosts: tuple[str, ...] = ()
    """Neo4j servers, `host` or `host:port`, that may be given the password (`hosts:` in the settings file)."""
    plaintext: tuple[str, ...] = ()
    """Neo4j servers that a password may go to without encryption (`plaintext:` in the settings file)."""
    proposed: str = field(default="", repr=False)
    """Store URL that a workflow names, and not the user; it goes before `store`."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings of a process: its environment, where an empty variable counts as absent, and `settings.yaml`.

        Raises:
            ConfigurationError: a variable is neither on nor off, or the settings file in the data folder cannot be
                read, or says what it may not.
        """
        given = os.environ if environment is None else environment
        home = Path(given.get("AGENTMEM_HOME") or platformdirs.user_data_dir("agentmem", appauthor=False))
        home = home.expanduser().absolute()
        models = given.get("AGENTMEM_MODELS")
        allowed = _allowed_once(home / _SETTINGS_FILE)
        return cls(
            home=home,
            store=given.get("AGENTMEM_STORE", ""),
            bank=given.get("AGENTMEM_BANK") or DEFAULT_BANK,
            embedder=given.get("AGENTMEM_EMBEDDER") or "auto",
            user=given.get("NEO4J_USERNAME", ""),
            password=given.get("NEO4J_PASSWORD", ""),
            models=Path(models).expanduser() if models else None,
            tracing=_switch("AGENTMEM_TRACING", given),
            tools=allowed.get("tools", ()),
            hosts=allowed.get("hosts", ()),
            plaintext=allowed.get("plaintext", ()),
        )

    def overridden(self, *, store: str = "", bank: str = "", embedder: str = "") -> Settings:
        """These settings with others, which the user gave, in their place; an empty one changes nothing."""
        return replace(
            self,
            store=store or self.store,
            proposed="" if store else self.proposed,
            bank=bank or self.bank,
            embedder=embedder or self.embedder,
        )

    def proposing(self, *, store: str = "", bank: str = "", embedder: str = "") -> Settings:
        """These settings with what a workflow says in their place: its store is not one that the user named."""
        return replace(self.overridden(bank=bank, embedder=embedder), proposed=store or self.proposed)

    @property
    def store_url(self) -> str:
        """The store of these settings: a workflow's, else the one that was asked for, else `memory.db` in the home."""
        return self.proposed or self.store or f"sqlite:///{self.home / 'memory.db'}"

    @property
    def settings_path(self) -> Path:
        """The settings file, where the user allows things once for all workflows."""
        return self.home / _SETTINGS_FILE

    @property
    def runs_path(self) -> Path:
        """The SQLite file of runs and their checkpoints."""
        return self.home / "runs.db"


def _switch(name: str, given: Mapping[str, str]) -> bool:
    said = given.get(name, "").strip().lower()
    if said not in (*_OFF, *_ON):
        raise ConfigurationError(f"{said!r} is neither on nor off.", where=name, hint="Write 1 or 0.")
    return said in _ON


def _allowed_once(path: Path) -> dict[str, tuple[str, ...]]:
    """What the settings file says; nothing if there is none."""
    if not os.path.lexists(path):
        return {}
    from agentmem.settings_file import read_lists  # noqa: PLC0415 - YAML is loaded only if there is a file to read

    return read_lists(path, ("tools", "hosts", "plaintext"))
