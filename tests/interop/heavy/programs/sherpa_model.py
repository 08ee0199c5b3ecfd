"""Write a streaming model for sherpa-onnx that says the words of tones, and its tokens.

    python sherpa_model.py FOLDER [FRAMES]

It has the shape of a NeMo CTC model: 80 filters in, one score a token out, four frames of 10 ms
to one. A chunk has ``FRAMES`` frames, 32 unless given. There is nothing to learn: the score of a
word is the mean level of its filter, and that of the blank is a level that silence does not reach.
It runs in the venv of the servers, which has the package ``onnx``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).parents[1]))
from tones import BANDS, FILTERS, WORDS

#: The logarithm of a power: of digital silence it is -16, of a note 0 and more.
QUIET = 6.0


def model(frames: int) -> onnx.ModelProto:
    """A model of chunks of ``frames`` frames, which looks no further ahead."""
    weights = np.zeros((len(WORDS) + 1, FILTERS, 1), np.float32)
    for word, band in enumerate(BANDS):
        weights[word, band, 0] = 1
    bias = np.zeros(len(WORDS) + 1, np.float32)
    bias[-1] = -QUIET
    kept = ("cache_last_channel", "cache_last_time")
    nodes = [
        helper.make_node("AveragePool", ["audio_signal"], ["p"], kernel_shape=[4], strides=[4]),
        helper.make_node("Conv", ["p", "weights", "bias"], ["scores"]),
        helper.make_node("Transpose", ["scores"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("LogSoftmax", ["turned"], ["logprobs"], axis=-1),
        helper.make_node("Identity", ["length"], ["encoded_lengths"]),
        *(helper.make_node("Identity", [name], [f"{name}_next"]) for name in kept),
        helper.make_node("Identity", ["cache_last_channel_len"], ["cache_last_channel_len_next"]),
    ]
    floats, ints, value = TensorProto.FLOAT, TensorProto.INT64, helper.make_tensor_value_info
    inputs = [
        value("audio_signal", floats, ["n", FILTERS, "t"]),
        value("length", ints, ["n"]),
        *(value(name, floats, ["n", 1, 1, 1]) for name in kept),
        value("cache_last_channel_len", ints, ["n"]),
    ]
    outputs = [
        value("logprobs", floats, ["n", "u", len(WORDS) + 1]),
        value("encoded_lengths", ints, ["n"]),
        *(value(f"{name}_next", floats, ["n", 1, 1, 1]) for name in kept),
        value("cache_last_channel_len_next", ints, ["n"]),
    ]
    constants = [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")]
    graph = helper.make_graph(nodes, "tones", inputs, outputs, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    facts = {
        "window_size": frames, "chunk_shift": frames, "subsampling_factor": 4,
        "vocab_size": len(WORDS),
        **{f"{name}_dim{at}": 1 for name in kept for at in (1, 2, 3)},
    }  # fmt: skip
    helper.set_model_props(made, {name: str(fact) for name, fact in facts.items()})
    onnx.checker.check_model(made)
    return made


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    frames = int(sys.argv[2]) if len(sys.argv) > 2 else 32
    onnx.save(model(frames), str(folder / "tones.onnx"))
    lines = [f"\u2581{word} {at}" for at, word in enumerate(WORDS)] + [f"<blk> {len(WORDS)}"]
    (folder / "tokens.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
