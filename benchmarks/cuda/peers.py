#!/usr/bin/env python3
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks in f16, transformers with one layer's weights for all, and how fast torch runs them.

    peers.py export FOLDER bert gpt2 vit resnet resnet-b32  # NAME.onnx and NAME.npz, for `orchestra compile`
    peers.py time bert gpt2 vit resnet resnet-b32           # where the GPU is: eager and Inductor, in CUDA graphs

Needs torch and transformers. Weights come from a seed; that layers share them keeps a program small
enough to be sent to another machine, and the peers share them too. program.py times the other side."""

import argparse
import json
import pathlib
import statistics
import time

import torch

WARM_UP, RUNS = 3, 200


class Adapted(torch.nn.Module):
    """A model of one input and one output."""

    def __init__(self, model, call):
        super().__init__()
        self.model, self.call = model, call

    def forward(self, x):
        return self.call(self.model, x)


def share_layers(model):
    """All layers of a list get the parameters of its first."""
    for module in list(model.modules()):
        for child in module.children():
            if not isinstance(child, torch.nn.ModuleList) or len(child) < 2:
                continue
            for layer in child[1:]:
                for name in [name for name, _ in layer.named_parameters()]:
                    *path, last = name.split(".")
                    to, source = layer, child[0]
                    for part in path:
                        to, source = getattr(to, part), getattr(source, part)
                    setattr(to, last, getattr(source, last))
    return model


def make_bert():
    from transformers import BertConfig, BertModel

    model = BertModel(BertConfig(vocab_size=1000, attn_implementation="sdpa"), add_pooling_layer=False)
    return Adapted(share_layers(model), lambda m, x: m(x).last_hidden_state), torch.randint(0, 999, (1, 128))


def make_gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config(vocab_size=4096, attn_implementation="sdpa"))
    call = lambda m, x: m(x, use_cache=False, logits_to_keep=1).logits  # noqa: E731
    return Adapted(share_layers(model), call), torch.randint(0, 4096, (1, 512))


def make_vit():
    from transformers import ViTConfig, ViTForImageClassification

    model = ViTForImageClassification(ViTConfig(num_labels=1000, attn_implementation="sdpa"))
    return Adapted(share_layers(model), lambda m, x: m(x).logits), torch.randn(1, 3, 224, 224).half()


def make_resnet(batch):
    from transformers import ResNetConfig, ResNetForImageClassification

    model = Adapted(ResNetForImageClassification(ResNetConfig(num_labels=1000)), lambda m, x: m(x).logits)
    return model, torch.randn(batch, 3, 224, 224).half()


MODELS = {
    "bert": make_bert,
    "gpt2": make_gpt2,
    "vit": make_vit,
    "resnet": lambda: make_resnet(1),
    "resnet-b32": lambda: make_resnet(32),
}


def make(name):
    torch.manual_seed(0)
    model, data = MODELS[name]()
    return model.half().eval(), data


def export(name, folder):
    import numpy as np

    model, data = make(name)
    folder.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model, (data,), folder / (name + ".onnx"), dynamo=True, input_names=["x"], output_names=["y"], verbose=False
    )
    np.savez(folder / (name + ".npz"), x=data.numpy())


def record(model, data):
    """One run as a CUDA graph, with its output."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            model(data)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output = model(data)
    return graph, output


def time_caller(graph, host, data, output):
    """Microseconds from the input in host memory to the output in host memory."""
    source = host.pin_memory()
    target = torch.empty(output.shape, dtype=output.dtype, pin_memory=True)
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        data.copy_(source, non_blocking=True)
        graph.replay()
        target.copy_(output, non_blocking=True)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def time_device(graph):
    """Microseconds of the graph alone."""
    times = []
    for _ in range(RUNS):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        graph.replay()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end) * 1e3)
    return statistics.median(times)


@torch.no_grad()
def measure(name):
    import torch._inductor.config

    torch._inductor.config.freezing = True
    model, host = make(name)
    model, data = model.cuda(), host.cuda()
    if data.dim() == 4:  # the layout that convolutions are fastest in
        model, data = model.to(memory_format=torch.channels_last), data.to(memory_format=torch.channels_last)
    for peer in ("eager", "inductor"):
        start = time.time()
        run = model if peer == "eager" else torch.compile(model, mode="max-autotune-no-cudagraphs", dynamic=False)
        graph, output = record(run, data)
        print(
            json.dumps(
                {
                    "model": name,
                    "peer": peer,
                    "caller_us": round(time_caller(graph, host, data, output), 1),
                    "device_us": round(time_device(graph), 1),
                    "compile_s": round(time.time() - start, 1),
                }
            ),
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    writer = commands.add_parser("export")
    writer.add_argument("folder", type=pathlib.Path)
    timer = commands.add_parser("time")
    for command in (writer, timer):
        command.add_argument("names", nargs="+", choices=list(MODELS))
    options = parser.parse_args()
    for name in options.names:
        if options.command == "export":
            export(name, options.folder)
        else:
            measure(name)


if __name__ == "__main__":
    main()
