"""Let a simulated player play, enhance and save a melody on the simulated instrument.

The keys are struck, the buttons pressed and the model run as on the real instrument; only the
clock is simulated, so that the music takes no time.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

from firmware.cli.answer import Answer
from firmware.cli.arguments import (
    Parser,
    add_technique_options,
    chosen_technique,
    parameter_help,
    settings,
)
from firmware.cli.changes import count_changes
from firmware.cli.extras import PICTURE_FILE, SOUND_FILE, add_picture, add_sound
from firmware.cli.generate import checked_seed, find_melody, known_melodies
from firmware.cli.progress import progress_bar
from firmware.config import load_config
from firmware.engine.demo import run_demo
from firmware.library.melodies import DEFAULT_MELODY
from firmware.library.places import check_folder
from firmware.library.store import (
    COMPOSITION_FILE,
    INPUT_FILE,
    RECORD_FILE,
    Library,
)
from firmware.parameters import Technique, parameters_for, specs_of

FULL_CHORDS: Mapping[Technique, Mapping[str, str]] = {Technique.ENHANCE: {"max_notes_added": "130"}}
"""What the simulated player sets if nothing is asked for: the bundled melodies get full chords."""


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        f"{parameter_help()}\n\n{known_melodies()}\n\n"
        "examples:\n"
        "  continuo demo\n"
        "  continuo demo my.mid --technique enhance --seed 3 -o my-folder\n"
        "  continuo demo --technique accompany --genre jazz"
    )
    parser.add_argument(
        "melody",
        nargs="?",
        default=DEFAULT_MELODY,
        metavar="MELODY",
        help="MIDI file, melody or composition (default: %(default)s)",
    )
    add_technique_options(
        parser, set_help="what the simulated player turns a knob to, as near as its clicks come"
    )
    parser.add_argument(
        "--seed", default="1", metavar="N", help="same seed, same composition (default: 1)"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("continuo-demo"),
        metavar="DIR",
        help="folder for everything (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Play, draw, render, and say where everything lies."""
    seed = checked_seed(arguments.seed)
    technique = chosen_technique(arguments)
    wanted = {**FULL_CHORDS.get(technique, {}), **settings(arguments)}
    parameters = parameters_for(technique, wanted)
    config = load_config()
    check_folder(arguments.output)
    melody = find_melody(arguments.melody, Library(config.library)).melody
    with progress_bar(str(technique)) as report:
        result = run_demo(
            melody,
            technique,
            seed,
            arguments.output,
            report,
            parameters=parameters,
            config=config,
        )
    record, folder = result.record, result.folder
    paths = {
        "composition": folder / COMPOSITION_FILE,
        "input": folder / INPUT_FILE,
        "record": folder / RECORD_FILE,
        "sound": folder / SOUND_FILE,
        "picture": folder / PICTURE_FILE,
    }
    renderer = add_sound(record, folder)
    add_picture(record, folder)
    counts = count_changes(record)
    knobs = ", ".join(
        f"{spec.key} {spec.text(record.parameters[spec.key])}" for spec in specs_of(technique)
    )
    lines = [
        f"A simulated player struck {len(record.melody.notes)} notes of "
        f"{record.melody.name or 'a melody'} and pressed generate.",
        f"{record.bundle} worked on them for {result.generation_s:.1f} s with seed {record.seed}: "
        f"{counts['kept']} kept, {counts['removed']} removed, {counts['added']} added.",
        f"The knobs stood at {knobs}.",
        f"The panel showed {result.frames_shown} frames; {renderer}.",
        "",
        *[f"{key:<12} {path}" for key, path in paths.items()],
        f"{'panel':<12} {result.film} ({len(result.frames)} frames in {result.frames[0].parent})",
    ]
    content = {
        "folder": str(folder),
        **{key: str(path) for key, path in paths.items()},
        "film": str(result.film),
        "frames": [str(path) for path in result.frames],
        "frames_shown": result.frames_shown,
        "technique": record.technique,
        "seed": record.seed,
        "parameters": dict(record.parameters),
        "bundle": record.bundle,
        "bundle_sha256": record.bundle_sha256,
        "notes": counts,
        "generation_s": round(result.generation_s, 3),
        "renderer": renderer,
    }
    return Answer(content=content, lines=lines)
