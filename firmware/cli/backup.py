"""Keep compositions, presets, melodies, memory and settings in one archive.

It is a zip archive, which any computer opens. Models that were installed are part of it with
--models; those that ship are not needed.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser
from firmware.cli.progress import LATE_S, progress_bar
from firmware.config import config_path, load_config
from firmware.library.backup import write_backup


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "The instrument may run meanwhile. It comes back with `continuo restore`.\n\n"
        "examples:\n"
        "  continuo backup\n"
        "  continuo backup /media/stick/continuo.zip --models\n"
        "  ssh continuo continuo backup /tmp/b.zip && scp continuo:/tmp/b.zip ."
    )
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="the archive (default: continuo-DATE.zip in the current folder)",
    )
    parser.add_argument("--models", action="store_true", help="with the models that were installed")


def run(arguments: argparse.Namespace) -> Answer:
    """Write it."""
    now = datetime.now(UTC)
    target: Path = arguments.file or Path(f"continuo-{now:%Y-%m-%d_%H-%M-%S}.zip")
    with progress_bar("backup", after_s=LATE_S) as report:
        backup = write_backup(
            load_config().library,
            config_path(),
            target,
            now=now,
            with_models=arguments.models,
            on_progress=report,
        )
    size = target.stat().st_size
    return Answer(
        content={
            "file": str(target),
            "bytes": size,
            "files": len(backup.entries),
            "content_bytes": backup.total_bytes,
        },
        lines=[f"kept {len(backup.entries)} files in {target}, {size / 1e6:.1f} MB"],
    )
