# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Seeds for the makers of torch networks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def seeded(maker: Callable[[bool], Any]) -> Callable[[bool], Any]:
    """The maker starts from the same state of torch's generator each time."""

    @functools.wraps(maker)
    def wrapped(small: bool) -> Any:
        torch.manual_seed(0)
        return maker(small)

    return wrapped


def enliven(module: nn.Module) -> nn.Module:
    """Gives norms and biases values that an error would show in.

    Fresh language models have unit scales and zero biases: dropping one would go unseen.
    """
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if parameter.dim() == 1:
                if name.endswith("weight"):
                    nn.init.uniform_(parameter, 0.7, 1.3)
                else:
                    nn.init.normal_(parameter, std=0.1)
    return module.eval()
