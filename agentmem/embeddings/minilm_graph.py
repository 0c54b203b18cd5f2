"""Builds the ONNX graph of a BERT sentence encoder from its weights, out of onnxruntime's fused operators.

Embedding, attention, residual with layer norm, and bias with exact (erf) GELU are one operator each; mean pooling and
scaling to unit length are part of the graph, so that it takes token ids and gives unit vectors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, npt.NDArray[np.float32]]
"""Tensors by their names in model.safetensors."""

_FUSED = "com.microsoft"
_OPSET = 17
_IR_VERSION = 8  # what onnxruntime 1.14 and later read


@dataclass(frozen=True, slots=True, kw_only=True)
class BertShape:
    """What the weights do not say about themselves; the names are those of config.json."""

    num_hidden_layers: int
    """Encoder layers."""
    num_attention_heads: int
    """Heads of every layer."""
    layer_norm_eps: float
    """Added to the variance in every layer norm."""


@dataclass(frozen=True, slots=True)
class _Graph:
    """Nodes and constants, collected in order."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, value: npt.NDArray[np.float32] | npt.NDArray[np.int64]) -> str:
        """Add a tensor; its name comes back."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, inputs: list[str], output: str, **attributes: int | float) -> str:
        """Add a standard operator with one output; the output's name comes back."""
        return self._node("", operator, inputs, [output], attributes)

    def fused(self, operator: str, inputs: list[str], *outputs: str, **attributes: int | float) -> str:
        """Add an operator of onnxruntime's own; the first output's name comes back."""
        return self._node(_FUSED, operator, inputs, outputs, attributes)

    def _node(
        self,
        domain: str,
        operator: str,
        inputs: list[str],
        outputs: Sequence[str],
        attributes: Mapping[str, int | float],
    ) -> str:
        node = helper.make_node(operator, inputs, outputs, domain=domain)
        node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
        self.nodes.append(node)
        return outputs[0]


def build_graph(weights: Weights, shape: BertShape) -> bytes:
    """The serialised graph: inputs `ids` and `mask` (int32, texts x tokens), output `vectors` (float32, unit rows).

    `mask` is 1 on tokens and 0 on padding, which follows the tokens.

    Raises:
        KeyError: a tensor of that shape of model is not among the weights.
    """
    graph = _Graph()
    hidden = _embed(graph, weights, shape)
    for layer in range(shape.num_hidden_layers):
        hidden = _encode(graph, weights, shape, layer, hidden)
    _pool(graph, hidden)
    width = weights["embeddings.word_embeddings.weight"].shape[1]
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT32, ["texts", "tokens"]) for n in ("ids", "mask")]
    output = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", width])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "sentence-encoder", inputs, [output], graph.constants),
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)],
        ir_version=_IR_VERSION,
        producer_name="agentmem",
    )
    return bytes(model.SerializeToString())


def _embed(graph: _Graph, weights: Weights, shape: BertShape) -> str:
    """Token, position and segment embeddings, normed; also `lengths`, the tokens of each text."""
    start = "embeddings."
    # Every token is of segment 0: its embedding is added to the positions' here, and not at every run.
    positions = weights[f"{start}position_embeddings.weight"] + weights[f"{start}token_type_embeddings.weight"][0]
    inputs = [
        "ids",
        "",
        graph.constant("words", weights[f"{start}word_embeddings.weight"]),
        graph.constant("positions", positions),
        "",
        graph.constant("norm.scale", weights[f"{start}LayerNorm.weight"]),
        graph.constant("norm.shift", weights[f"{start}LayerNorm.bias"]),
        "mask",
    ]
    return graph.fused("EmbedLayerNormalization", inputs, "embedded", "lengths", epsilon=shape.layer_norm_eps)


def _encode(graph: _Graph, weights: Weights, shape: BertShape, layer: int, hidden: str) -> str:
    """One transformer layer, layer norm after each residual (Devlin et al. 2019)."""
    start, name = f"encoder.layer.{layer}", f"layer{layer}"
    parts = [f"{start}.attention.self.{part}" for part in ("query", "key", "value")]
    projection = np.concatenate([weights[f"{part}.weight"].T for part in parts], axis=1)
    bias = np.concatenate([weights[f"{part}.bias"] for part in parts])
    attention = [hidden, graph.constant(f"{name}.qkv", projection), graph.constant(f"{name}.qkv.bias", bias), "lengths"]
    seen = graph.fused("Attention", attention, f"{name}.attention", num_heads=shape.num_attention_heads)
    middle = _residual(graph, weights, shape, f"{start}.attention.output", seen, hidden)
    wide = _product(graph, weights, f"{start}.intermediate.dense", middle)
    shift = graph.constant(f"{name}.wide.bias", weights[f"{start}.intermediate.dense.bias"])
    active = graph.fused("BiasGelu", [wide, shift], f"{name}.gelu")
    return _residual(graph, weights, shape, f"{start}.output", active, middle)


def _product(graph: _Graph, weights: Weights, name: str, inputs: str) -> str:
    """A linear map without its bias, which the next operator adds."""
    return graph.add("MatMul", [inputs, graph.constant(f"{name}.w", weights[f"{name}.weight"].T)], f"{name}.product")


def _residual(graph: _Graph, weights: Weights, shape: BertShape, name: str, inputs: str, skip: str) -> str:
    """LayerNorm(skip + Linear(inputs))."""
    operands = [
        _product(graph, weights, f"{name}.dense", inputs),
        skip,
        graph.constant(f"{name}.scale", weights[f"{name}.LayerNorm.weight"]),
        graph.constant(f"{name}.shift", weights[f"{name}.LayerNorm.bias"]),
        graph.constant(f"{name}.bias", weights[f"{name}.dense.bias"]),
    ]
    return graph.fused("SkipLayerNormalization", operands, f"{name}.normed", epsilon=shape.layer_norm_eps)


def _pool(graph: _Graph, hidden: str) -> None:
    """The sum over a text's tokens at unit length; it points where their mean does."""
    axis = graph.constant("axis", np.array([1], dtype=np.int64))
    graph.add("Cast", ["mask"], "mask.float", to=TensorProto.FLOAT)
    graph.add("Unsqueeze", ["mask.float", axis], "mask.row")
    graph.add("MatMul", ["mask.row", hidden], "sum.row")
    graph.add("Squeeze", ["sum.row", axis], "sum")
    graph.add("LpNormalization", ["sum"], "vectors", axis=-1, p=2)
