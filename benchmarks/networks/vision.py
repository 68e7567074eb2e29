# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Image networks, from the configurations that `transformers` ships; weights are seeded.

Weights are drawn, never downloaded. Batch norms get their statistics from a forward pass
over random pictures, so activations stay of order one through all layers: with arbitrary
statistics a deep network's output is 0 or infinite, and comparing it proves nothing.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from . import Network
from .seeding import seeded


def calibrate(module: nn.Module, pictures: torch.Tensor) -> None:
    """Random affine parameters for each batch norm, statistics as measured on `pictures`."""
    norms = [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.7, 1.3)
        nn.init.normal_(norm.bias, std=0.1)
        norm.momentum = None  # the plain average over the passes seen
        norm.reset_running_stats()
    module.train()
    with torch.no_grad():
        module(pictures)
    module.eval()
    for norm in norms:
        norm.momentum = 0.1


class Logits(nn.Module):
    """Only the logits of a classifier, so that the graph has one plain output."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.model(pixel_values).logits


def classifier(model: nn.Module, size: int) -> Network:
    module = Logits(model)
    pictures = torch.randn(4, 3, size, size)
    calibrate(module, pictures)
    picture = np.random.default_rng(1).standard_normal((1, 3, size, size), dtype=np.float32)
    return Network({"pixel_values": picture}, module.eval(), ["logits"])


@seeded
def resnet50(small: bool) -> Network:
    from transformers import ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(num_labels=1000)
    if small:
        config = ResNetConfig(num_labels=10, embedding_size=8, hidden_sizes=[16, 32], depths=[2, 2])
    return classifier(ResNetForImageClassification(config), 32 if small else 224)


@seeded
def mobilenetv2(small: bool) -> Network:
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    config = MobileNetV2Config(num_labels=1000, tf_padding=False)
    if small:
        config = MobileNetV2Config(num_labels=10, tf_padding=False, depth_multiplier=0.25, min_depth=8, image_size=64)
    return classifier(MobileNetV2ForImageClassification(config), 64 if small else 224)


@seeded
def vit_b16(small: bool) -> Network:
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(num_labels=1000)
    if small:
        config = ViTConfig(
            num_labels=10,
            hidden_size=32,
            num_hidden_layers=2,
            image_size=32,
            num_attention_heads=4,
            intermediate_size=64,
            patch_size=8,
        )
    return classifier(ViTForImageClassification(config), config.image_size)
