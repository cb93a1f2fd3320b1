"""What a player and the instrument say to each other, in turn."""

from dataclasses import dataclass

from firmware.music.notes import Melody, Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A phrase of the player, and what was heard of the answer to it.

    Attributes:
        melody: The phrase, at its own tempo; a bar begins with tick 0.
        answer: In order of start, in ticks of the phrase, none before its end. What the player
            did not let sound is not in it.
    """

    melody: Melody
    answer: tuple[Note, ...] = ()
