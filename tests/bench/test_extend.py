"""What the rows of extend are measured with, on a model that costs nothing."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from bench import extend, extend_peers
from bench.peers import ask
from firmware.engine.bundles import choose_bundle
from firmware.inference.manifest import read_manifest
from firmware.music.tokens import TOKEN_ENCODING, Texture
from firmware.parameters import Technique
from firmware.techniques.conversation import Memory
from firmware.techniques.prompt import prompt_of


class CountingModel:
    """Finds everything equally likely, and counts what it reads."""

    def __init__(self) -> None:
        self.reads: list[int] = []

    def begin(self, *, style: int, texture: int) -> "CountingModel":
        """Begin again."""
        self.asked = (TOKEN_ENCODING.styles[style], TOKEN_ENCODING.textures[texture])
        self.reads = []
        return self

    def read(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Read on."""
        self.reads.append(len(tokens))
        return np.zeros(TOKEN_ENCODING.vocabulary, np.float32)


def test_the_prompt_is_thirty_seconds_of_four_voices() -> None:
    melody = extend.four_voices(8)
    assert melody.end_ticks == 8 * melody.ticks_per_bar
    assert prompt_of(melody, duration_s=60.0, style="chorale").texture == Texture.FULL
    assert sum(note.duration_ticks for note in melody.notes) == 4 * melody.end_ticks
    assert 530 <= len(extend.prompt_tokens()) <= 590


def test_the_whole_prompt_is_read_and_in_chunks() -> None:
    model = CountingModel()
    assert extend.prompt_s(model) > 0
    assert sum(model.reads) == len(extend.prompt_tokens())
    assert len(model.reads) < 10
    assert model.asked == ("chorale", Texture.FULL)


def test_decoding_reads_one_token_after_the_other() -> None:
    model = CountingModel()
    assert extend.tokens_per_s(model, extend.decoding_tokens()) > 0
    assert model.reads == [1] * extend.TOKENS


class ForgetfulModel(CountingModel):
    """Can go back to a place, since nothing that it says depends on one."""

    texture = 0

    def begin(self, *, style: int, texture: int) -> "ForgetfulModel":
        """Begin again."""
        super().begin(style=style, texture=texture)
        return self

    def keep(self) -> None:
        """Keep nothing."""

    def go_on(self, place: None) -> "ForgetfulModel":
        """Go on."""
        del place
        return self


def test_the_tenth_turn_of_a_duet_is_timed_with_and_without_memory() -> None:
    """With it the last phrase alone is read, without it all ten turns."""
    model = ForgetfulModel()
    turns = extend.duet(model)
    assert len(turns) == 9
    assert all(turn.answer[-1].end_ticks > turn.melody.end_ticks + 8 * 480 for turn in turns)
    memory = Memory(model)
    for _ in memory.read(turns, style="chorale"):
        pass
    conversation = sum(model.reads)
    model.reads = []
    assert extend.first_token_s(memory, turns) > 0
    phrase = sum(model.reads)
    assert 50 < phrase < conversation / 10
    assert extend.first_token_s(Memory(model), turns) > 0
    assert sum(model.reads) == conversation + phrase
    carried_s, anew_s = extend.duet_s(model, turns)
    assert min(carried_s, anew_s) > 0


def test_a_generation_is_timed_to_its_end() -> None:
    timing = extend.generation(CountingModel(), seed=1, music_s=4.0)
    assert 0 < timing.longest_pause_s <= timing.total_s
    assert 0 < timing.first_preview_s <= timing.total_s
    assert timing.music_s == pytest.approx(4.0, abs=0.2)
    assert timing.voices <= 4


@pytest.mark.parametrize(("weights", "layers"), [(1_866_967, 4), (4_900_000, 6)])
def test_the_gpt2_is_of_the_size_asked_for(weights: int, layers: int) -> None:
    width = extend_peers.gpt2_width(weights, layers)
    assert width % extend_peers.HEAD_WIDTH == 0
    assert extend_peers.gpt2_weights(width, layers) == pytest.approx(weights, rel=0.1)


def test_the_gpt2_has_as_many_layers_as_the_shipped_model() -> None:
    manifest = read_manifest(choose_bundle(Technique.EXTEND) / "manifest.json")
    shapes = [spec.shape for spec in manifest.signatures[0].outputs if spec.name == "keys"]
    assert [shape[0] for shape in shapes] == [extend_peers.layers_of(manifest)]


def test_a_peer_that_cannot_run_says_why() -> None:
    figures, reason = ask("bench.nobody")
    assert figures is None
    assert "bench.nobody" in reason
    assert "\n" not in reason
