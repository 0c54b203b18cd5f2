"""all-MiniLM-L6-v2 on the processor through onnxruntime."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentmem.embeddings.base import Matrix
from agentmem.embeddings.graph_cache import load_graph, save_graph
from agentmem.embeddings.sources import MINILM, ModelSource
from agentmem.embeddings.weights import Notify
from agentmem.errors import ConfigurationError

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

_MOST_TOKENS = 256  # what the model was trained for; later text of a longer passage is not seen
_MOST_CHARACTERS = 16_384  # 256 tokens are about 1,100; tokenising a megabyte to drop it would take half a second
_BATCH_TEXTS = 16
_BATCH_TOKENS = 1024  # padded tokens of a batch: larger ones leave the processor's cache
_MOST_THREADS = 4  # matrices of 384 columns do not feed more
_NO_WORDS = 2  # [CLS] and [SEP] alone


@dataclass(frozen=True, slots=True)
class _Engine:
    """What embedding needs once it is loaded. Both may be called from several threads."""

    tokenizer: Tokenizer
    session: Any


class MiniLMEmbedder:
    """Unit vectors of 384 numbers by meaning; of a text's word pieces the first 254 are read.

    Thread safe. Making one is cheap: the model is loaded at the first text, and the ONNX graph is built from the
    weights when none of this version lies in `graphs`.

    Args:
        folder: Holds model.safetensors, tokenizer.json and config.json.
        graphs: Where the built graph is kept, `folder` by default.
        threads: Threads of one call; by default one for each processor, at most 4.
        source: The model whose files these must be.
        notify: Is told when the built graph cannot be kept.
    """

    def __init__(
        self,
        folder: Path,
        *,
        graphs: Path | None = None,
        threads: int | None = None,
        source: ModelSource = MINILM,
        notify: Notify,
    ) -> None:
        self._folder = folder
        self._graphs = folder if graphs is None else graphs
        self._threads = min(_processors(), _MOST_THREADS) if threads is None else threads
        self._source = source
        self._notify = notify
        self._engine: _Engine | None = None
        self._starting = threading.Lock()
        self._dimension = int(self._configuration()["hidden_size"])

    @property
    def model(self) -> str:
        """`all-MiniLM-L6-v2`."""
        return self._source.model

    @property
    def dimension(self) -> int:
        """384."""
        return self._dimension

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One unit vector for each text; a zero vector for a text without word pieces.

        Raises:
            ConfigurationError: the model's files turned out to be damaged or unreadable.
        """
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        if not any(text.strip() for text in texts):
            return vectors
        engine = self._started()
        encodings = engine.tokenizer.encode_batch_fast([_readable(text) for text in texts])
        for batch in _batches([len(encoding) for encoding in encodings]):
            vectors[batch] = _run(engine.session, [encodings[i] for i in batch])
        return vectors

    def _started(self) -> _Engine:
        """The engine, loaded by the first thread that asks."""
        with self._starting:
            if self._engine is None:
                self._engine = _Engine(self._load_tokenizer(), self._load_session())
            return self._engine

    def _load_tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer  # noqa: PLC0415 - heavy, and listing a log needs no embedder

        # From the checked bytes, not from the path: what was checked is what is used.
        tokenizer = Tokenizer.from_str(self._checked("tokenizer.json").decode("utf-8"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length=_MOST_TOKENS)
        return tokenizer

    def _load_session(self) -> Any:
        import onnxruntime  # noqa: PLC0415 - heavy, and listing a log needs no embedder

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # Threads that wait busily gain 5 % on an idle machine and lose 40 % where others want the same cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The graph is fused as it was built; looking for more takes longer than running it a hundred times.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.log_severity_level = 3  # errors are raised; warnings about this machine help nobody
        graph = load_graph(self._graphs) or self._build_graph()
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def _build_graph(self) -> bytes:
        """Build the graph from the weights and keep it for the next start."""
        import safetensors.numpy  # noqa: PLC0415 - needed once in the life of a cache

        from agentmem.embeddings.minilm_graph import BertShape, build_graph  # noqa: PLC0415 - imports onnx

        configuration = self._configuration()
        shape = BertShape(
            num_hidden_layers=int(configuration["num_hidden_layers"]),
            num_attention_heads=int(configuration["num_attention_heads"]),
            layer_norm_eps=float(configuration["layer_norm_eps"]),
        )
        graph = build_graph(safetensors.numpy.load(self._checked("model.safetensors")), shape)
        try:
            save_graph(self._graphs, graph)
        except OSError as error:
            self._notify(
                f"The graph of {self.model} cannot be kept in {self._graphs} ({error.strerror or error}): "
                "it is built anew at every start, which takes about a second."
            )
        return graph

    def _configuration(self) -> dict[str, Any]:
        return dict(json.loads(self._checked("config.json")))

    def _checked(self, name: str) -> bytes:
        """A file's content, after comparing its digest.

        Raises:
            ConfigurationError: the file is not readable, or not the model's.
        """
        path = self._folder / name
        expected = next(file for file in self._source.files if file.name == name)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(
                f"{name} of {self.model} cannot be read: {error.strerror or error}.",
                where=str(path),
                hint="Open the embedder again to have it fetched, or name another folder.",
            ) from error
        if hashlib.sha256(content).hexdigest() != expected.sha256:
            raise ConfigurationError(
                f"{name} is not the file of {self.model}: it is damaged or of another model.",
                where=str(path),
                hint="Remove it and open the embedder again to have it fetched, or name another folder.",
            )
        return content


def _run(session: Any, encodings: Sequence[Encoding]) -> Matrix:
    """The vectors of one batch; texts without word pieces get zeros."""
    longest = max(len(encoding) for encoding in encodings)
    ids = np.zeros((len(encodings), longest), dtype=np.int32)
    mask = np.zeros_like(ids)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding)] = encoding.ids
        mask[row, : len(encoding)] = 1
    vectors: Matrix = session.run(["vectors"], {"ids": ids, "mask": mask})[0]
    vectors[[len(encoding) <= _NO_WORDS for encoding in encodings]] = 0.0
    return vectors


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Positions of texts in batches of like lengths, so that little is spent on padding; longest first."""
    batches: list[list[int]] = []
    room = 0
    for position in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if room == 0:
            batches.append([])
            room = max(1, min(_BATCH_TEXTS, _BATCH_TOKENS // lengths[position]))
        batches[-1].append(position)
        room -= 1
    return batches


def _readable(text: str) -> str:
    """The part that can matter, without lone surrogates, which the tokenizer refuses."""
    return text[:_MOST_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def _processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
