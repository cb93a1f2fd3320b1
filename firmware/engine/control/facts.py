"""The instrument's state as programs are told it: plain values for JSON."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from firmware.engine.instrument import Instrument
from firmware.engine.ports import Ports
from firmware.engine.shelves import Shelves
from firmware.engine.sound import Sound
from firmware.engine.worker import InferenceWorker
from firmware.errors import ParameterError
from firmware.music.timing import TICKS_PER_BEAT
from firmware.panel.overview import CompositionLine, MissingModel, ModelLine, SystemFacts
from firmware.panel.settings import TECHNIQUE, Settings, set_value
from firmware.parameters import ParameterSpec, Technique, parameters_for, specs_of

MOST_BUNDLES: Final = 64
_MAX_TEXT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is to be told.

    Attributes:
        instrument: Settings, takes, and what it is doing.
        worker: The model's process.
        ports: What is connected.
        sound: Volume and program.
        shelves: What was looked up.
        began_ns: When the instrument was switched on.
        dropped: Events that a full queue had to give up.
        is_safe: Whether this is the safe mode.
        library: The folder of the compositions.
        version: Of the program that runs, whatever is installed since.
    """

    instrument: Instrument
    worker: InferenceWorker
    ports: Ports
    sound: Sound
    shelves: Shelves
    began_ns: int
    dropped: Callable[[], int]
    is_safe: Callable[[], bool]
    library: str
    version: str


def status(
    seen: Seen, system: SystemFacts | None, now_ns: int, *, problem: str = ""
) -> dict[str, Any]:
    """How the instrument is.

    Args:
        seen: What there is to be told.
        system: How the computer is, as it was seen last; or None.
        now_ns: The present.
        problem: Why the computer could not be looked at now, or "".
    """
    instrument = seen.instrument
    settings = instrument.settings
    generating, notice = instrument.generating, instrument.notice
    models = seen.shelves.models
    return {
        "continuo": seen.version,
        "state": instrument.state,
        "technique": settings.technique,
        "is_duet": settings.is_duet,
        "parameters": settings.parameters().as_dict(),
        "tempo_bpm": settings.tempo_bpm,
        "beats_per_bar": settings.beats_per_bar,
        "take": _take(instrument),
        "takes": len(instrument.takes),
        "generating": {
            "done": generating.done,
            "total": generating.total,
            "elapsed_s": round(generating.elapsed_s, 3),
        }
        if generating
        else None,
        "notice": notice.sentence if notice else None,
        "ports": ports(seen, now_ns),
        "volume": seen.sound.volume,
        "worker": {"pid": seen.worker.pid, "starts": seen.worker.incarnation},
        "uptime_s": round((now_ns - seen.began_ns) / 1e9),
        "dropped_events": seen.dropped(),
        "is_safe": seen.is_safe(),
        "library": seen.library,
        "bundles": [line.name for line in (models or ())[:MOST_BUNDLES] if not line.problem],
        "unusable_bundles": [line.name for line in (models or ())[:MOST_BUNDLES] if line.problem],
        "system": asdict(system) if system else None,
        "problem": problem,
    }


def ports(seen: Seen, now_ns: int) -> dict[str, Any]:
    """What is connected."""
    midi = seen.ports.facts(now_ns)
    return {
        "keyboards": list(midi.keyboards),
        "known_keyboards": list(midi.control_maps),
        "synthesizer": midi.synthesizer,
        "is_thru_on": midi.is_thru_on,
        "is_clock_out_on": midi.is_clock_out_on,
        "is_clock_in_on": midi.is_clock_in_on,
        "clock_bpm": midi.clock_bpm,
    }


def parameters(settings: Settings, technique: str | None) -> dict[str, Any]:
    """What is set, and what can be.

    Args:
        settings: The player's.
        technique: Whose parameters are wanted; None for the technique that is set.

    Raises:
        ParameterError: If there is no such technique.
    """
    wanted = settings.technique if technique is None else _technique(technique)
    specs = specs_of(wanted, installed=settings.installed)
    values = parameters_for(wanted, settings.values.get(wanted))
    return {
        "technique": wanted,
        "is_duet": settings.is_duet and wanted is settings.technique,
        "is_set": wanted is settings.technique,
        "tempo_bpm": settings.tempo_bpm,
        "beats_per_bar": settings.beats_per_bar,
        "parameters": [
            {
                "key": spec.key,
                "label": spec.label,
                "value": values[spec.key],
                "text": spec.text(values[spec.key]),
                "range": spec.range_text,
                "default": spec.default,
                "meaning": spec.meaning,
            }
            for spec in specs
        ],
    }


def changed_settings(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """Settings with other values, as a person gives them: out of range is refused.

    Args:
        settings: As they are.
        values: By `ParameterSpec.key`; and `technique`, which is set first and decides which
            parameters there are, `tempo_bpm` and `beats_per_bar`.

    Raises:
        ParameterError: If there is no such parameter or value; it names those that there are.
    """
    if TECHNIQUE.key in values:
        settings = set_value(settings, TECHNIQUE.key, values[TECHNIQUE.key])
    known: dict[str, ParameterSpec] = {spec.key: spec for spec in settings.specs}
    for key, value in values.items():
        if key == TECHNIQUE.key:
            continue
        if key == "tempo_bpm":
            settings = replace(settings, tempo_bpm=_number(key, value))
        elif key == "beats_per_bar":
            beats = _number(key, value)
            if not beats.is_integer():
                raise ParameterError(f"beats_per_bar must be a whole number, got {value!s:.40}")
            settings = replace(settings, beats_per_bar=int(beats))
        elif key in known:
            settings = set_value(settings, key, value)
        else:
            others = ", ".join((*known, "tempo_bpm", "beats_per_bar"))
            raise ParameterError(
                f"{settings.technique} has no parameter {key!r:.40}", remedy=f"it has {others}"
            )
    return settings


def compositions(lines: Sequence[CompositionLine], first: int, most: int) -> dict[str, Any]:
    """A part of the library, newest first."""
    return {
        "total": len(lines),
        "first": first,
        "compositions": [
            {
                "name": line.name,
                "title": line.title[:_MAX_TEXT],
                "what": line.what,
                "day": line.day,
                "problem": line.problem[:_MAX_TEXT],
            }
            for line in lines[first : first + most]
        ],
    }


def models(lines: Sequence[ModelLine], missing: Sequence[MissingModel]) -> dict[str, Any]:
    """What is installed, and for which techniques nothing is."""
    return {
        "bundles": [
            {
                "name": line.name,
                "title": line.title,
                "technique": line.technique,
                "problem": line.problem,
            }
            for line in lines[:MOST_BUNDLES]
        ],
        "missing": [
            {"technique": lack.technique, "sentence": lack.sentence, "remedy": lack.remedy}
            for lack in missing
        ],
    }


def _take(instrument: Instrument) -> dict[str, Any] | None:
    take = instrument.takes.current
    if take is None:
        return None
    return {
        "number": instrument.takes.number,
        "melody": take.melody.name[:_MAX_TEXT],
        "notes": len(take.melody.notes),
        "bars": -(-take.melody.end_ticks // (take.melody.beats_per_bar * TICKS_PER_BEAT)),
        "technique": take.record.technique if take.record else None,
        "saved_as": take.saved_as,
    }


def _technique(text: str) -> Technique:
    try:
        return Technique(text.strip().lower())
    except ValueError as error:
        raise ParameterError(
            f"technique must be {', '.join(Technique)}, got {text!r:.40}"
        ) from error


def _number(key: str, value: object) -> float:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            pass
        else:
            if math.isfinite(number):
                return number
    raise ParameterError(f"{key} must be a number, got {value!r:.40}")
