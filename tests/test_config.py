from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agentmem.config import Settings
from agentmem.errors import ConfigurationError


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


@pytest.mark.parametrize(("said", "on"), [("", False), ("0", False), ("Off", False), ("1", True), ("true", True)])
def test_tracing_is_switched_on_by_a_variable_of_its_own(said: str, on: bool) -> None:
    assert Settings.from_environment({"AGENTMEM_TRACING": said, "LANGSMITH_TRACING": "true"}).tracing is on


def test_a_switch_that_is_neither_on_nor_off_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="neither on nor off") as caught:
        Settings.from_environment({"AGENTMEM_TRACING": "maybe"})
    assert caught.value.where == "AGENTMEM_TRACING"


def test_what_is_said_overrides_what_is_set() -> None:
    settings = Settings(home=Path("/data"), store="sqlite:///a.db", bank="a")
    assert settings.overridden(bank="b") == Settings(home=Path("/data"), store="sqlite:///a.db", bank="b")


def _settings(home: Path, text: str | bytes) -> Settings:
    (home / "settings.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return Settings.from_environment({"AGENTMEM_HOME": str(home)})


def test_the_settings_file_says_what_is_allowed_once_for_all(tmp_path: Path) -> None:
    text = "tools:\n- team.tools\n- other\nhosts: [db.example.org, 'localhost:7688']\nplaintext: ['db:7689']\n"
    settings = _settings(tmp_path, text)
    assert settings.plaintext == ("db:7689",)
    assert settings.tools == ("team.tools", "other")
    assert settings.hosts == ("db.example.org", "localhost:7688")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "tools: []\n"])
def test_an_empty_settings_file_allows_nothing(text: str, tmp_path: Path) -> None:
    settings = _settings(tmp_path, text)
    assert (settings.tools, settings.hosts) == ((), ())
    assert settings == Settings(home=tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("tools: [a]\nhost: [b]\n", ":2:1", "'host' is no setting. Did you mean 'hosts'?"),
        ("tools: [a]\n? [x]\n: [b]\n", ":2:3", "'' is no setting."),
        ("tools: a\n", ":1:8", "'tools' is a list of names."),
        ("tools: [a]\nhosts: {b: c}\n", ":2:8", "'hosts' is a list of names."),
        ("tools:\n- a\n- 1\n", ":3:3", "this is no name"),
        ("tools:\n- a\n- [b]\n", ":3:3", "this is no name"),
        ("tools: [a, '  ']\n", ":1:12", "this is no name"),
        ("tools: [a]\ntools: [b]\n", ":2:1", "'tools' is given twice."),
        ("- tools\n", ":1:1", "a mapping of keys to lists"),
        ("tools: [a\nhosts: [b]\n", ":2:6", "not valid YAML"),
        ("tools: [a]\n--- \nhosts: [b]\n", ":2:1", "not valid YAML"),
        ("tools: \x01\n", "", "not valid YAML"),
        ("[" * 1000, "", "not valid YAML"),
        (b"tools: [\xff]\n", "", "not UTF-8"),
        ("# " + "x" * 70_000, "", "at most 65,536 bytes"),
    ],
)
def test_a_settings_file_with_a_mistake_is_refused_with_its_line(
    text: str | bytes, line: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _settings(tmp_path, text)
    assert caught.value.where == f"{tmp_path / 'settings.yaml'}{line}"
    assert said in str(caught.value)


def test_a_folder_in_place_of_the_settings_is_told(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").mkdir()
    with pytest.raises(ConfigurationError, match="a folder, not a file"):
        Settings.from_environment({"AGENTMEM_HOME": str(tmp_path)})


def test_without_a_settings_file_no_yaml_is_loaded(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom agentmem.config import Settings\n"
        f"Settings.from_environment({{'AGENTMEM_HOME': {str(tmp_path)!r}}})\nprint('yaml' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"


def test_a_workflows_store_goes_before_the_environments_and_after_the_command_lines() -> None:
    settings = Settings(home=Path("/data"), store="sqlite:///a.db")
    proposing = settings.proposing(store="sqlite:///w.db", bank="w")
    assert (proposing.store_url, proposing.store, proposing.bank) == ("sqlite:///w.db", "sqlite:///a.db", "w")
    assert settings.proposing(bank="w").store_url == "sqlite:///a.db"
    assert proposing.overridden(bank="c").store_url == "sqlite:///w.db"
    assert proposing.overridden(store="sqlite:///c.db").store_url == "sqlite:///c.db"
