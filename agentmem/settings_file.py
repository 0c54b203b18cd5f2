"""The settings file: what a user allows once for all workflows. Lists of names by key, in YAML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from agentmem.errors import ConfigurationError, InputError
from agentmem.regular_files import open_regular, read_beginning
from agentmem.spelling import did_you_mean

_MAX_BYTES: Final = 64 * 1024


def read_lists(path: Path, keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What a settings file says: a list of names for each of some keys, and nothing else.

    Raises:
        ConfigurationError: it cannot be read, is not YAML, or says something else; with its line.
    """
    try:
        content = read_beginning(open_regular(path), _MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except InputError as error:
        raise ConfigurationError(error.message, where=error.where) from error
    except OSError as error:
        raise ConfigurationError(f"the settings cannot be read: {error.strerror}.", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError("the settings are not UTF-8 text.", where=str(path)) from error
    if len(content) > _MAX_BYTES:
        raise ConfigurationError(f"settings have at most {_MAX_BYTES:,} bytes.", where=str(path))
    return _Reader(path, keys).lists(text)


class _Reader:
    """Composed nodes to lists; nodes know their lines."""

    def __init__(self, path: Path, keys: Sequence[str]) -> None:
        self._path = path
        self._keys = keys

    def lists(self, text: str) -> dict[str, tuple[str, ...]]:
        root = self._composed(text)
        if root is None:
            return {}
        if not isinstance(root, yaml.MappingNode):
            raise self._error("settings are a mapping of keys to lists.", root.start_mark)
        found: dict[str, tuple[str, ...]] = {}
        for key_node, value in root.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            if key not in self._keys:
                meant = did_you_mean(key, self._keys)
                raise self._error(f"{key!r} is no setting.", key_node.start_mark, meant)
            if key in found:
                raise self._error(f"{key!r} is given twice.", key_node.start_mark)
            found[key] = self._names(key, value)
        return found

    def _composed(self, text: str) -> yaml.Node | None:
        try:
            root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            said = ", ".join(filter(None, [error.context, error.problem]))
            raise self._error(f"not valid YAML: {said}.", error.problem_mark or error.context_mark) from error
        except (yaml.YAMLError, RecursionError) as error:
            raise self._error("not valid YAML.", None) from error
        return root

    def _names(self, key: str, node: yaml.Node) -> tuple[str, ...]:
        items = node.value if isinstance(node, yaml.SequenceNode) else None
        if items is None:
            raise self._error(f"{key!r} is a list of names.", node.start_mark)
        for item in items:
            if not isinstance(item, yaml.ScalarNode) or item.tag != "tag:yaml.org,2002:str" or not item.value.strip():
                raise self._error(f"{key!r} is a list of names, and this is no name.", item.start_mark)
        return tuple(item.value.strip() for item in items)

    def _error(self, message: str, mark: yaml.Mark | None, meant: str = "") -> ConfigurationError:
        where = f"{self._path}:{mark.line + 1}:{mark.column + 1}" if mark else str(self._path)
        allowed = ", ".join(f"{key}: [...]" for key in self._keys)
        return ConfigurationError(message, where=where, hint=f"{meant} Allowed: {allowed}.".strip())
