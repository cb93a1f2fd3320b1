"""What is heard: music that plays, and music that plays while it is still being generated."""

from dataclasses import replace

from firmware.engine.messages import Advanced, Finished, GenerationRequest
from firmware.engine.mixer import Mixer
from firmware.engine.outside import Worker
from firmware.engine.player import Player
from firmware.engine.progress import Generating
from firmware.music.notes import Composition


class Stage:
    """One piece of music at a time, and at most one generation.

    Args:
        player: Plays.
        worker: Generates.

    Attributes:
        playing: What plays or has played last, or None.
        generating: The generation at work, or None.
        mixer: How the tracks of what plays are to sound.
    """

    def __init__(self, player: Player, worker: Worker) -> None:
        self._player = player
        self._worker = worker
        self._is_preview = False  # what plays
        self.playing: Composition | None = None
        self.generating: Generating | None = None
        self.mixer = Mixer()

    @property
    def plays_preview(self) -> bool:
        """Whether what is heard is not finished."""
        return self._is_preview and self._player.is_running

    def begin(self, music: Composition, now_ns: int) -> None:
        """Play something from its beginning."""
        self._is_preview = False
        self._take_up(music)
        self._player.play(music, now_ns, mix=self.mixer.mix)

    def swap(self, music: Composition, now_ns: int) -> None:
        """Go on with something else at the same place."""
        self._is_preview = False
        self._take_up(music)
        self._player.swap(music, now_ns, mix=self.mixer.mix)

    def remix(self, now_ns: int) -> None:
        """Let what plays sound as the mixer has it now."""
        if self.playing is None:
            return
        written = self.generating.written_ticks if self.plays_preview and self.generating else None
        self._player.remix(self.playing, now_ns, self.mixer.mix, written_ticks=written)

    def generate(self, request: GenerationRequest, *, parent: str | None = None) -> None:
        """Have the worker begin.

        Args:
            request: The work.
            parent: Name in the library of the composition that is worked on, or None.

        Raises:
            ContinuoError: If there is no worker.
        """
        number = self._worker.generate(request)
        self.follow(Generating(number=number, request=request, parent=parent))

    def follow(self, generating: Generating) -> None:
        """Make a generation the one at work; nothing is heard of it yet."""
        self.generating = generating
        self._is_preview = False

    def take_over(self, generating: Generating, now_ns: int, *, to_ticks: int) -> None:
        """Go on at the player's cue with another generation; it is the one at work if it is one.

        Args:
            generating: One with a preview, or finished.
            now_ns: The present.
            to_ticks: Where in its music to go on.
        """
        finished = generating.finished
        music = finished.composition if finished else generating.preview
        assert music is not None
        self.generating = None if finished else generating
        self._is_preview = finished is None
        self._take_up(music)
        self._player.take_over(
            music,
            now_ns,
            to_ticks=to_ticks,
            written_ticks=None if finished else generating.written_ticks,
            mix=self.mixer.mix,
        )

    def cancel(self) -> None:
        """Have the worker give up, if it is at work."""
        generating = self.drop()
        if generating is not None:
            self._worker.cancel(generating.number)

    def drop(self) -> Generating | None:
        """Forget the generation; what is heard of it goes on."""
        generating, self.generating = self.generating, None
        return generating

    def is_present(self, number: int) -> bool:
        """Whether a generation is the one at work, and not one that was given up."""
        return self.generating is not None and self.generating.number == number

    def advance(self, message: Advanced) -> bool:
        """Take how far the generation is.

        Returns:
            Whether a preview is to be heard. The first one is; later ones only replace one that
            still plays, so that who has stopped the music is left in peace.
        """
        before = self.generating
        if before is None or not self.is_present(message.number):
            return False
        self.generating = before.advanced(message)
        return message.preview is not None and (before.preview is None or self.plays_preview)

    def finish(self, message: Finished) -> bool:
        """Take the worker's last word; whether anybody waits for it."""
        if self.generating is None or not self.is_present(message.number):
            return False
        self.generating = replace(self.generating, finished=message)
        return True

    def audition(self, now_ns: int, *, at_ns: int | None = None) -> None:
        """Play the preview.

        Args:
            now_ns: The present.
            at_ns: When to begin if nothing of it plays yet, or None for at once.
        """
        generating = self.generating
        assert generating is not None
        assert generating.preview is not None
        self._go_on(generating.preview, generating.written_ticks, now_ns, at_ns)
        self._is_preview = True

    def complete(self, now_ns: int, *, at_ns: int | None = None) -> Generating:
        """Play what is finished, on from its preview if that plays.

        Args:
            now_ns: The present.
            at_ns: As for `audition`.

        Returns:
            The generation, which is over.
        """
        assert self.generating is not None
        assert self.generating.finished is not None
        self._go_on(self.generating.finished.composition, None, now_ns, at_ns)
        self._is_preview = False
        generating, self.generating = self.generating, None
        return generating

    def _go_on(
        self, music: Composition, written_ticks: int | None, now_ns: int, at_ns: int | None
    ) -> None:
        assert self.generating is not None
        self._take_up(music)
        mix = self.mixer.mix
        if self.plays_preview:
            self._player.swap(music, now_ns, written_ticks=written_ticks, mix=mix)
            return
        request = self.generating.request
        is_continuation = request.parameters.technique.is_continuation
        self._player.play(
            music,
            now_ns,
            from_ticks=request.melody.end_ticks if is_continuation else 0,
            written_ticks=written_ticks,
            at_ns=at_ns,
            mix=mix,
        )

    def _take_up(self, music: Composition) -> None:
        self.playing = music
        self.mixer.adopt(music)
