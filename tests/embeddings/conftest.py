"""A small BERT made on the spot, the wheel and the server that carry it, and a plain forward pass to compare with."""

from __future__ import annotations

import hashlib
import json
import math
import os
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import safetensors.numpy
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from agentmem.embeddings.sources import MINILM, ModelFile, ModelSource
from agentmem.embeddings.weights import find_fault, model_folder

Array = npt.NDArray[np.float64]
Reference = Callable[[Path, str], Array]

_WORDS = "[PAD] [UNK] [CLS] [SEP] anna works at acme in berlin the cat sat on a mat moved to where does ##s ##ed ."
_HIDDEN, _LAYERS, _HEADS, _WIDE = 32, 2, 4, 64


def _random_weights() -> dict[str, npt.NDArray[np.float32]]:
    random = np.random.default_rng(7)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(_WORDS.split()), _HIDDEN),
        "embeddings.position_embeddings.weight": (512, _HIDDEN),
        "embeddings.token_type_embeddings.weight": (2, _HIDDEN),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in (f"encoder.layer.{i}" for i in range(_LAYERS)):
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
        sides = {f"attention.self.{part}": (_HIDDEN, _HIDDEN) for part in ("query", "key", "value")}
        sides |= {
            "attention.output.dense": (_HIDDEN, _HIDDEN),
            "intermediate.dense": (_WIDE, _HIDDEN),
            "output.dense": (_HIDDEN, _WIDE),
        }
        for name, shape in sides.items():
            shapes[f"{layer}.{name}.weight"] = shape
            shapes[f"{layer}.{name}.bias"] = shape[:1]
    tensors = {name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    for name in norms:
        tensors[f"{name}.weight"] = random.normal(1, 0.1, _HIDDEN).astype(np.float32)
        tensors[f"{name}.bias"] = random.normal(0, 0.1, _HIDDEN).astype(np.float32)
    return tensors


def _tokenizer() -> Tokenizer:
    vocabulary = {word: position for position, word in enumerate(_WORDS.split())}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    # Published files ask for padding and short truncation, which the embedder must not follow.
    tokenizer.enable_padding(length=16)
    tokenizer.enable_truncation(16)
    return tokenizer


@dataclass(frozen=True)
class TinyModel:
    """A folder with the files of a BERT of 32 columns, and what is known of them."""

    folder: Path
    source: ModelSource


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    folder = tmp_path_factory.mktemp("tiny")
    safetensors.numpy.save_file(_random_weights(), folder / "model.safetensors")
    _tokenizer().save(str(folder / "tokenizer.json"))
    config = {
        "hidden_size": _HIDDEN,
        "num_hidden_layers": _LAYERS,
        "num_attention_heads": _HEADS,
        "layer_norm_eps": 1e-12,
    }
    (folder / "config.json").write_text(json.dumps(config))
    files = tuple(
        ModelFile(name=file.name, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        for file in MINILM.files
        for content in [(folder / file.name).read_bytes()]
    )
    source = ModelSource(
        model="tiny", files=files, requirement="tiny-model==1.0", wheel_folder="tiny_model/model", hub="http://none"
    )
    return TinyModel(folder, source)


MakeWheel = Callable[..., Path]


@pytest.fixture
def make_wheel(tiny: TinyModel) -> MakeWheel:
    """Writes a wheel with the tiny model's files; `replace` gives other contents, None leaves a file out."""

    def make(folder: Path, replace: dict[str, bytes | None] | None = None) -> Path:
        wheel = folder / "tiny_model-1.0-py3-none-any.whl"
        contents: dict[str, bytes | None] = {f.name: (tiny.folder / f.name).read_bytes() for f in tiny.source.files}
        contents |= replace or {}
        with zipfile.ZipFile(wheel, "w") as archive:
            for name, content in contents.items():
                if content is not None:
                    archive.writestr(f"tiny_model/model/{name}", content)
            archive.writestr("tiny_model/model/1_Pooling/config.json", "{}")
            info = "tiny_model-1.0.dist-info"
            needs = "Requires-Dist: a-package-that-does-not-exist"
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n{needs}\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        return wheel

    return make


@pytest.fixture
def package_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip finds packages in this test."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@dataclass
class Hub:
    """A real server on this machine. A page has a status, a body, and the length that its header claims."""

    address: str
    pages: dict[str, tuple[int, bytes, int]] = field(default_factory=dict)
    silence: threading.Event = field(default_factory=threading.Event)
    """Requests of unknown pages wait for it: a server that accepts and says nothing."""

    def serve(self, model: TinyModel) -> None:
        for file in model.source.files:
            self.put(file.name, (model.folder / file.name).read_bytes())

    def put(self, name: str, body: bytes, *, status: int = 200, claims: int | None = None) -> None:
        self.pages[f"/{name}"] = (status, body, len(body) if claims is None else claims)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in served.pages:
                served.silence.wait(30)
                return
            status, body, claims = served.pages[self.path]
            self.send_response(status)
            self.send_header("Content-Length", str(claims))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Hub(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield served
    served.silence.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """The real weights in the user's cache; without them the test is skipped, or fails where they are required."""
    folder = model_folder()
    if fault := find_fault(folder, MINILM):
        reason = f"MiniLM is not in the cache ({fault}); `agentmem embedder fetch` puts it there"
        if os.environ.get("AGENTMEM_REQUIRE_MINILM") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


def _normed(x: Array, scale: Array, shift: Array) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12) * scale + shift)


@pytest.fixture(scope="session")
def reference() -> Reference:
    """The sentence embedding written out: BERT's forward pass for one text in float64, mean of tokens, unit length."""

    def embed(folder: Path, text: str) -> Array:
        tensors = safetensors.numpy.load_file(folder / "model.safetensors")
        config = json.loads((folder / "config.json").read_text())
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(256)
        ids = tokenizer.encode(text).ids

        def weight(name: str) -> Array:
            return tensors[name].astype(np.float64)

        def linear(name: str, x: Array) -> Array:
            return np.asarray(x @ weight(f"{name}.weight").T + weight(f"{name}.bias"))

        def norm(name: str, x: Array) -> Array:
            return _normed(x, weight(f"{name}.weight"), weight(f"{name}.bias"))

        start = "embeddings"
        x = weight(f"{start}.word_embeddings.weight")[ids] + weight(f"{start}.token_type_embeddings.weight")[0]
        x = norm(f"{start}.LayerNorm", x + weight(f"{start}.position_embeddings.weight")[: len(ids)])
        width = config["hidden_size"] // config["num_attention_heads"]
        for layer in (f"encoder.layer.{i}" for i in range(config["num_hidden_layers"])):
            q, k, v = (linear(f"{layer}.attention.self.{part}", x) for part in ("query", "key", "value"))
            heads = []
            for head in range(config["num_attention_heads"]):
                part = slice(head * width, (head + 1) * width)
                scores = np.exp(q[:, part] @ k[:, part].T / math.sqrt(width))
                heads.append(scores / scores.sum(axis=1, keepdims=True) @ v[:, part])
            attended = linear(f"{layer}.attention.output.dense", np.concatenate(heads, axis=1))
            x = norm(f"{layer}.attention.output.LayerNorm", x + attended)
            wide = linear(f"{layer}.intermediate.dense", x)
            active = wide * 0.5 * (1 + np.vectorize(math.erf)(wide / math.sqrt(2)))
            x = norm(f"{layer}.output.LayerNorm", x + linear(f"{layer}.output.dense", active))
        mean = x.mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean))

    return embed
