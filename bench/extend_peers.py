"""`python -m bench.extend_peers PEER BUNDLE`: one peer of `bench.extend`, in this process.

A GPT-2 has as many layers as the bundle's model and the width that makes it as large. Its
weights are random: what it says is not music, but takes as long.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench.extend import TOKENS, decoding_tokens
from firmware.inference.manifest import Manifest, read_manifest
from firmware.music.tokens import TOKEN_ENCODING

HEAD_WIDTH: Final = 32
_RUNS: Final = 3
_WARM_UP: Final = 8


def cache(net: Any, tokens: Any) -> None:
    """Token after token with the keys and values of those before, and the likeliest next one."""
    past = None
    for at in range(tokens.shape[1]):
        said = net(input_ids=tokens[:, at : at + 1], past_key_values=past, use_cache=True)
        past = said.past_key_values
        int(said.logits[0, -1].argmax())


def generate(net: Any, tokens: Any) -> None:
    """Its own loop, from one token to as many as there are."""
    more = tokens.shape[1] - 1
    net.generate(
        tokens[:, :1],
        attention_mask=tokens[:, :1] * 0 + 1,
        min_new_tokens=more,
        max_new_tokens=more,
        do_sample=False,
        use_cache=True,
        pad_token_id=0,
    )


def gpt2_weights(width: int, layers: int) -> int:
    """Weights of a GPT-2 of our vocabulary, which reads and writes with the same table."""
    block = 12 * width**2 + 13 * width
    return layers * block + (TOKEN_ENCODING.vocabulary + TOKENS + 2) * width


def gpt2_width(weights: int, layers: int) -> int:
    """Which width, a whole number of heads, comes nearest to so many weights."""
    widths = range(HEAD_WIDTH, 64 * HEAD_WIDTH, HEAD_WIDTH)
    return min(widths, key=lambda width: abs(gpt2_weights(width, layers) - weights))


def layers_of(manifest: Manifest) -> int:
    """Layers of a bundle's model: each has a ring."""
    inputs = manifest.signatures[0].inputs
    return sum(spec.name.startswith("keys_") for spec in inputs)


def figures(peer: Callable[[Any, Any], None], bundle: Path) -> dict[str, float]:
    """Tokens a second, and how many weights it has."""
    import torch  # noqa: PLC0415
    from transformers import GPT2Config, GPT2LMHeadModel  # noqa: PLC0415

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.manual_seed(0)
    manifest = read_manifest(bundle / "manifest.json")
    layers = layers_of(manifest)
    width = gpt2_width(manifest.parameters, layers)
    config = GPT2Config(
        vocab_size=TOKEN_ENCODING.vocabulary,
        n_positions=TOKENS,
        n_embd=width,
        n_layer=layers,
        n_head=width // HEAD_WIDTH,
        bos_token_id=None,
        eos_token_id=None,
    )
    net = GPT2LMHeadModel(config).eval()
    tokens = torch.tensor([decoding_tokens()])
    with torch.inference_mode():
        peer(net, tokens[:, :_WARM_UP])
        best_s = min(_seconds(peer, net, tokens) for _ in range(_RUNS))
    return {
        "tokens_per_s": tokens.shape[1] / best_s,
        "weights": sum(each.numel() for each in net.parameters()),
    }


def _seconds(peer: Callable[[Any, Any], None], net: Any, tokens: Any) -> float:
    began = time.perf_counter()
    peer(net, tokens)
    return time.perf_counter() - began


PEERS: dict[str, Callable[[Any, Any], None]] = {"cache": cache, "generate": generate}


if __name__ == "__main__":
    print(json.dumps(figures(PEERS[sys.argv[1]], Path(sys.argv[2]))))
