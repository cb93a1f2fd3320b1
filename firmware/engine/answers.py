"""The answers of a duet: how they come in, and what was heard of them when they end."""

from collections.abc import Callable

from firmware.engine.duet import Conversation
from firmware.engine.messages import GenerationRequest, Listen
from firmware.engine.outside import Worker
from firmware.engine.player import Player
from firmware.engine.stage import Stage


class Answers:
    """What is played in a duet by the instrument.

    Args:
        duet: The conversation, which there is whenever one of the methods is called.
        stage: Generates and plays.
        player: Plays.
        worker: Generates, and reads what was said.
    """

    def __init__(
        self,
        duet: Callable[[], Conversation | None],
        stage: Stage,
        player: Player,
        worker: Worker,
    ) -> None:
        self._duet = duet
        self._stage = stage
        self._player = player
        self._worker = worker
        self._asked: GenerationRequest | None = None

    def ask(self, request: GenerationRequest) -> None:
        """Begin to make an answer.

        Raises:
            ContinuoError: If there is no worker.
        """
        self._asked = request
        self._stage.generate(request)

    def complete(self, now_ns: int) -> None:
        """Play the finished answer, on from what is heard of it."""
        self._stage.complete(now_ns, at_ns=self._conversation().entry_ns(now_ns))

    def leave_off(self, now_ns: int) -> None:
        """Be silent at once, and listen again."""
        self.fall_silent(now_ns)
        self._have_it_read()

    def fall_silent(self, now_ns: int) -> None:
        """Be silent at once, and give up what is still to come."""
        self._stage.cancel()
        self.give_up(now_ns)

    def give_up(self, now_ns: int) -> None:
        """Be silent at once; nothing more will come."""
        self._stage.drop()
        if self._player.is_running:
            self._hear(self._player.position_ticks(now_ns), now_ns)
            self._player.stop(now_ns)

    def hear_out(self, now_ns: int) -> None:
        """The answer was heard to its end."""
        self._stage.cancel()
        self._hear(self._player.end_ticks, now_ns)
        self._have_it_read()

    def _hear(self, until_ticks: int, now_ns: int) -> None:
        assert self._stage.playing is not None
        self._conversation().hear(self._stage.playing, until_ticks=until_ticks, now_ns=now_ns)

    def _have_it_read(self) -> None:
        """While the player plays, the model takes in what was heard of its answer."""
        assert self._asked is not None
        self._worker.listen(
            Listen(
                turns=self._conversation().turns,
                style=self._asked.parameters.choice("style"),
                bundle_folder=self._asked.bundle_folder,
                threads=self._asked.threads,
            )
        )

    def _conversation(self) -> Conversation:
        duet = self._duet()
        assert duet is not None
        return duet
