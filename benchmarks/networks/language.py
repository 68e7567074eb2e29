# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Language networks, from the configurations that `transformers` ships; weights are seeded.

The decoders show their caches: prefill returns the keys and values of each layer, decode
takes them and returns them longer by one token. As in serving, prefill computes the
logits of the last position only.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from . import Network
from .seeding import enliven, seeded


def tokens(vocabulary: int, batch: int, length: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, vocabulary, (batch, length), dtype=np.int64)


class Encoder(nn.Module):
    """The last hidden state of an encoder."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state


class SegmentEncoder(Encoder):
    """An encoder with token types (BERT): hidden state and the pooled first token."""

    def forward(self, input_ids, attention_mask, token_type_ids):
        out = self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return out.last_hidden_state, out.pooler_output


@seeded
def bert_base(small: bool) -> Network:
    from transformers import BertConfig, BertModel

    config = BertConfig()
    length = 128
    if small:
        config = BertConfig(
            vocab_size=99,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=32,
        )
        length = 12
    mask = np.ones((1, length), np.int64)
    mask[:, -length // 8 :] = 0  # a padded tail, so that the mask matters
    types = (np.arange(length)[None] >= length // 2).astype(np.int64)
    return Network(
        {"input_ids": tokens(config.vocab_size, 1, length), "attention_mask": mask, "token_type_ids": types},
        SegmentEncoder(enliven(BertModel(config))),
        ["last_hidden_state", "pooler_output"],
    )


@seeded
def distilbert(small: bool) -> Network:
    from transformers import DistilBertConfig, DistilBertModel

    config = DistilBertConfig()
    shapes = [(1, 128), (4, 37), (2, 1)]
    if small:
        config = DistilBertConfig(
            vocab_size=99, dim=32, n_layers=2, n_heads=4, hidden_dim=64, max_position_embeddings=32
        )
        shapes = [(2, 12), (3, 7), (1, 1)]

    def inputs(batch: int, length: int) -> dict[str, np.ndarray]:
        mask = np.ones((batch, length), np.int64)
        mask[0, max(1, length - length // 8) :] = 0
        return {"input_ids": tokens(config.vocab_size, batch, length), "attention_mask": mask}

    axes = {0: "batch", 1: "sequence"}
    return Network(
        inputs(*shapes[0]),
        Encoder(enliven(DistilBertModel(config))),
        ["last_hidden_state"],
        {"input_ids": axes, "attention_mask": axes},
        more_inputs={f"{b}x{s}": inputs(b, s) for b, s in shapes[1:]},
    )


def cache_names(layers: int, prefix: str) -> list[str]:
    return [f"{prefix}.{i}.{part}" for i in range(layers) for part in ("key", "value")]


def flat(cache) -> tuple[torch.Tensor, ...]:
    return tuple(t for layer in cache.layers for t in (layer.keys, layer.values))


class Prefill(nn.Module):
    """The prompt at once: logits of its last token, and the caches."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, input_ids):
        out = self.model(input_ids=input_ids, use_cache=True, logits_to_keep=1)
        return (out.logits, *flat(out.past_key_values))


class Decode(nn.Module):
    """One token more: logits, and the caches grown by it."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, input_ids, position_ids, *past):
        from transformers import DynamicCache

        cache = DynamicCache(config=self.model.config)
        for i, (key, value) in enumerate(zip(past[::2], past[1::2], strict=True)):
            cache.update(key, value, i)
        out = self.model(
            input_ids=input_ids, position_ids=position_ids, past_key_values=cache, use_cache=True, logits_to_keep=1
        )
        return (out.logits, *flat(out.past_key_values))


def gpt2(small: bool, length: int) -> Network:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config()
    if small:
        config = GPT2Config(vocab_size=99, n_positions=64, n_embd=32, n_layer=2, n_head=4)
        length //= 16
    return Network(
        {"input_ids": tokens(config.vocab_size, 1, length)},
        Prefill(enliven(GPT2LMHeadModel(config))),
        ["logits", *cache_names(config.n_layer, "present")],
    )


@seeded
def gpt2_128(small: bool) -> Network:
    return gpt2(small, 128)


@seeded
def gpt2_512(small: bool) -> Network:
    return gpt2(small, 512)


def llama(small: bool):
    from transformers import LlamaConfig, LlamaForCausalLM

    # 110.7 million parameters; three query heads share one key-value head.
    config = LlamaConfig(
        vocab_size=32000,
        hidden_size=768,
        intermediate_size=2432,
        num_hidden_layers=12,
        num_attention_heads=12,
        num_key_value_heads=4,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
    )
    if small:
        config = LlamaConfig(
            vocab_size=99,
            hidden_size=48,
            intermediate_size=80,
            num_hidden_layers=2,
            num_attention_heads=6,
            num_key_value_heads=2,
            max_position_embeddings=64,
            tie_word_embeddings=True,
        )
    return config, enliven(LlamaForCausalLM(config))


@seeded
def llama_prefill(small: bool) -> Network:
    config, model = llama(small)
    return Network(
        {"input_ids": tokens(config.vocab_size, 1, 9 if small else 128)},
        Prefill(model),
        ["logits", *cache_names(config.num_hidden_layers, "present")],
    )


def decode(small: bool, dynamic: bool) -> Network:
    config, model = llama(small)
    heads = config.num_key_value_heads
    width = config.hidden_size // config.num_attention_heads
    names = cache_names(config.num_hidden_layers, "past")

    def inputs(past: int) -> dict[str, np.ndarray]:
        random = np.random.default_rng(2)
        caches = {n: random.standard_normal((1, heads, past, width), dtype=np.float32) for n in names}
        return {"input_ids": tokens(config.vocab_size, 1, 1), "position_ids": np.array([[past]], np.int64), **caches}

    return Network(
        inputs(8 if small else 128),
        Decode(model),
        ["logits", *cache_names(config.num_hidden_layers, "present")],
        {n: {2: "past"} for n in names} if dynamic else {},
        more_inputs={f"past{p}": inputs(p) for p in (1, 21)} if dynamic else {},
    )


@seeded
def llama_decode(small: bool) -> Network:
    return decode(small, dynamic=False)


@seeded
def llama_decode_dynamic(small: bool) -> Network:
    return decode(small, dynamic=True)
