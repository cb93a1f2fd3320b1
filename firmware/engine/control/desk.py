"""Answers what programs ask of the instrument: on the engine's thread, between two notes.

What needs a disk is left to the librarian, and answered when that brings it.
"""

import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType
from typing import Any, Final, TypeVar

from firmware.engine.control import facts
from firmware.engine.control.exchange import Exchange
from firmware.engine.control.watch import Watch
from firmware.engine.events import Answered, Asked
from firmware.engine.findings import Compositions, Finding, Loaded, Looked, Models, Nothing
from firmware.engine.librarian import Librarian
from firmware.engine.performer import Performer
from firmware.engine.shelves import Shelves
from firmware.engine.takes import Take
from firmware.errors import ContinuoError, ControlError, EngineStateError
from firmware.library.melodies import bundled_melodies
from firmware.panel.commands import Generate, Press
from firmware.panel.states import Trigger

PAGE: Final = 32
"""Compositions in one answer."""

_PATIENCE_NS: Final = 3_000_000_000  # with the disk; what else is known is told then
_LOG = logging.getLogger(__name__)

_Kind = TypeVar("_Kind")
_Then = Callable[[Finding, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the desk asks and has do things.

    Attributes:
        seen: What there is to be told.
        performer: Carries out what pages of the panel ask for, and programs.
        librarian: Looks things up.
        shelves: What was looked up.
        unsaved: How many compositions could not be saved so far.
    """

    seen: facts.Seen
    performer: Performer
    librarian: Librarian
    shelves: Shelves
    unsaved: Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """Something that the librarian was sent for.

    Attributes:
        exchange: Who waits for it.
        then: Takes what it brings.
        due_ns: When it is waited for no longer.
    """

    exchange: Exchange
    then: _Then
    due_ns: int


class Desk:
    """One exchange after the other, and those that wait.

    Args:
        around: Who knows and does it.
    """

    def __init__(self, around: Around) -> None:
        self._around = around
        self._instrument = around.seen.instrument
        self._numbers = count(1)
        self._errands: dict[int, _Errand] = {}
        self._watch: Watch | None = None
        self._answers: Mapping[str, Callable[[Exchange, int], None]] = MappingProxyType(
            {
                "status": self._status,
                "params": self._params,
                "set": self._set,
                "generate": self._generate,
                "play": self._presser(Trigger.PLAY),
                "stop": self._presser(Trigger.STOP),
                "keep": self._presser(Trigger.KEEP),
                "library": self._library,
                "models": self._models,
                "ports": lambda exchange, now_ns: exchange.finish(facts.ports(around.seen, now_ns)),
            }
        )

    def handle(self, event: Asked | Answered, now_ns: int) -> None:
        """Take what a program asks for, or what the librarian was sent for."""
        match event:
            case Asked(exchange=exchange):
                answer = self._answers[exchange.request.name]
                self._guarded(exchange, lambda: answer(exchange, now_ns))
            case Answered():
                self._bring(event, now_ns)

    def _bring(self, answered: Answered, now_ns: int) -> None:
        errand = self._errands.pop(answered.asker, None)
        if errand is not None:  # else it was waited for no longer
            self._guarded(errand.exchange, lambda: errand.then(answered.what, now_ns))

    def follow(self) -> None:
        """See how far the generation is that a program asked for."""
        if self._watch is not None and self._watch.follow():
            self._watch = None

    def run_due(self, now_ns: int) -> None:
        """Wait no longer for a disk that does not come."""
        for number, errand in tuple(self._errands.items()):
            if now_ns >= errand.due_ns:
                late = Nothing("the disk is too slow", "wait a moment, or look: continuo doctor")
                self._bring(Answered(number, late), now_ns)

    def _guarded(self, exchange: Exchange, action: Callable[[], None]) -> None:
        try:
            action()
        except ContinuoError as error:
            exchange.refuse(error)
        except Exception as error:  # no program's request may end the music
            _LOG.error("a request failed\n%s", traceback.format_exc())
            sentence = f"a fault in Continuo itself: {type(error).__name__}"
            exchange.refuse(ControlError(sentence, remedy="continuo log says more"))

    def _send(
        self, exchange: Exchange, now_ns: int, send: Callable[[int], None], then: _Then
    ) -> None:
        """Have the librarian look something up."""
        number = next(self._numbers)
        errand = _Errand(exchange=exchange, then=then, due_ns=now_ns + _PATIENCE_NS)
        self._errands[number] = errand
        try:
            send(number)
        except ContinuoError as error:  # it has too much to do
            self._bring(Answered(number, Nothing(error.message, error.remedy)), now_ns)

    def _status(self, exchange: Exchange, now_ns: int) -> None:
        def then(found: Finding, now_ns: int) -> None:
            problem = found.message if isinstance(found, Nothing) else ""
            if isinstance(found, Looked):
                self._around.shelves.put(found)
            system = self._around.shelves.system
            exchange.finish(facts.status(self._around.seen, system, now_ns, problem=problem))

        self._send(exchange, now_ns, self._around.librarian.look_at_system, then)

    def _params(self, exchange: Exchange, _now_ns: int) -> None:
        technique = exchange.request.arguments.get("technique")
        exchange.finish(facts.parameters(self._instrument.settings, technique))

    def _set(self, exchange: Exchange, now_ns: int) -> None:
        self._change(exchange.request.arguments.get("values", {}), now_ns)
        exchange.finish(facts.parameters(self._instrument.settings, None))

    def _change(self, values: Mapping[str, Any], now_ns: int) -> None:
        """Set everything or nothing."""
        if not values:
            return
        changed = facts.changed_settings(self._instrument.settings, values)
        self._instrument.notice = None
        self._around.performer.set(changed, now_ns)

    def _presser(self, trigger: Trigger) -> Callable[[Exchange, int], None]:
        def press(exchange: Exchange, now_ns: int) -> None:
            self._instrument.notice = None
            self._around.performer.perform(Press(trigger), now_ns)
            exchange.finish({"state": self._instrument.state})

        return press

    def _generate(self, exchange: Exchange, now_ns: int) -> None:
        arguments = exchange.request.arguments
        if self._watch is not None:
            raise EngineStateError("another program has something generated", remedy="wait for it")
        self._change(arguments.get("values", {}), now_ns)
        if self._instrument.settings.is_duet:
            raise EngineStateError(
                "generate begins a duet now, which needs a player", remedy="set a technique"
            )
        melody = arguments.get("melody")
        if melody is None:
            self._begin(exchange, now_ns)
        elif melody in bundled_melodies():
            self._use(Take(melody=bundled_melodies()[melody]), exchange, now_ns)
        else:
            self._send(
                exchange,
                now_ns,
                lambda number: self._around.librarian.load(melody, number),
                lambda found, now_ns: self._use_loaded(found, exchange, now_ns),
            )

    def _use_loaded(self, found: Finding, exchange: Exchange, now_ns: int) -> None:
        loaded = _wanted(found, Loaded)
        take = Take(melody=loaded.record.melody, record=loaded.record, saved_as=loaded.name)
        self._use(take, exchange, now_ns)

    def _use(self, take: Take, exchange: Exchange, now_ns: int) -> None:
        self._instrument.change_take(lambda takes: takes.add(take), now_ns)
        self._begin(exchange, now_ns, on_heard=True)

    def _begin(self, exchange: Exchange, now_ns: int, *, on_heard: bool = False) -> None:
        self._instrument.notice = None
        self._around.performer.perform(Generate(on_heard=on_heard), now_ns)
        self._watch = Watch(exchange, self._instrument, self._around.unsaved)

    def _library(self, exchange: Exchange, now_ns: int) -> None:
        first = exchange.request.arguments.get("first", 0)
        if not 0 <= first < 2**31:
            raise ControlError(f"first must not be negative, got {first}")

        def then(found: Finding, _now_ns: int) -> None:
            compositions = _wanted(found, Compositions)
            self._around.shelves.put(compositions)
            exchange.finish(facts.compositions(compositions.lines, first, PAGE))

        self._send(exchange, now_ns, self._around.librarian.list_compositions, then)

    def _models(self, exchange: Exchange, now_ns: int) -> None:
        def then(found: Finding, _now_ns: int) -> None:
            models = _wanted(found, Models)
            self._around.shelves.put(models)
            exchange.finish(facts.models(models.lines, models.missing))

        self._send(exchange, now_ns, self._around.librarian.list_models, then)


def _wanted(found: Finding, kind: type[_Kind]) -> _Kind:
    if isinstance(found, Nothing):
        raise ControlError(found.message, remedy=found.remedy)
    assert isinstance(found, kind)
    return found
