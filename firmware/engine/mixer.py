"""How the tracks of what is heard are to sound: silent, alone, on another instrument."""

from dataclasses import dataclass, replace

from firmware.engine.schedule import KEYBOARD_CHANNEL, Mix
from firmware.music.notes import Composition


@dataclass(frozen=True, slots=True, kw_only=True)
class Fader:
    """One track.

    Attributes:
        is_muted: Whether it is silent.
        is_soloed: Whether only it and its like are heard.
        program: What plays it, General MIDI, or None for what the composition says.
    """

    is_muted: bool = False
    is_soloed: bool = False
    program: int | None = None


class Mixer:
    """Holds for as long as tracks of the same names are heard: for another take, not another piece.

    Attributes:
        faders: One for each track.
        keyboard_channel: What no track is heard on.
    """

    def __init__(self) -> None:
        self.faders: tuple[Fader, ...] = ()
        self.keyboard_channel = KEYBOARD_CHANNEL
        self._names: tuple[str, ...] = ()

    @property
    def tracks(self) -> tuple[tuple[str, Fader], ...]:
        """The faders with their tracks' names."""
        return tuple(zip(self._names, self.faders, strict=True))

    def restore(self, tracks: tuple[tuple[str, Fader], ...]) -> None:
        """Hold faders ready for tracks of these names."""
        self._names = tuple(name for name, _ in tracks)
        self.faders = tuple(fader for _, fader in tracks)

    @property
    def mix(self) -> Mix:
        """What the player needs of it."""
        is_solo = any(fader.is_soloed for fader in self.faders)
        return Mix(
            silent=frozenset(
                index
                for index, fader in enumerate(self.faders)
                if fader.is_muted or (is_solo and not fader.is_soloed)
            ),
            programs=tuple(
                (index, fader.program)
                for index, fader in enumerate(self.faders)
                if fader.program is not None
            ),
            keyboard_channel=self.keyboard_channel,
        )

    def adopt(self, music: Composition) -> None:
        """Go over to another composition."""
        names = tuple(track.name for track in music.tracks)
        if names != self._names:
            self._names = names
            self.faders = tuple(Fader() for _ in names)

    def set(
        self,
        index: int,
        *,
        is_muted: bool | None = None,
        is_soloed: bool | None = None,
        program: int | None = None,
    ) -> None:
        """Change a track; what is None stays. A track that is not there changes nothing."""
        if not 0 <= index < len(self.faders):
            return
        before = self.faders[index]
        after = replace(
            before,
            is_muted=before.is_muted if is_muted is None else is_muted,
            is_soloed=before.is_soloed if is_soloed is None else is_soloed,
            program=before.program if program is None else program,
        )
        self.faders = (*self.faders[:index], after, *self.faders[index + 1 :])

    def programmed(self, music: Composition) -> Composition:
        """A composition with the programs that were chosen for its tracks.

        Of another number of tracks it stays as it is.
        """
        if len(music.tracks) != len(self.faders):
            return music
        return replace(
            music,
            tracks=tuple(
                track if fader.program is None else replace(track, program=fader.program)
                for track, fader in zip(music.tracks, self.faders, strict=True)
            ),
        )
