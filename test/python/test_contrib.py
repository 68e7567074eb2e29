# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators of the domain com.microsoft, as ONNX Runtime's tools emit them, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

F, I8, U8, I32, I64 = np.float32, np.int8, np.uint8, np.int32, np.int64
RANDOM = np.random.default_rng(11)


def f(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return RANDOM.uniform(low, high, shape).astype(F)


def q(dtype, *shape: int) -> np.ndarray:
    info = np.iinfo(dtype)
    return RANDOM.integers(info.min, info.max, shape, endpoint=True).astype(dtype)


def s(value: float) -> np.ndarray:
    return np.array(value, F)


def z(dtype, value: int) -> np.ndarray:
    return np.array(value, dtype)


def mask(batch: int, keys: int) -> np.ndarray:
    made = np.ones((batch, keys), I32)
    made[-1, keys - 2 :] = 0
    return made


ONE = [q(U8, 2, 3, 8, 8), s(0.05), z(U8, 120), s(0.02), z(U8, 128)]
TWO = [q(U8, 2, 7), s(0.05), z(U8, 120), q(U8, 2, 7), s(0.03), z(U8, 100), s(0.1), z(U8, 128)]
WORDS = RANDOM.integers(0, 9, (2, 5)).astype(I32)
EMBED = [WORDS, np.zeros((2, 5), I32), f(9, 8), f(6, 8), f(2, 8), f(8), f(8)]
PAST = f(2, 2, 2, 3, 4)


def ends(*places: int) -> np.ndarray:
    return np.array(places, I32)


# Four heads of queries, two of keys, of width 8; a cache of keys and one of values.
NEW, CACHE, ROTARY = [f(2, 1, 32), f(2, 1, 16), f(2, 1, 16)], [f(2, 2, 5, 8), f(2, 2, 5, 8)], [f(9, 8), f(9, 8)]
PROMPT = [f(2, 4, 32), f(2, 4, 16), f(2, 4, 16), None, None]
GROUPS = {"num_heads": 4, "kv_num_heads": 2}
QLSTM = [f(3, 2, 4), q(I8, 1, 4, 20), q(I8, 1, 5, 20), f(1, 40), None, None, None, None, s(0.01).reshape(1), np.zeros(1, I8), s(0.008).reshape(1), np.zeros(1, I8)]
# name: (operator, inputs, attributes, number of outputs, initializers from this input on)
CASES = {
    "gelu": ("Gelu", [f(3, 5)], {}, 1),
    "fast-gelu": ("FastGelu", [f(3, 5), f(5)], {}, 1),
    "fast-gelu-plain": ("FastGelu", [f(3, 5)], {}, 1),
    "bias-gelu": ("BiasGelu", [f(3, 5), f(5)], {}, 1),
    "quick-gelu": ("QuickGelu", [f(3, 5)], {"alpha": 1.5}, 1),
    "skip-layer-norm": ("SkipLayerNormalization", [f(2, 3, 8), f(2, 3, 8), f(8), f(8), f(8)], {"epsilon": 1e-3}, [0, 3]),
    "skip-layer-norm-plain": ("SkipLayerNormalization", [f(2, 3, 8), f(2, 3, 8), f(8), None, None], {}, 1),
    "skip-rms-norm": ("SkipSimplifiedLayerNormalization", [f(2, 3, 8), f(2, 3, 8), f(8)], {}, [0, 3]),
    "simplified-norm": (":SimplifiedLayerNormalization", [f(2, 3, 8), f(8)], {"epsilon": 1e-3}, 1),
    "embed": ("EmbedLayerNormalization", [*EMBED, mask(2, 5)], {"epsilon": 1e-6}, 2),
    "embed-plain": ("EmbedLayerNormalization", [EMBED[0], None, EMBED[2], EMBED[3], None, EMBED[5], EMBED[6]], {}, 2),
    "fused-matmul": ("FusedMatMul", [f(2, 3, 4), f(2, 5, 3)], {"transA": 1, "transB": 1, "alpha": 0.5}, 1),
    "fused-gemm": ("FusedGemm", [f(3, 4), f(4, 5), f(5)], {"activation": "LeakyRelu", "activation_alpha": 0.2}, 1),
    "fused-conv": ("FusedConv", [f(1, 3, 6, 6), f(4, 3, 3, 3), f(4)], {"activation": "Relu", "pads": [1, 1, 1, 1]}, 1),
    "fused-conv-clip": ("FusedConv", [f(1, 3, 6, 6), f(4, 3, 3, 3)], {"activation": "Clip", "activation_params": [-1.0, 1.5]}, 1),
    "attention": ("Attention", [f(2, 5, 8), f(8, 24), f(24)], {"num_heads": 2}, 1),
    "attention-masked": ("Attention", [f(2, 5, 8), f(8, 24), f(24), mask(2, 5)], {"num_heads": 2}, 1),
    "attention-lengths": ("Attention", [f(2, 5, 8), f(8, 24), f(24), np.array([5, 3], I32)], {"num_heads": 2}, 1),
    "attention-causal": ("Attention", [f(2, 5, 8), f(8, 24), f(24)], {"num_heads": 2, "unidirectional": 1}, 1),
    "attention-past": ("Attention", [f(2, 1, 8), f(8, 24), f(24), None, PAST], {"num_heads": 2, "unidirectional": 1}, 2),
    "multi-head": ("MultiHeadAttention", [f(2, 5, 8), f(2, 6, 8), f(2, 6, 12)], {"num_heads": 2}, 1),
    "multi-head-bias": ("MultiHeadAttention", [f(2, 5, 8), f(2, 6, 8), f(2, 6, 8), f(24), mask(2, 6)], {"num_heads": 2, "scale": 0.3}, 1),
    "multi-head-past": (
        "MultiHeadAttention",
        [f(2, 1, 8), f(2, 1, 8), f(2, 1, 8), None, None, None, PAST[0], PAST[1]],
        {"num_heads": 2},
        3,
    ),
    "groups-prompt": ("GroupQueryAttention", [*PROMPT, ends(3, 3), z(I32, 4)], GROUPS, 3),
    "groups-prompt-rotary": ("GroupQueryAttention", [f(2, 4, 64), f(2, 4, 32), f(2, 4, 32), None, None, ends(3, 3), z(I32, 4), *ROTARY], {**GROUPS, "do_rotary": 1}, 3),
    "groups-packed": ("GroupQueryAttention", [f(2, 4, 64), None, None, None, None, ends(3, 3), z(I32, 4)], {**GROUPS, "scale": 0.3}, 3),
    "groups-step": ("GroupQueryAttention", [*NEW, *CACHE, ends(5, 3), z(I32, 6)], GROUPS, 3),
    "groups-step-rotary": ("GroupQueryAttention", [f(2, 1, 64), f(2, 1, 32), f(2, 1, 32), f(2, 2, 5, 16), f(2, 2, 5, 16), ends(5, 3), z(I32, 6), *ROTARY], {**GROUPS, "do_rotary": 1, "rotary_interleaved": 1}, 3),
    "groups-step-window": ("GroupQueryAttention", [*NEW, *CACHE, ends(5, 5), z(I32, 6)], {**GROUPS, "local_window_size": 2, "softcap": 2.0}, 3),
    "groups-window-of-none": ("GroupQueryAttention", [*NEW, *CACHE, ends(5, 5), z(I32, 6)], {**GROUPS, "local_window_size": 0}, 3),
    "groups-negative-scale": ("GroupQueryAttention", [*NEW, *CACHE, ends(5, 5), z(I32, 6)], {**GROUPS, "scale": -0.3}, 3),
    "attention-negative-scale": ("Attention", [f(2, 5, 8), f(8, 24), f(24)], {"num_heads": 2, "scale": -0.3}, 1),
    "multi-head-negative-scale": ("MultiHeadAttention", [f(2, 5, 8), f(2, 6, 8), f(2, 6, 12)], {"num_heads": 2, "scale": -0.3}, 1),
    "groups-step-in-place": ("GroupQueryAttention", [*NEW, f(2, 2, 8, 8), f(2, 2, 8, 8), ends(5, 3), z(I32, 6)], GROUPS, 3),
    "quantized-lstm": ("DynamicQuantizeLSTM", QLSTM, {"hidden_size": 5}, 3),
    "q-conv-last": (
        "QLinearConv",
        [q(U8, 1, 6, 6, 3), s(0.05), z(U8, 120), q(I8, 4, 3, 3, 3), s(0.02), z(I8, 0), s(0.3), z(U8, 128)],
        {"channels_last": 1, "kernel_shape": [3, 3], "pads": [1, 1, 1, 1]},
        1,
    ),
    "max-pool-last": ("NhwcMaxPool", [q(U8, 1, 6, 6, 3)], {"kernel_shape": [2, 2], "strides": [2, 2]}, 1),
    "rotary": ("RotaryEmbedding", [f(2, 3, 16), np.array([[0, 1, 2], [4, 5, 6]], I64), f(9, 4), f(9, 4)], {}, 1),
    "rotary-from": ("RotaryEmbedding", [f(2, 3, 16), np.array([2], I64), f(9, 4), f(9, 4)], {"interleaved": 1}, 1),
    "q-add": ("QLinearAdd", TWO, {}, 1),
    "q-mul": ("QLinearMul", TWO, {}, 1),
    "q-sigmoid": ("QLinearSigmoid", [*ONE[:3], s(1 / 256), z(U8, 0)], {}, 1),
    "q-leaky-relu": ("QLinearLeakyRelu", ONE, {"alpha": 0.1}, 1),
    "q-softmax": ("QLinearSoftmax", [*ONE[:3], s(1 / 256), z(U8, 0)], {"axis": -1, "opset": 13}, 1),
    "q-pool-all": ("QLinearGlobalAveragePool", ONE, {"channels_last": 0}, 1),
    "q-pool": ("QLinearAveragePool", ONE, {"kernel_shape": [2, 2], "strides": [2, 2]}, 1),
    "q-concat": ("QLinearConcat", [s(0.1), z(U8, 128), *TWO[:6]], {"axis": 1}, 1),
    "q-gemm": (
        "QGemm",
        [q(U8, 3, 4), s(0.05), z(U8, 120), q(I8, 5, 4), f(5, low=0.01, high=0.05), np.zeros(5, I8), q(I8, 5).astype(I32), s(0.1), z(U8, 128)],
        {"transB": 1},
        1,
    ),
    "q-gemm-float": ("QGemm", [q(U8, 3, 4), s(0.05), z(U8, 120), q(I8, 4, 5), s(0.02), z(I8, 0)], {}, 1),
    "matmul-to-float": ("MatMulIntegerToFloat", [q(U8, 3, 4), q(I8, 4, 5), s(0.05), f(5, low=0.01, high=0.05), z(U8, 9), np.zeros(5, I8), f(5)], {}, 1),
    "dynamic-matmul": ("DynamicQuantizeMatMul", [f(3, 4), q(I8, 4, 5), s(0.02), z(I8, 0), f(5)], {}, 1),
    "matmul-4-bits": ("MatMulNBits", [f(3, 64), q(U8, 6, 2, 16), f(12)], {"K": 64, "N": 6, "bits": 4, "block_size": 32}, 1),
    "matmul-4-bits-zero": (
        "MatMulNBits",
        [f(3, 90), q(U8, 6, 3, 16), f(18), q(U8, 12)],
        {"K": 90, "N": 6, "bits": 4, "block_size": 32},
        1,
    ),
    "quantize": ("QuantizeLinear", [f(2, 3, 4), f(3, low=0.01, high=0.1), np.array([3, 4, 5], U8)], {"axis": 1}, 1),
    "dequantize": ("DequantizeLinear", [q(I8, 2, 3, 4), f(3), np.array([3, 4, 5], I8)], {"axis": 1}, 1),
}  # fmt: skip


def build(op: str, inputs: list, attributes: dict, outputs) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:
    """Activations are inputs of the model, everything after the first two is a constant."""
    domain, _, op = op.rpartition(":") if ":" in op else ("com.microsoft", "", op)
    wanted = range(outputs) if isinstance(outputs, int) else outputs
    names, infos, constants, feeds = [], [], [], {}
    for i, array in enumerate(inputs):
        names.append("" if array is None else f"x{i}")
        if array is None:
            continue
        if i > 1 and (op.startswith("Q") or op in ("MatMulNBits", "MatMulIntegerToFloat")) or i > 0 and op == "DynamicQuantizeLSTM":
            constants.append(numpy_helper.from_array(array, f"x{i}"))
            continue
        feeds[f"x{i}"] = array
        infos.append(helper.make_tensor_value_info(f"x{i}", helper.np_dtype_to_tensor_dtype(array.dtype), array.shape))
    outs = [f"y{i}" if i in wanted else "" for i in range(max(wanted) + 1)]
    node = helper.make_node(op, names, outs, name="the_node", domain=domain, **attributes)
    graph = helper.make_graph([node], "g", infos, [onnx.ValueInfoProto(name=o) for o in outs if o], constants)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8), feeds


def typed(model: onnx.ModelProto, results: dict[str, np.ndarray]) -> None:
    """Output types, which no inference of the standard's can give."""
    for output in model.graph.output:
        array = results[output.name]
        output.CopyFrom(helper.make_tensor_value_info(output.name, helper.np_dtype_to_tensor_dtype(array.dtype), [None] * array.ndim))


@pytest.mark.parametrize("name", sorted(CASES))
def test_operator(name, orchestra, tmp_path):
    model, feeds = build(*CASES[name])
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    want = dict(zip(names, session.run(names, feeds), strict=True))
    typed(model, want)
    onnx.save(model, tmp_path / "model.onnx")
    np.savez(tmp_path / "inputs.npz", **feeds)
    orchestra("run", tmp_path / "model.onnx", "--inputs", tmp_path / "inputs.npz", "--outputs", tmp_path / "out.npz")
    got = np.load(tmp_path / "out.npz")
    for key in names:
        assert got[key].dtype == want[key].dtype and got[key].shape == want[key].shape
        if want[key].dtype.kind in "iu":  # a step of rounding, where floats round the other way
            assert np.abs(got[key].astype(I64) - want[key].astype(I64)).max() <= 1
        else:
            # ONNX Runtime rounds the activations of the LSTM to 8 bits, which its name asks for.
            bound = 0.02 if CASES[name][0] == "DynamicQuantizeLSTM" else 2e-4
            np.testing.assert_allclose(got[key], want[key], rtol=bound, atol=bound * max(1, np.abs(want[key]).max()))


@pytest.mark.parametrize(
    "op, inputs, attributes, says",
    [
        ("SkipLayerNormalization", [f(2, 3, 8), f(2, 3, 8), f(8)], {}, "outputs 'mean' and 'inv_std_var', for training, are not supported"),
        (
            "MatMulNBits",
            [f(3, 64), q(U8, 6, 2, 8), f(12)],
            {"K": 64, "N": 6, "bits": 2, "block_size": 32},
            "attribute 'bits' is 2, but only 4 and 8 are supported",
        ),
        ("MatMulNBits", [f(3, 64), q(U8, 6, 2, 8), f(12)], {"K": 64, "N": 6}, "attribute 'block_size' is missing"),
        ("QLinearAveragePool", [q(U8, 1, 4, 4, 2), f(1)], {"channels_last": 1}, "attribute 'channels_last' is 1, but only 0 is supported"),
        ("Attention", [f(2, 3, 8), f(8, 24)], {"num_heads": 0}, "attribute 'num_heads' is 0, but must be at least 1"),
        ("Attention", [f(2, 3, 8), f(8, 24)], {"num_heads": 2, "do_rotary": 1}, "attribute 'do_rotary' is 1, but only 0 is supported"),
        ("MultiHeadAttention", [f(2, 8), f(2, 8), f(2, 8)], {"num_heads": 2}, "the rank of 'query' is 2, but must be 3"),
        ("FusedGemm", [f(2, 3), f(3, 4)], {"activation": "Mish"}, "attribute 'activation' is 'Mish', but only these are supported: Clip, Relu"),
    ],
)
def test_what_is_left_out(op, inputs, attributes, says, orchestra, tmp_path):
    model, _ = build(op, inputs, attributes, 2 if op.startswith("Skip") else 1)
    for output in model.graph.output:
        output.CopyFrom(helper.make_tensor_value_info(output.name, onnx.TensorProto.FLOAT, None))
    onnx.save(model, tmp_path / "model.onnx")
    done = orchestra("compile", tmp_path / "model.onnx", "-o", tmp_path / "model.so", code=1)
    assert f"the_node: error: {op}: {says}" in done.stderr and "[unsupported-form]" in done.stderr
