# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The networks of the benchmark, by name. Each maker returns what `export.write` needs.

A maker is `make(small: bool) -> Network`; nothing here is imported before it is used,
so listing needs neither torch nor transformers.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Network:
    """A network ready to export, or an ONNX model that is one already."""

    inputs: dict[str, Any]  # name -> numpy array, in the order of the graph's inputs
    module: Any = None  # a torch module in eval mode, taking the inputs in order
    outputs: list[str] = field(default_factory=list)
    dynamic: dict[str, dict[int, str]] = field(default_factory=dict)  # input -> axis -> name
    proto: Any = None  # or: a finished onnx.ModelProto
    more_inputs: dict[str, dict[str, Any]] = field(default_factory=dict)  # other shapes to try


# name -> (module of this package, function, one line for --list)
NETWORKS = {
    "resnet50": ("vision", "resnet50", "ResNet-50, 1x3x224x224"),
    "mobilenetv2": ("vision", "mobilenetv2", "MobileNetV2 1.0, 1x3x224x224"),
    "vit-b16": ("vision", "vit_b16", "ViT-B/16, 1x3x224x224"),
    "bert-base": ("language", "bert_base", "BERT base, batch 1, sequence 128"),
    "distilbert": ("language", "distilbert", "DistilBERT, dynamic batch and sequence (timed at 1x128)"),
    "gpt2-prefill-128": ("language", "gpt2_128", "GPT-2 124M, prefill of 128 tokens, caches out"),
    "gpt2-prefill-512": ("language", "gpt2_512", "GPT-2 124M, prefill of 512 tokens, caches out"),
    "llama-prefill": ("language", "llama_prefill", "Llama-style 110M, prefill of 128 tokens, caches out"),
    "llama-decode": ("language", "llama_decode", "Llama-style 110M, one token, caches of 128 in, 129 out"),
    "llama-decode-dynamic": ("language", "llama_decode_dynamic", "the same, length of the caches dynamic"),
    "light-alexnet": ("light", "alexnet", "AlexNet of the onnx package, seeded weights"),
    "light-densenet121": ("light", "densenet121", "DenseNet-121 of the onnx package, seeded weights"),
    "light-inception-v1": ("light", "inception_v1", "Inception v1 of the onnx package, seeded weights"),
    "light-inception-v2": ("light", "inception_v2", "Inception v2 of the onnx package, seeded weights"),
    "light-resnet50": ("light", "resnet50", "ResNet-50 of the onnx package, seeded weights"),
    "light-shufflenet": ("light", "shufflenet", "ShuffleNet of the onnx package, seeded weights"),
    "light-squeezenet": ("light", "squeezenet", "SqueezeNet of the onnx package, seeded weights"),
    "light-vgg19": ("light", "vgg19", "VGG-19 of the onnx package, seeded weights"),
    "light-zfnet512": ("light", "zfnet512", "ZFNet-512 of the onnx package, seeded weights"),
}


def make(name: str, small: bool) -> Network:
    """Builds the network in memory; seeded, so twice the same."""
    module, function, _ = NETWORKS[name]
    maker = getattr(importlib.import_module(f"{__name__}.{module}"), function)
    return maker(small)
