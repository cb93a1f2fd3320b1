"""Make one composition from a melody, without a panel.

MELODY is a MIDI file, one of the melodies that come with Continuo, or the name of a
composition in the library, which is then worked on further. With --instrument the instrument that
runs does it, and plays it: of its melody at hand if there is no MELODY.
"""

import argparse
import contextlib
import os
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from firmware.cli.answer import Answer
from firmware.cli.arguments import (
    Parser,
    UsageError,
    add_technique_options,
    bar_range,
    checked_count,
    chosen_technique,
    is_same_file,
    parameter_help,
    settings,
)
from firmware.cli.bundles import bundle_for
from firmware.cli.changes import count_changes
from firmware.cli.elsewhere import generate_there
from firmware.cli.extras import PICTURE_FILE, SOUND_FILE, add_picture, add_sound
from firmware.cli.progress import progress_bar
from firmware.config import load_config
from firmware.engine.generation import start
from firmware.engine.messages import GenerationRequest
from firmware.errors import CompositionNotFoundError
from firmware.library.importing import import_melody
from firmware.library.melodies import TUNES, bundled_melodies
from firmware.library.names import MODELS_FOLDER
from firmware.library.places import check_folder
from firmware.library.presets import Presets
from firmware.library.records import CompositionRecord
from firmware.library.store import (
    COMPOSITION_FILE,
    INPUT_FILE,
    RECORD_FILE,
    Library,
    files_of,
    write_files,
)
from firmware.midi.files import write_composition
from firmware.music.notes import Composition, Melody
from firmware.music.transform import rhythm_assist, transpose, trim
from firmware.parameters import Parameters, parameters_for

MAX_SHIFT = 12
MAX_SEED = 2**32 - 1
_MIDI_SUFFIXES = (".mid", ".midi")
RANDOM_SEEDS = 1000
"""A seed that nobody gave is below this: short enough to be typed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A melody and where it comes from.

    Attributes:
        melody: The melody.
        parent: Name of the composition of the library that it is, if it is one.
        path: The file that it was read from, if it was.
    """

    melody: Melody
    parent: str | None = None
    path: Path | None = None


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        f"{parameter_help()}\n\n{known_melodies()}\n\n"
        "examples:\n"
        "  continuo generate my.mid --technique enhance --set max_notes_added=20 --seed 1 -o out\n"
        "  continuo generate my.mid --trim 1:8 --rhythm-assist 0.8 --transpose -2 --picture\n"
        "  continuo generate my.mid --technique accompany --genre rock --model unet -o out.mid\n"
        "  continuo generate ode-to-joy --seed 3 -o out --json\n"
        "  continuo generate --instrument --set creative_risk=2"
    )
    parser.add_argument(
        "melody", nargs="?", metavar="MELODY", help="MIDI file, melody or composition"
    )
    parser.add_argument(
        "--instrument",
        action="store_true",
        help="on the instrument that runs, with what is set there but for --technique and --set",
    )
    add_technique_options(
        parser, set_help="set a parameter, as listed below; may be given several times"
    )
    parser.add_argument(
        "--preset",
        metavar="NAME",
        help="technique and parameters that were kept; --set changes them",
    )
    parser.add_argument(
        "--keep-preset", metavar="NAME", help="keep technique and parameters under this name"
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        help="same seed, same composition (default: a random one, which is printed)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR_OR_MID",
        help="folder for the files, or one MIDI file (default: a new composition in the library)",
    )
    parser.add_argument("--picture", action="store_true", help=f"draw {PICTURE_FILE}, too")
    parser.add_argument("--sound", action="store_true", help=f"render {SOUND_FILE}, too")
    parser.add_argument(
        "--bundle", metavar="NAME_OR_DIR", help="model to use (default: the device's choice)"
    )
    before = parser.add_argument_group("before generating")
    before.add_argument("--trim", metavar="FIRST:LAST", help="keep these bars, counted from 1")
    before.add_argument("--tempo", type=float, metavar="BPM", help="40 to 220")
    before.add_argument(
        "--rhythm-assist",
        type=float,
        metavar="STRENGTH",
        help="pull notes to the sixteenth grid: 0 not at all, 1 fully",
    )
    before.add_argument(
        "--transpose", type=int, metavar="N", help=f"semitones, -{MAX_SHIFT} to {MAX_SHIFT}"
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Generate, write, and say where."""
    # What was typed is checked before anything is read.
    if arguments.instrument:
        return generate_there(arguments)
    if arguments.melody is None:
        raise UsageError(
            "the following arguments are required: MELODY",
            remedy="or --instrument, for the melody at hand there",
        )
    parameters = _parameters(arguments)
    technique = parameters.technique
    given = arguments.seed
    seed = secrets.randbelow(RANDOM_SEEDS) if given is None else checked_seed(given)
    bars = bar_range(arguments.trim) if arguments.trim else None
    config = load_config()
    library = Library(config.library)
    single = _single_file(arguments)
    if arguments.keep_preset:
        Presets(library.root).save(arguments.keep_preset, parameters)
    check_folder(single.parent if single else arguments.output or library.root)
    source = find_melody(arguments.melody, library)
    _check_kept(source, arguments.output, single)
    melody = prepared(source.melody, arguments, bars=bars)
    bundle = bundle_for(
        arguments.bundle or "",
        parameters,
        preferred=config.bundle,
        own=config.library / MODELS_FOLDER,
    )
    request = GenerationRequest(
        melody=melody,
        parameters=parameters,
        seed=seed,
        bundle_folder=bundle.folder,
        threads=config.model_threads,
    )
    began = perf_counter()
    composition = _finish(request)
    seconds = perf_counter() - began
    record = CompositionRecord(
        composition=composition,
        melody=melody,
        technique=technique,
        parameters=parameters.as_dict(),
        seed=seed,
        bundle=bundle.manifest.name,
        bundle_sha256=bundle.manifest.sha256,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        parent=source.parent,
    )
    if single is not None:
        write_files(single.parent, {single.name: write_composition(composition)})
        return _answer(record, {"composition": single}, arguments, seconds)
    if arguments.output is None:
        folder = library.root / library.save(record)
    else:
        folder = arguments.output
        write_files(folder, files_of(record))
    paths = {
        "composition": folder / COMPOSITION_FILE,
        "input": folder / INPUT_FILE,
        "record": folder / RECORD_FILE,
    }
    return _answer(record, paths, arguments, seconds)


def _parameters(arguments: argparse.Namespace) -> Parameters:
    """What is to be done, by a preset or by `--technique`, with what was set on top of it.

    Raises:
        ContinuoError: If there is no such preset, parameter or value.
    """
    given = settings(arguments)
    if not arguments.preset:
        return parameters_for(chosen_technique(arguments), given)
    kept = Presets(load_config().library).load(arguments.preset)
    return parameters_for(kept.technique, {**kept.as_dict(), **given})


def _single_file(arguments: argparse.Namespace) -> Path | None:
    """The one file that is asked for instead of a folder, or None.

    Raises:
        UsageError: If more is asked for than goes into it.
    """
    output: Path | None = arguments.output
    if output is None or output.suffix.lower() not in _MIDI_SUFFIXES or os.path.isdir(output):
        return None
    if arguments.picture or arguments.sound:
        raise UsageError(
            f"{output} holds no picture and no sound", remedy="give a folder: -o my-folder"
        )
    return output


def _check_kept(source: Source, output: Path | None, single: Path | None) -> None:
    """Refuse a place in which the result would take that of the player's own file."""
    if source.path is None or output is None:
        return
    names = (COMPOSITION_FILE, INPUT_FILE, RECORD_FILE, PICTURE_FILE, SOUND_FILE)
    for path in [single] if single else [output / name for name in names]:
        if is_same_file(source.path, path):
            raise UsageError(
                f"the result would take the place of {source.path}", remedy="choose another place"
            )


def known_melodies() -> str:
    """The bundled melodies, for a help text."""
    lines = (f"  {key:<16} {tune.title} ({tune.origin})" for key, tune in TUNES.items())
    return "\n".join(["melodies that come with Continuo:", *lines])


def find_melody(text: str, library: Library) -> Source:
    """The melody that the user means: a file, a bundled melody, or a composition.

    Raises:
        UsageError: If it is none of these.
        ContinuoError: If it is one of these and cannot be read.
    """
    path = Path(text)
    if os.path.isfile(path):  # pathlib's raises where a name is too long
        return Source(melody=import_melody(path), path=path)
    if text in TUNES:
        return Source(melody=bundled_melodies()[text])
    with contextlib.suppress(CompositionNotFoundError):
        return Source(melody=library.load(text).composition.as_melody(), parent=text)
    if text and os.path.lexists(path):
        import_melody(path)  # a folder, a pipe: it says what is wrong
    raise UsageError(
        f"there is no melody {text!r}",
        remedy=f"give a MIDI file, a composition's name, or one of {', '.join(TUNES)}",
    )


def prepared(
    melody: Melody, arguments: argparse.Namespace, *, bars: tuple[int, int] | None
) -> Melody:
    """What the player asked for before generating: trim, tempo, rhythm assist, transpose.

    Args:
        melody: What was played.
        arguments: The command line.
        bars: First and last bar to keep, counted from 1, or None for all.

    Raises:
        ContinuoError: If a value is out of range, or no note would be left.
    """
    if bars is not None:
        first, last = bars
        bar = melody.ticks_per_bar
        melody = trim(melody, start_ticks=(first - 1) * bar, end_ticks=last * bar)
    if not melody.notes:
        raise UsageError(
            "there is no note to work on", remedy="choose other bars, or another melody"
        )
    if arguments.tempo is not None:
        melody = replace(melody, tempo_bpm=arguments.tempo)
    if arguments.rhythm_assist is not None:
        melody = rhythm_assist(melody, strength=arguments.rhythm_assist)
    if arguments.transpose is not None:
        if abs(arguments.transpose) > MAX_SHIFT:
            raise UsageError(
                f"--transpose must be in -{MAX_SHIFT}..{MAX_SHIFT}, got {arguments.transpose}"
            )
        melody = transpose(melody, arguments.transpose)
    return melody


def _finish(request: GenerationRequest) -> Composition:
    label = str(request.parameters.technique)
    # Closed on Ctrl-C, so that the model is let go of before anything is said.
    with progress_bar(label) as report, contextlib.closing(start(request)) as generation:
        while True:
            try:
                progress = next(generation)
            except StopIteration as stop:
                report(1, 1)
                composition: Composition = stop.value
                return composition
            report(progress.done, progress.total)


def _answer(
    record: CompositionRecord,
    paths: dict[str, Path],
    arguments: argparse.Namespace,
    seconds: float,
) -> Answer:
    counts = count_changes(record)
    folder = paths["composition"].parent
    said: list[str] = []
    if arguments.picture:
        paths["picture"] = folder / PICTURE_FILE
        add_picture(record, folder)
    if arguments.sound:
        paths["sound"] = folder / SOUND_FILE
        said.append(add_sound(record, folder))
    content = {
        "folder": str(folder),
        **{key: str(path) for key, path in paths.items()},
        "technique": record.technique,
        "parameters": dict(record.parameters),
        "seed": record.seed,
        "bundle": record.bundle,
        "bundle_sha256": record.bundle_sha256,
        "parent": record.parent,
        "notes": counts,
        "generation_s": round(seconds, 3),
    }
    lines = [
        f"{record.technique.past} {record.melody.name or 'the melody'} with {record.bundle}, "
        f"seed {record.seed}, in {seconds:.1f} s",
        f"your notes: {counts['kept']} kept, {counts['removed']} removed; {counts['added']} added",
        *said,
        *[f"{key:<12} {path}" for key, path in paths.items()],
    ]
    return Answer(content=content, lines=lines)


def checked_seed(text: str) -> int:
    """Read a seed.

    Raises:
        UsageError: If it is none.
    """
    return checked_count("--seed", text, 0, MAX_SEED)
