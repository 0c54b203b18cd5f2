from __future__ import annotations

from pathlib import Path

from agentmem.config import Settings


def test_an_empty_environment_gives_a_durable_store_in_the_users_data_folder() -> None:
    settings = Settings.from_environment({})
    assert settings.store_url == f"sqlite:///{settings.home}/memory.db"
    assert settings.home.is_absolute()
    assert "tmp" not in settings.home.parts
    assert (settings.bank, settings.embedder, settings.models) == ("default", "auto", None)


def test_variables_are_read_and_empty_ones_are_not() -> None:
    settings = Settings.from_environment(
        {
            "AGENTMEM_HOME": "/data",
            "AGENTMEM_STORE": "",
            "AGENTMEM_BANK": "team",
            "AGENTMEM_EMBEDDER": "hashing",
            "AGENTMEM_MODELS": "/models",
        }
    )
    assert settings == Settings(home=Path("/data"), bank="team", embedder="hashing", models=Path("/models"))
    assert settings.store_url == "sqlite:////data/memory.db"
    assert settings.runs_path == Path("/data/runs.db")


def test_what_is_said_overrides_what_is_set() -> None:
    settings = Settings(home=Path("/data"), store="sqlite:///a.db", bank="a")
    assert settings.overridden(bank="b") == Settings(home=Path("/data"), store="sqlite:///a.db", bank="b")
