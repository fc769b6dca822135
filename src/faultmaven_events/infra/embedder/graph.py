"""A BERT encoder as an ONNX graph, out of its weights alone.

The layers follow Devlin et al. 2018 (https://arxiv.org/abs/1810.04805, post-norm encoder, exact GELU) with the tensor names of Hugging Face
checkpoints. Inputs `input_ids`, `attention_mask`, `token_type_ids` are int64[batch, tokens]; the output `last_hidden_state` is
float32[batch, tokens, width]. Pooling and normalising are left to who runs the model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
HIDDEN = -1e9
"""Added to the attention score of padding: its softmax is zero."""

Weights = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a BERT encoder."""

    layers: int
    heads: int
    width: int
    epsilon: float

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Shape":
        """Read them out of a Hugging Face `config.json`."""
        return cls(config["num_hidden_layers"], config["num_attention_heads"], config["hidden_size"], config["layer_norm_eps"])


@dataclass(slots=True)
class Drawing:
    """A graph while it is drawn: each method adds one node and returns the name of its output."""

    weights: Weights
    nodes: list[NodeProto] = field(default_factory=list)
    constants: dict[str, TensorProto] = field(default_factory=dict)

    def constant(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        """Add a value under a name, once."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value, dtype=dtype).reshape(np.shape(value)), name)
        return name

    def weight(self, name: str, *, transposed: bool = False) -> str:
        """Add a tensor of the checkpoint."""
        return self.constant(name, self.weights[name].T if transposed else self.weights[name])

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator."""
        name = f"{operator}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def linear(self, x: str, name: str) -> str:
        """Add x W + b."""
        return self.node("Add", self.node("MatMul", x, self.weight(f"{name}.weight", transposed=True)), self.weight(f"{name}.bias"))

    def norm(self, x: str, name: str, epsilon: float) -> str:
        """Add a layer normalisation."""
        return self.node("LayerNormalization", x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), axis=-1, epsilon=epsilon)

    def gelu(self, x: str) -> str:
        """Add x/2 (1 + erf(x / sqrt 2)), the exact GELU (Hendrycks & Gimpel 2016)."""
        erf = self.node("Erf", self.node("Div", x, self.constant("sqrt2", np.sqrt(2))))
        half = self.node("Mul", x, self.constant("half", 0.5))
        return self.node("Mul", half, self.node("Add", erf, self.constant("one", 1.0)))


def draw(weights: Weights, shape: Shape) -> ModelProto:
    """Return the encoder.

    Raises:
        KeyError: a tensor that BERT has is missing.
    """
    drawing = Drawing(weights)
    x = _embeddings(drawing, shape)
    mask = _mask(drawing)
    for number in range(shape.layers):
        layer = f"encoder.layer.{number}"
        attended = _attention(drawing, x, mask, f"{layer}.attention", shape)
        x = drawing.norm(drawing.node("Add", attended, x), f"{layer}.attention.output.LayerNorm", shape.epsilon)
        inner = drawing.gelu(drawing.linear(x, f"{layer}.intermediate.dense"))
        x = drawing.norm(drawing.node("Add", drawing.linear(inner, f"{layer}.output.dense"), x), f"{layer}.output.LayerNorm", shape.epsilon)
    drawing.nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))
    return _model(drawing, shape)


def _embeddings(drawing: Drawing, shape: Shape) -> str:
    tokens = drawing.node("Gather", drawing.weight("embeddings.word_embeddings.weight"), "input_ids")
    types = drawing.node("Gather", drawing.weight("embeddings.token_type_embeddings.weight"), "token_type_ids")
    length = drawing.node("Gather", drawing.node("Shape", "input_ids"), drawing.constant("axis1", 1, np.int64))
    places = drawing.node("Range", drawing.constant("zero", 0, np.int64), length, drawing.constant("step", 1, np.int64))
    positions = drawing.node("Gather", drawing.weight("embeddings.position_embeddings.weight"), places)
    return drawing.norm(drawing.node("Add", drawing.node("Add", tokens, types), positions), "embeddings.LayerNorm", shape.epsilon)


def _mask(drawing: Drawing) -> str:
    present = drawing.node(
        "Cast", drawing.node("Unsqueeze", "attention_mask", drawing.constant("axes12", [1, 2], np.int64)), to=TensorProto.FLOAT
    )
    return drawing.node("Mul", drawing.node("Sub", drawing.constant("one", 1.0), present), drawing.constant("hidden", HIDDEN))


def _attention(drawing: Drawing, x: str, mask: str, name: str, shape: Shape) -> str:
    head = shape.width // shape.heads
    split = drawing.constant("split", [0, 0, shape.heads, head], np.int64)
    query, key, value = (drawing.node("Reshape", drawing.linear(x, f"{name}.self.{part}"), split) for part in ("query", "key", "value"))
    query, value = (drawing.node("Transpose", part, perm=[0, 2, 1, 3]) for part in (query, value))
    scores = drawing.node("MatMul", query, drawing.node("Transpose", key, perm=[0, 2, 3, 1]))
    scores = drawing.node("Mul", scores, drawing.constant("scale", 1 / np.sqrt(head)))
    share = drawing.node("Softmax", drawing.node("Add", scores, mask), axis=-1)
    context = drawing.node("Transpose", drawing.node("MatMul", share, value), perm=[0, 2, 1, 3])
    joined = drawing.node("Reshape", context, drawing.constant("join", [0, 0, shape.width], np.int64))
    return drawing.linear(joined, f"{name}.output.dense")


def _model(drawing: Drawing, shape: Shape) -> ModelProto:
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in INPUTS]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", shape.width])
    graph = helper.make_graph(drawing.nodes, "bert", inputs, [output], list(drawing.constants.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    checker.check_model(model)
    return model
