"""What the player sees of the instrument: the panel's display, and the lights of the buttons."""

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType

from firmware.devices.board import Board
from firmware.devices.controls import Led
from firmware.engine.examiner import Examiner
from firmware.engine.instrument import Instrument
from firmware.errors import DeviceError
from firmware.panel.drawing import draw
from firmware.panel.states import State
from firmware.panel.views import View

FRAME_NS = 50_000_000
"""The panel is drawn no more often than this."""

_LOG = logging.getLogger(__name__)

_LEDS: Mapping[Led, frozenset[State]] = MappingProxyType(
    {
        Led.RECORD: frozenset({State.COUNT_IN, State.RECORDING}),
        Led.GENERATE: frozenset(
            {State.GENERATING, State.AUDITIONING, State.DUET_LISTENING, State.DUET_ANSWERING}
        ),
        Led.PLAY: frozenset({State.PLAYING, State.AUDITIONING, State.DUET_ANSWERING}),
    }
)


class PanelOutput:
    """Shows what changed.

    Args:
        board: Whose display and lights they are.
        instrument: What the lights tell of.
        examiner: Decides about the lights while it asks.
        view: What there is to be seen at a time in nanoseconds.

    Attributes:
        due_ns: When it may be drawn again.
    """

    def __init__(
        self,
        board: Board,
        instrument: Instrument,
        examiner: Examiner,
        view: Callable[[int], View],
    ) -> None:
        self._board = board
        self._instrument = instrument
        self._examiner = examiner
        self._view = view
        self._shown: View | None = None
        self._lit: frozenset[Led] = frozenset()
        self._has_failed = False
        self.due_ns = 0

    def refresh(self, now_ns: int) -> None:
        """Draw the panel where it changed, and light the lights."""
        self.due_ns = now_ns + FRAME_NS
        view = self._view(now_ns)
        if view != self._shown:
            self._draw(view)
        lit = self._wanted_lights()
        for led in lit ^ self._lit:
            self._board.leds.light(led, on=led in lit)
        self._lit = lit

    def retry(self) -> None:
        """Have a display that failed set up and drawn again."""
        if self._has_failed:
            self._shown = None

    def _draw(self, view: View) -> None:
        try:
            self._board.display.show(draw(view))
            self._has_failed = False
        except DeviceError as error:
            if not self._has_failed:
                _LOG.warning("%s", error)
            self._has_failed = True
        self._shown = view

    def _wanted_lights(self) -> frozenset[Led]:
        lit = frozenset(led for led, states in _LEDS.items() if self._instrument.state in states)
        lit = self._examiner.lit if self._examiner.is_asking else lit
        return lit | {Led.GENERATE} if self._instrument.passes.is_made else lit
