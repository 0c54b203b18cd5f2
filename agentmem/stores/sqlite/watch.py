"""Notices that the file which is open is not the one that the next opening would read.

Somebody may move a database, put another in its place, or remove or overwrite the write-ahead log beside it, while it
is open. SQLite goes on with what it holds: a commit succeeds, and nobody ever reads it. So each commit looks before
and after, at the cost of a few calls of the system: whether the paths lead to the same files as at the opening,
whether the database is no shorter than it was, and whether the log holds what it held, and what was added.

What is copied over a database in place shows in its length alone: to read its header it would have to be opened, and
closing it would drop SQLite's locks. An older copy is shorter, as a journal only grows.
"""

from __future__ import annotations

import struct
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agentmem.errors import StoreError

_HEADER = 32
"""Bytes of a log's header: magic, version, page size, number of its checkpoint, two salts, two checksums."""
_FRAME = 24
"""Bytes before each page of a log: page number, size after a commit, two salts, two checksums."""
_LITTLE, _BIG = 0x377F0682, 0x377F0683
_WORD = 0xFFFFFFFF
_NO_COMMIT = bytes(4)
_AT_ONCE = 32
"""Frames that are read at once."""
_PAUSES = (0.0, 0.01, 0.05)
_HINT = "Stop what moves, replaces or cleans up its files, and open the store again to see what is there."


@dataclass(slots=True)
class _Log:
    """How far a log was read, as SQLite would read it after a crash: up to a commit, every checksum right."""

    header: bytes = b""
    end: int = _HEADER
    """Where the next frame comes."""
    last: bytes = b""
    """What stands before the page of the last frame."""

    @property
    def step(self) -> int:
        """Bytes from one frame to the next."""
        return _FRAME + int(struct.unpack_from(">I", self.header, 8)[0])

    @property
    def checksum(self) -> bytes:
        """What the next frame's checksum starts from."""
        return self.last[16:24] if self.last else self.header[24:32]


class Watch:
    """Watches one database file in WAL mode and its log. Safe to use from several threads.

    Args:
        path: The database, which a connection of this process has open and read from.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log_path = path.with_name(path.name + "-wal")
        self._guard = threading.Lock()
        self._identity = _identity(path)
        self._floor = self._length = 0
        self._version: int | None = None
        self._log_identity = _identity(self._log_path)
        # SQLite holds locks on the database and its -shm, which closing any descriptor of them would drop; never on
        # the log. Where it cannot have one, there is none.
        self._file = self._log_path.open("rb", buffering=0) if self._log_identity else None
        self._log = _Log(header=self._read(0, _HEADER))
        self._earlier: set[bytes] = set()

    def check(self, length: int, version: int) -> None:
        """See that the paths lead to the files that are open, and that database and log hold what they held.

        Args:
            length: Bytes of the database, what is in the log included, as the open transaction sees it.
            version: Its schema version, as that transaction sees it.

        Raises:
            StoreError: it is not so.
        """
        self._require(committed=False)
        self._require_length(length, version)

    def check_commit(self) -> None:
        """As `check`, and see that the log holds a commit more than at the last look, as one was just made.

        Raises:
            StoreError: it is not so.
        """
        self._require(committed=True)

    def close(self) -> None:
        """Release the log."""
        with self._guard:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _require(self, *, committed: bool) -> None:
        with self._guard:
            if _identity(self._path) != self._identity:
                raise self._lost("its file was moved, replaced or removed while it was open")
            if _identity(self._log_path) != self._log_identity:
                raise self._lost(f"its log {self._log_path.name} was moved, replaced or removed while it was open")
            for pause in _PAUSES:
                if self._file is None or self._follow(committed=committed):
                    return
                time.sleep(pause)  # another process may just be beginning the log anew
            raise self._lost(f"its log {self._log_path.name} was overwritten or cut off while it was open")

    def _require_length(self, length: int, version: int) -> None:
        """See that a database is not shorter than it was; but for VACUUM, which makes another schema version, it grows.

        A checkpoint that began before others wrote more may still cut it to its length of then. One that made it longer
        under the same version is a later one: that length it keeps.
        """
        with self._guard:
            there = self._path.stat().st_size
            if version == self._version:
                if there < self._floor:
                    raise self._lost("another file was copied over its file while it was open")
                grown = there > self._length
            else:
                grown, self._floor = self._version is None, 0
            if grown and there <= length:
                self._floor = there
            self._length, self._version = there, version

    def _follow(self, *, committed: bool) -> bool:
        """Go on to the last commit of the log; False if it does not hold what it must."""
        log, header = self._log, self._read(0, _HEADER)
        if not header:
            # A checkpoint of anybody's may empty the log. If it was somebody else, SQLite goes on behind a hole, and
            # there is no header then.
            return True
        begun_anew = header != log.header
        if begun_anew:
            # Each time it begins anew it has other salts.
            if not _is_sound(header) or header in self._earlier:
                return False
            self._earlier.add(log.header)
            self._log = log = _Log(header=header)
        elif log.last and self._read(log.end - log.step, _FRAME) != log.last:
            return False
        if not committed:
            return True
        return (self._advance(log) if _is_sound(header) else False) or begun_anew

    def _advance(self, log: _Log) -> bool:
        """Read the frames that follow; whether there was a commit among them."""
        place, checksum, advanced = log.end, log.checksum, False
        while True:
            data = self._read(place, _AT_ONCE * log.step)
            frames = np.frombuffer(data, dtype=np.uint8, count=len(data) - len(data) % log.step).reshape(-1, log.step)
            ours = frames[:, 8:16] == np.frombuffer(log.header[16:24], dtype=np.uint8)
            added = _added(frames, log.header, left_out=_FRAME - 8)
            for frame, is_ours, sums in zip(frames, ours.all(axis=1), added, strict=True):
                checksum = _continued(checksum, sums, frames.shape[1] - _FRAME + 8)
                head = frame[:_FRAME].tobytes()
                if not is_ours or checksum != head[16:24]:
                    return advanced
                place += log.step
                if head[4:8] != _NO_COMMIT:
                    log.end, log.last, advanced = place, head, True
            if len(frames) < _AT_ONCE:
                return advanced

    def _read(self, place: int, size: int) -> bytes:
        if self._file is None:
            return b""
        self._file.seek(place)
        return self._file.read(size)

    def _lost(self, what: str) -> StoreError:
        return StoreError(
            f"{what}: what was being written is not acknowledged, and what was written since then may be lost.",
            where=str(self._path),
            hint=_HINT,
        )


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file a path leads to; None if to none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_sound(header: bytes) -> bool:
    """Whether a log's header is one: its checksum follows from the rest."""
    if len(header) < _HEADER or struct.unpack_from(">I", header)[0] not in (_LITTLE, _BIG):
        return False
    (sums,) = _added(np.frombuffer(header[:24], dtype=np.uint8).reshape(1, -1), header)
    return _continued(bytes(8), sums, 24) == header[24:32]


# SQLite's checksum of a log: for each two words x and y of the data, s += x + t, t += y + s. That is linear, so the
# sums at the end are those that the data add, by weights, and those that the sums at the beginning have grown to.


def _added(rows: npt.NDArray[np.uint8], header: bytes, *, left_out: int = 0) -> npt.NDArray[np.uint32]:
    """What the data of each row, but for so many bytes behind the first 8, add to the two sums."""
    order = "<" if struct.unpack_from(">I", header)[0] == _LITTLE else ">"
    words = rows.view(f"{order}u4").astype(np.uint32, copy=False)
    gap = np.zeros((2, left_out // 4), dtype=np.uint32)
    by_word = _weights((rows.shape[1] - left_out) // 8).words
    weights = np.concatenate([by_word[:, :2], gap, by_word[:, 2:]], axis=1)
    added: npt.NDArray[np.uint32] = words @ weights.T
    return added


def _continued(before: bytes, added: npt.NDArray[np.uint32], size: int) -> bytes:
    """The checksum after data of so many bytes, which add so much."""
    s, t = struct.unpack(">2I", before)
    ends = [
        (by_s * s + by_t * t + int(plus)) & _WORD
        for (by_s, by_t), plus in zip(_weights(size // 8).start, added, strict=True)
    ]
    return struct.pack(">2I", *ends)


@dataclass(frozen=True, slots=True)
class _Weights:
    start: tuple[tuple[int, int], tuple[int, int]]
    words: npt.NDArray[np.uint32]


@lru_cache(maxsize=8)
def _weights(pairs: int) -> _Weights:
    """What each word adds to either sum by the time that all pairs are in."""
    made = np.zeros((2, 2 * pairs), dtype=np.uint32)
    rows = [[1, 0], [0, 1]]  # what the two sums add to themselves as they are at the end
    for pair in reversed(range(pairs)):
        for row in (0, 1):
            by_s, by_t = rows[row]
            made[row, 2 * pair] = (by_s + by_t) & _WORD
            made[row, 2 * pair + 1] = by_t
            rows[row] = [(by_s + by_t) & _WORD, (by_s + 2 * by_t) & _WORD]
    (a, b), (c, d) = rows
    return _Weights(start=((a, b), (c, d)), words=made)
