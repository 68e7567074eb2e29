# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The code of docs/tutorial/python.md, which is cut from here. It needs only NumPy and Orchestra:

    .venv/bin/python examples/python/digits.py
"""

import asyncio
import concurrent.futures
import pathlib
import sys

import numpy

import orchestra

DIGITS = pathlib.Path(__file__).parents[1] / "digits"


def first_run() -> None:
    # ANCHOR: first-run
    pictures = numpy.load(DIGITS / "test.npz")["image"]  # 360 of them, f32[360,1,8,8]
    program = orchestra.compile(DIGITS / "digits.onnx")
    result = program(image=pictures)
    print(result["probabilities"].argmax(axis=1)[:5])
    # ANCHOR_END: first-run
    labels = numpy.load(DIGITS / "test-labels.npy")
    assert (result[0].argmax(axis=1) == labels).mean() > 0.95


def many_shapes() -> None:
    program = orchestra.compile(DIGITS / "digits.onnx")
    picture = numpy.zeros((1, 1, 8, 8), "float32")
    # ANCHOR: shapes
    print(program.inputs[0])  # image: f32[batch,1,8,8]
    for batch in (1, 7, 64):
        (probabilities,) = program(numpy.repeat(picture, batch, axis=0))
        assert probabilities.shape == (batch, 10)

    fixed = orchestra.compile(DIGITS / "digits.onnx", dims={"batch": 64})
    assert fixed.inputs[0].shape == (64, 1, 8, 8)
    # ANCHOR_END: shapes
    # ANCHOR: hot-shapes
    hot = orchestra.compile(DIGITS / "digits.onnx", specialize=[{"batch": 1}, {"batch": 64}])
    for batch in (1, 7, 64):
        (probabilities,) = hot(numpy.repeat(picture, batch, axis=0))
        assert probabilities.shape == (batch, 10)
    # ANCHOR_END: hot-shapes


def errors() -> None:
    program = orchestra.compile(DIGITS / "digits.onnx")
    # ANCHOR: errors
    try:
        program(image=numpy.zeros((1, 1, 8, 9), "float32"))
    except orchestra.InputError as error:
        print(error)
        assert error.slug == "tensor-shape"
        assert error.fault is orchestra.Fault.INPUT
    # ANCHOR_END: errors
    else:
        raise AssertionError("a picture of 8x9 went through")


def ahead_of_time(folder: pathlib.Path) -> None:
    picture = numpy.zeros((1, 1, 8, 8), "float32")
    # ANCHOR: save
    orchestra.compile(DIGITS / "digits.onnx", cpu="x86-64-v3").save(folder / "digits.so")
    program = orchestra.load(folder / "digits.so", threads=1)
    # ANCHOR_END: save
    assert program(picture)[0].shape == (1, 10)


def threads() -> None:
    program = orchestra.compile(DIGITS / "digits.onnx")
    pictures = numpy.load(DIGITS / "test.npz")["image"]
    # ANCHOR: threads
    batches = numpy.array_split(pictures, 8)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda batch: program(batch)[0], batches))

    async def serve(picture: numpy.ndarray) -> int:
        result = await asyncio.wrap_future(program.run_async(picture))
        return int(result["probabilities"].argmax())

    digit = asyncio.run(serve(pictures[:1]))
    # ANCHOR_END: threads
    assert len(numpy.concatenate(answers)) == 360 and 0 <= digit <= 9


def explain() -> None:
    program = orchestra.compile(DIGITS / "digits.onnx")
    # ANCHOR: explain
    explanation = program.explain(dims={"batch": 64})
    print(explanation)
    for call in explanation.slowest(3):
        print(f"{call.seconds * 1e6:.1f} us in {' + '.join(call.nodes)}")
    # ANCHOR_END: explain
    assert explanation.seconds > 0


def instead_of_onnx_runtime() -> None:
    path = DIGITS / "digits.onnx"
    picture = numpy.zeros((1, 1, 8, 8), "float32")
    # ANCHOR: onnxruntime
    import orchestra as onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (probabilities,) = session.run(["probabilities"], {"image": picture})
    # ANCHOR_END: onnxruntime
    assert probabilities.shape == (1, 10)


def main(folder: pathlib.Path) -> None:
    first_run()
    many_shapes()
    errors()
    ahead_of_time(folder)
    threads()
    explain()
    instead_of_onnx_runtime()
    print("done")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "."))
