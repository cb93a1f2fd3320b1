"""Turn a MIDI file into a sound file, as the instrument would play it."""

import argparse
from pathlib import Path

from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser, UsageError, is_same_file
from firmware.cli.progress import LATE_S, progress_bar
from firmware.devices.audio import RENDERERS, SAMPLE_RATE, render
from firmware.library.importing import import_melody, read_midi
from firmware.midi.files import read_composition
from firmware.music.timing import nanoseconds_of_ticks


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "The file is a 16-bit stereo WAV at 44.1 kHz, loud but not clipping. FluidSynth and its\n"
        "soundfont are used where the system has them, else symusic's synthesizer with the\n"
        "soundfont that pretty_midi carries; a line says which.\n\n"
        "examples:\n"
        "  continuo render composition.mid\n"
        "  continuo render composition.mid -o out.wav --renderer symusic"
    )
    parser.add_argument("file", type=Path, metavar="FILE.mid", help="what to play")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE.wav", help="where to (default: beside FILE.mid)"
    )
    parser.add_argument(
        "--renderer",
        choices=list(RENDERERS),
        help="what to play it with (default: the first found)",
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Render, and say what with."""
    path: Path = arguments.file
    content = read_midi(path)
    target: Path = arguments.output or path.with_suffix(".wav")
    if is_same_file(path, target):
        raise UsageError(
            f"the sound would take the place of {path}", remedy="-o FILE.wav names another file"
        )
    # What the guarded child has read within its limits is safe to read here.
    import_melody(content, name=path.name)
    composition = read_composition(content)
    with progress_bar("sound", after_s=LATE_S) as report:
        line = render(composition, target, renderer=arguments.renderer, on_progress=report)
    seconds = nanoseconds_of_ticks(composition.end_ticks, composition.tempo_bpm) / 1e9
    return Answer(
        content={
            "sound": str(target),
            "renderer": line,
            "music_s": round(seconds, 3),
            "sample_rate": SAMPLE_RATE,
        },
        lines=[f"{target}: {seconds:.1f} s of music", line],
    )
