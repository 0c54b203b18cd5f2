"""Settings: where memory lives and what embeds it. The only module that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, get_args

import platformdirs

EmbedderName = Literal["auto", "minilm", "hashing"]
EMBEDDERS: Final[tuple[str, ...]] = get_args(EmbedderName)
"""What AGENTMEM_EMBEDDER and `--embedder` accept."""

DEFAULT_BANK: Final = "default"


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
    tools: tuple[str, ...] = ()
    """Installed modules whose functions marked `@tool` any workflow may name."""
    models: Path | None = None
    """Folder that holds the weights of MiniLM (AGENTMEM_MODELS); None to fetch them once into the user's cache."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings of a process; an empty variable counts as absent."""
        given = os.environ if environment is None else environment
        home = given.get("AGENTMEM_HOME") or platformdirs.user_data_dir("agentmem", appauthor=False)
        models = given.get("AGENTMEM_MODELS")
        return cls(
            home=Path(home).expanduser().absolute(),
            store=given.get("AGENTMEM_STORE", ""),
            bank=given.get("AGENTMEM_BANK") or DEFAULT_BANK,
            embedder=given.get("AGENTMEM_EMBEDDER") or "auto",
            user=given.get("NEO4J_USERNAME", ""),
            password=given.get("NEO4J_PASSWORD", ""),
            models=Path(models).expanduser() if models else None,
        )

    def overridden(self, *, store: str = "", bank: str = "", embedder: str = "") -> Settings:
        """These settings with others in their place; an empty one changes nothing."""
        return replace(self, store=store or self.store, bank=bank or self.bank, embedder=embedder or self.embedder)

    @property
    def store_url(self) -> str:
        """The store of these settings: the one that was asked for, else `memory.db` in the data folder."""
        return self.store or f"sqlite:///{self.home / 'memory.db'}"

    @property
    def runs_path(self) -> Path:
        """The SQLite file of runs and their checkpoints."""
        return self.home / "runs.db"
