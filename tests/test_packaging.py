from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
MAPPED = {"graphs", "prompts", "tools"}


def test_every_package_is_listed() -> None:
    inside = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "agentmem").rglob("__init__.py")
        if not MAPPED & set(path.relative_to(ROOT / "agentmem").parts[:1])
    }
    mapped = {
        ".".join(("agentmem", *path.parent.relative_to(ROOT).parts))
        for name in MAPPED
        for path in (ROOT / name).rglob("__init__.py")
    }
    assert set(SETTINGS["packages"]) == inside | mapped


@pytest.mark.parametrize("name", sorted(MAPPED))
def test_links_point_at_the_top_level_folders(name: str) -> None:
    assert SETTINGS["package-dir"][f"agentmem.{name}"] == name
    assert (ROOT / "agentmem" / name).resolve() == ROOT / name


def test_typed_marker_ships() -> None:
    assert (ROOT / "agentmem" / "py.typed").exists()
    assert SETTINGS["package-data"]["agentmem"] == ["py.typed"]
