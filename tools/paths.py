"""Confinement: tools touch files inside of the workflow's folder and of folders its owner allowed, and nowhere else.

The folders themselves are the owner's, and found by their names. Below them nothing is: see `folders`.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agentmem.errors import InputError, NotFound, ToolError
from agentmem.regular_files import open_regular, read_at_most
from agentmem.spelling import did_you_mean
from agentmem.tools.base import ToolContext
from agentmem.tools.documents import MAX_BYTES, decode
from agentmem.tools.folders import Walk, begun

_LONGEST = 4096
"""As many as Linux takes. Part by part there would be no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a path leads, within the folders that may be touched. Usable inside of the `with` that gave it."""

    name: str
    """As results and sources show it: relative to the workflow's folder where it lies in it."""
    roots: tuple[str, ...]
    """The folders that may be touched and that it lies in."""
    in_workflow: bool
    """Whether the workflow's own folder is among them."""
    walk: Walk

    @property
    def inner(self) -> tuple[str, ...]:
        """Its parts below the outermost of `roots`."""
        return self.walk.path.relative_to(min(self.roots, key=len)).parts

    @property
    def is_missing(self) -> bool:
        """Whether there is nothing."""
        return bool(self.walk.missing)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return not self.walk.missing and not self.walk.leaf

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return bool(self.walk.leaf) and stat.S_ISREG(self.mode)

    @property
    def mode(self) -> int:
        """The type and the permissions of what is there."""
        return self.walk.folder.stat(self.walk.leaf).st_mode

    def text(self, *, max_bytes: int = MAX_BYTES) -> str:
        """The text of the file.

        Raises:
            NotFound: there is none.
            InputError: it is no regular file, too large, cannot be read, or is not text.
        """
        if self.is_missing:
            raise NotFound("there is no such file.", where=self.name, hint=self.near())
        if self.is_folder:
            raise InputError("this is a folder, not a file.", where=self.name)
        folder = self.walk.folder
        try:
            descriptor = open_regular(folder.at(self.walk.leaf), name=self.name, folder=folder.descriptor)
            return decode(read_at_most(descriptor, max_bytes, name=self.name), name=self.name)
        except OSError as error:
            raise InputError(f"the file cannot be read: {error.strerror}.", where=self.name) from error

    def near(self, *, folders: bool = False) -> str:
        """What was probably meant by a name that is missing: any name, or one of `folders` only."""
        *above, name = self.walk.missing
        if above:
            return f"The folder {above[-1]!r} does not exist either."
        try:
            names = [each for each, kind in self.walk.folder.entries() if not folders or kind == stat.S_IFDIR]
        except OSError:
            return ""  # it may be entered but not listed
        return did_you_mean(name, names)


@contextlib.contextmanager
def located(context: ToolContext, path: str) -> Iterator[Place]:
    """Follow a path, `..` and links included, to where it leads.

    Raises:
        ToolError: it is empty, no file can have it, or it leads out of the folders that may be touched.
    """
    if not path.strip() or "\0" in path:
        raise ToolError("a path is needed.", where=ascii(path))
    if len(path) > _LONGEST:
        raise ToolError(f"the path has over {_LONGEST:,} characters.", where=f"{path[:60]!a}...")
    with contextlib.ExitStack() as stack:
        failed: OSError | None = None
        try:
            walk = stack.enter_context(begun((context.folder / Path(path).expanduser()).absolute()))
            walk.follow()
        except ValueError as error:
            raise ToolError("no file can have this path.", where=ascii(path)) from error
        except RuntimeError as error:  # the home of a user that nobody knows
            raise ToolError(f"the path cannot be followed: {error}.", where=path) from error
        except OSError as error:
            failed = error
        place = _placed(context, path, walk)
        if failed is not None:  # told only of what lies inside
            raise ToolError(f"the path cannot be followed: {failed.strerror}.", where=path) from failed
        yield place


def _placed(context: ToolContext, path: str, walk: Walk) -> Place:
    own = _passed(walk, context.folder)
    roots = tuple(filter(None, [own, *(_passed(walk, each) for each in context.allowed)]))
    if not roots:
        raise ToolError(
            "the path lies outside of the workflow's folder.",
            where=path,
            hint="Whoever runs the workflow can allow its folder: `agentmem run --allow FOLDER`.",
        )
    name = (walk.path.relative_to(own) if own else walk.path).as_posix()
    return Place(name=name, roots=roots, in_workflow=bool(own), walk=walk)


def _passed(walk: Walk, root: Path) -> str:
    """Where on the way a folder lies that may be touched, whatever it is called; empty if the way leads past it."""
    try:
        found = root.stat()
    except OSError:  # it is to be made yet
        real = os.path.realpath(root)
        return real if walk.path.is_relative_to(real) else ""
    return next((folder.path for folder in walk.chain if os.path.samestat(folder.stat(), found)), "")
