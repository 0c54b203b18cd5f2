"""What whoever runs a workflow allows it. A workflow says what it wants; it never widens its own reach."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from agentmem.errors import StoreCorrupt
from agentmem.tools.modules import CodeFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """Folders, modules and code beyond a workflow's own folder and the built-in tools. A run keeps them to its end."""

    folders: tuple[Path, ...] = ()
    """Folders that tools may touch besides the workflow's own, absolute."""
    modules: tuple[str, ...] = ()
    """Installed modules that module:function may name, with what lies below them."""
    code: Mapping[Path, str] = field(default_factory=dict)
    """Files of the workflow's folder that may be imported, absolute, with SHA-256 of their content."""

    @classmethod
    def of(cls, folders: Iterable[Path | str], modules: Iterable[str]) -> Self:
        """What a person says: folders relative to where that person stands, and names of modules."""
        return cls(
            folders=tuple(Path(each).expanduser().absolute() for each in folders),
            modules=tuple(dict.fromkeys(modules)),
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The grants that a run was given; none for a run that an older version began.

        Raises:
            StoreCorrupt: the text is damaged.
        """
        try:
            values = json.loads(text or "{}")
            return cls(
                folders=tuple(map(Path, values.get("folders", ()))),
                modules=tuple(values.get("modules", ())),
                code={Path(path): str(digest) for path, digest in values.get("code", {}).items()},
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise StoreCorrupt("what the run was allowed cannot be read.", where="runs") from error

    def as_json(self) -> str:
        """As the registry of runs keeps them."""
        values = {
            "folders": [str(each) for each in self.folders],
            "modules": list(self.modules),
            "code": {str(path): digest for path, digest in self.code.items()},
        }
        return json.dumps(values)

    def reaches(self, path: Path, *, own: Path) -> bool:
        """Whether tools may touch what lies there: in the workflow's own folder, or in one that is allowed."""
        return any(path.is_relative_to(root.resolve()) for root in (own, *self.folders))

    def holds(self, code: Iterable[CodeFile]) -> bool:
        """Whether all of this code was agreed to as it is now."""
        return all(self.code.get(file.path) == file.digest for file in code)
