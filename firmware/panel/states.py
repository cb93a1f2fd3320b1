"""What the instrument is doing, and what every event means then: the whole machine in one table.

A move names the state that follows and the engine's action. What has no move is either refused
(a player did something that makes no sense now: one sentence tells why), late (an answer that
nobody waits for any more: ignored) or impossible (a mistake in the firmware: it raises). The
table says which for every state and event, and a test checks that none is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from firmware.errors import EngineStateError


class State(StrEnum):
    """What the instrument is doing."""

    IDLE = "idle"
    COUNT_IN = "count-in"
    RECORDING = "recording"
    GENERATING = "generating"  # in silence
    AUDITIONING = "auditioning"  # generating while music plays
    PLAYING = "playing"
    PAUSED = "paused"
    DUET_LISTENING = "duet, listening"
    DUET_ANSWERING = "duet, answering"


class Trigger(StrEnum):
    """What can happen: the player's buttons first, then what the engine notices."""

    RECORD = "record"
    GENERATE = "generate"
    PLAY = "play"
    STOP = "stop"
    BACK = "back"
    KEEP = "keep"
    DUET = "duet"
    TAKE = "another take"
    COUNTED_IN = "counted in"
    PREVIEW = "preview ready"
    FINISHED = "generation finished"
    FAILED = "generation failed"
    CUED = "next pass due"
    ENDED = "music ended"
    STRUCK = "key struck"  # in a duet; else a key is nobody's business but the synthesizer's
    FELL_SILENT = "player fell silent"


class Action(StrEnum):
    """What the engine does on a move; each is one method of it."""

    NOTHING = "nothing"
    COUNT_IN = "count in"
    RECORD = "record"
    ABANDON_TAKE = "abandon take"
    KEEP_TAKE = "keep take"
    KEEP_TAKE_AND_PLAY = "keep take and play"
    KEEP_TAKE_AND_GENERATE = "keep take and generate"
    KEEP_CAPTURED = "keep captured"
    GENERATE = "generate"
    CANCEL = "cancel"
    CANCEL_AND_SILENCE = "cancel and silence"
    PLAY = "play"
    PAUSE = "pause"
    RESUME = "resume"
    SILENCE = "silence"
    HEAR_TAKE = "hear take"
    TAKE_OVER = "go on with the next pass"
    FOLLOW_ON = "begin the next pass"
    AUDITION = "audition"
    ACCEPT = "accept"
    GIVE_UP = "give up"
    BEGIN_DUET = "begin duet"
    ANSWER = "answer"
    COMPLETE_ANSWER = "complete answer"
    LEAVE_OFF = "leave off"
    HEAR_OUT = "hear out"
    GIVE_UP_ANSWER = "give up answer"
    END_DUET = "end duet"


@dataclass(frozen=True, slots=True)
class Move:
    """The event is taken: an action, then a state."""

    action: Action
    state: State


@dataclass(frozen=True, slots=True)
class Refuse:
    """The player hears why not; nothing changes."""

    reason: str
    remedy: str = ""


class Rule(StrEnum):
    """What has no move and is not the player's doing."""

    LATE = "late"  # can cross a button press on its way: ignored
    IMPOSSIBLE = "impossible"  # raises


_S, _T, _A = State, Trigger, Action
_WAIT = Refuse("a composition is being generated", "wait, or cancel it with back")
_RECORDING = Refuse("a melody is being recorded", "press record to end it")
_COUNTING = Refuse("the count-in is running", "play after it, or press back")
_DUET = Refuse("a duet is being played", "press stop to end it")
_ANSWERING = Refuse("the answer is coming already", "play to interrupt it")

TABLE: Mapping[State, Mapping[Trigger, Move | Refuse | Rule]] = MappingProxyType(
    {
        _S.IDLE: {
            _T.RECORD: Move(_A.COUNT_IN, _S.COUNT_IN),
            _T.GENERATE: Move(_A.GENERATE, _S.GENERATING),
            _T.PLAY: Move(_A.PLAY, _S.PLAYING),
            _T.STOP: Move(_A.SILENCE, _S.IDLE),
            _T.BACK: Move(_A.NOTHING, _S.IDLE),
            _T.KEEP: Move(_A.KEEP_CAPTURED, _S.IDLE),
            _T.DUET: Move(_A.BEGIN_DUET, _S.DUET_LISTENING),
            _T.TAKE: Move(_A.HEAR_TAKE, _S.IDLE),
            _T.COUNTED_IN: Rule.IMPOSSIBLE,
            _T.PREVIEW: Rule.LATE,
            _T.FINISHED: Rule.LATE,
            _T.FAILED: Rule.LATE,
            _T.CUED: Rule.IMPOSSIBLE,
            _T.ENDED: Rule.IMPOSSIBLE,
            _T.STRUCK: Rule.IMPOSSIBLE,
            _T.FELL_SILENT: Rule.IMPOSSIBLE,
        },
        _S.COUNT_IN: {
            _T.RECORD: Move(_A.ABANDON_TAKE, _S.IDLE),
            _T.GENERATE: _COUNTING,
            _T.PLAY: _COUNTING,
            _T.STOP: Move(_A.ABANDON_TAKE, _S.IDLE),
            _T.BACK: Move(_A.ABANDON_TAKE, _S.IDLE),
            _T.KEEP: _COUNTING,
            _T.DUET: _COUNTING,
            _T.TAKE: _COUNTING,
            _T.COUNTED_IN: Move(_A.RECORD, _S.RECORDING),
            _T.PREVIEW: Rule.LATE,
            _T.FINISHED: Rule.LATE,
            _T.FAILED: Rule.LATE,
            _T.CUED: Rule.IMPOSSIBLE,
            _T.ENDED: Rule.IMPOSSIBLE,
            _T.STRUCK: Rule.IMPOSSIBLE,
            _T.FELL_SILENT: Rule.IMPOSSIBLE,
        },
        _S.RECORDING: {
            _T.RECORD: Move(_A.KEEP_TAKE, _S.IDLE),
            _T.GENERATE: Move(_A.KEEP_TAKE_AND_GENERATE, _S.GENERATING),
            _T.PLAY: Move(_A.KEEP_TAKE_AND_PLAY, _S.PLAYING),
            _T.STOP: Move(_A.KEEP_TAKE, _S.IDLE),
            _T.BACK: Move(_A.ABANDON_TAKE, _S.IDLE),
            _T.KEEP: _RECORDING,
            _T.DUET: _RECORDING,
            _T.TAKE: _RECORDING,
            _T.COUNTED_IN: Rule.IMPOSSIBLE,
            _T.PREVIEW: Rule.LATE,
            _T.FINISHED: Rule.LATE,
            _T.FAILED: Rule.LATE,
            _T.CUED: Rule.IMPOSSIBLE,
            _T.ENDED: Rule.IMPOSSIBLE,
            _T.STRUCK: Rule.IMPOSSIBLE,
            _T.FELL_SILENT: Rule.IMPOSSIBLE,
        },
        _S.GENERATING: {
            _T.RECORD: _WAIT,
            _T.GENERATE: _WAIT,
            _T.PLAY: Move(_A.PLAY, _S.AUDITIONING),
            _T.STOP: Move(_A.CANCEL, _S.IDLE),
            _T.BACK: Move(_A.CANCEL, _S.IDLE),
            _T.KEEP: _WAIT,
            _T.DUET: _WAIT,
            _T.TAKE: _WAIT,
            _T.COUNTED_IN: Rule.IMPOSSIBLE,
            _T.PREVIEW: Move(_A.AUDITION, _S.AUDITIONING),
            _T.FINISHED: Move(_A.ACCEPT, _S.PLAYING),
            _T.FAILED: Move(_A.GIVE_UP, _S.IDLE),
            _T.CUED: Rule.IMPOSSIBLE,
            _T.ENDED: Rule.IMPOSSIBLE,
            _T.STRUCK: Rule.IMPOSSIBLE,
            _T.FELL_SILENT: Rule.IMPOSSIBLE,
        },
        _S.AUDITIONING: {
            _T.RECORD: _WAIT,
            _T.GENERATE: _WAIT,
            _T.PLAY: Move(_A.SILENCE, _S.GENERATING),
            _T.STOP: Move(_A.CANCEL_AND_SILENCE, _S.IDLE),
            _T.BACK: Move(_A.CANCEL, _S.PLAYING),
            _T.KEEP: _WAIT,
            _T.DUET: _WAIT,
            _T.TAKE: _WAIT,
            _T.COUNTED_IN: Rule.IMPOSSIBLE,
            _T.PREVIEW: Move(_A.AUDITION, _S.AUDITIONING),
            _T.FINISHED: Move(_A.ACCEPT, _S.PLAYING),
            _T.FAILED: Move(_A.GIVE_UP, _S.PLAYING),
            _T.CUED: Rule.IMPOSSIBLE,
            _T.ENDED: Move(_A.NOTHING, _S.GENERATING),
            _T.STRUCK: Rule.IMPOSSIBLE,
            _T.FELL_SILENT: Rule.IMPOSSIBLE,
        },
        _S.PLAYING: {
            _T.RECORD: Move(_A.COUNT_IN, _S.COUNT_IN),
            _T.GENERATE: Move(_A.GENERATE, _S.AUDITIONING),
            _T.PLAY: Move(_A.PAUSE, _S.PAUSED),
            _T.STOP: Move(_A.SILENCE, _S.IDLE),
            _T.BACK: Move(_A.NOTHING, _S.PLAYING),
            _T.KEEP: Move(_A.KEEP_CAPTURED, _S.PLAYING),
            _T.DUET: Move(_A.BEGIN_DUET, _S.DUET_LISTENING),
            _T.TAKE: Move(_A.HEAR_TAKE, _S.PLAYING),
            _T.COUNTED_IN: Rule.IMPOSSIBLE,
            _T.PREVIEW: Rule.LATE,
            _T.FINISHED: Rule.LATE,
            _T.FAILED: Rule.LATE,
            _T.CUED: Move(_A.TAKE_OVER, _S.PLAYING),
            _T.ENDED: Move(_A.FOLLOW_ON, _S.IDLE),
            _T.STRUCK: Rule.IMPOSSIBLE,
            _T.FELL_SILENT: Rule.IMPOSSIBLE,
        },
        _S.PAUSED: {
            _T.RECORD: Move(_A.COUNT_IN, _S.COUNT_IN),
            _T.GENERATE: Move(_A.GENERATE, _S.GENERATING),
            _T.PLAY: Move(_A.RESUME, _S.PLAYING),
            _T.STOP: Move(_A.SILENCE, _S.IDLE),
            _T.BACK: Move(_A.NOTHING, _S.PAUSED),
            _T.KEEP: Move(_A.KEEP_CAPTURED, _S.PAUSED),
            _T.DUET: Move(_A.BEGIN_DUET, _S.DUET_LISTENING),
            _T.TAKE: Move(_A.HEAR_TAKE, _S.PAUSED),
            _T.COUNTED_IN: Rule.IMPOSSIBLE,
            _T.PREVIEW: Rule.LATE,
            _T.FINISHED: Rule.LATE,
            _T.FAILED: Rule.LATE,
            _T.CUED: Rule.IMPOSSIBLE,
            _T.ENDED: Rule.IMPOSSIBLE,
            _T.STRUCK: Rule.IMPOSSIBLE,
            _T.FELL_SILENT: Rule.IMPOSSIBLE,
        },
        _S.DUET_LISTENING: {
            _T.RECORD: _DUET,
            _T.GENERATE: _DUET,
            _T.PLAY: _DUET,
            _T.STOP: Move(_A.END_DUET, _S.IDLE),
            _T.BACK: Move(_A.END_DUET, _S.IDLE),
            _T.KEEP: Move(_A.KEEP_CAPTURED, _S.DUET_LISTENING),
            _T.DUET: Move(_A.ANSWER, _S.DUET_ANSWERING),
            _T.TAKE: _DUET,
            _T.COUNTED_IN: Rule.IMPOSSIBLE,
            _T.PREVIEW: Rule.LATE,
            _T.FINISHED: Rule.LATE,
            _T.FAILED: Rule.LATE,
            _T.CUED: Rule.IMPOSSIBLE,
            _T.ENDED: Rule.IMPOSSIBLE,
            _T.STRUCK: Move(_A.NOTHING, _S.DUET_LISTENING),
            _T.FELL_SILENT: Move(_A.ANSWER, _S.DUET_ANSWERING),
        },
        _S.DUET_ANSWERING: {
            _T.RECORD: _DUET,
            _T.GENERATE: _DUET,
            _T.PLAY: _DUET,
            _T.STOP: Move(_A.END_DUET, _S.IDLE),
            _T.BACK: Move(_A.END_DUET, _S.IDLE),
            _T.KEEP: Move(_A.KEEP_CAPTURED, _S.DUET_ANSWERING),
            _T.DUET: _ANSWERING,
            _T.TAKE: _DUET,
            _T.COUNTED_IN: Rule.IMPOSSIBLE,
            _T.PREVIEW: Move(_A.AUDITION, _S.DUET_ANSWERING),
            _T.FINISHED: Move(_A.COMPLETE_ANSWER, _S.DUET_ANSWERING),
            _T.FAILED: Move(_A.GIVE_UP_ANSWER, _S.DUET_LISTENING),
            _T.CUED: Rule.IMPOSSIBLE,
            _T.ENDED: Move(_A.HEAR_OUT, _S.DUET_LISTENING),
            _T.STRUCK: Move(_A.LEAVE_OFF, _S.DUET_LISTENING),
            _T.FELL_SILENT: Rule.IMPOSSIBLE,
        },
    }
)


def move(state: State, trigger: Trigger) -> Move | None:
    """What an event means in a state.

    Returns:
        The move, or None for a late answer that is to be ignored.

    Raises:
        EngineStateError: If the event is refused or impossible; it names event and state.
    """
    entry = TABLE[state][trigger]
    if isinstance(entry, Move):
        return entry
    if entry is Rule.LATE:
        return None
    if isinstance(entry, Refuse):
        raise EngineStateError(
            f"{trigger} does nothing now ({state}): {entry.reason}", remedy=entry.remedy
        )
    raise EngineStateError(f"{trigger!r} cannot happen in state {state!r}")
