"""Bring a backup back: it takes the place of all compositions, presets, melodies, memory, settings.

It is unpacked and checked beside what is there, then switched. Whatever happens meanwhile, there is
what was or what the backup has. The instrument must not run.
"""

import argparse
from pathlib import Path

from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser
from firmware.cli.progress import LATE_S, progress_bar
from firmware.config import config_path, load_config
from firmware.library.restore import restore_backup


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "examples:\n"
        "  sudo systemctl stop continuo\n"
        "  continuo restore /media/stick/continuo.zip\n"
        "  sudo systemctl start continuo"
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the archive")
    parser.add_argument(
        "--without-settings", action="store_true", help="leave the settings file as it is"
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Restore it."""
    config = load_config()
    settings = None if arguments.without_settings else config_path()
    with progress_bar("restore", after_s=LATE_S) as report:
        backup = restore_backup(arguments.file, config, settings, on_progress=report)
    return Answer(
        content={
            "library": str(config.library),
            "files": len(backup.entries),
            "created_at": backup.created_at,
            "version": backup.version,
        },
        lines=[
            f"restored {len(backup.entries)} files of {backup.created_at} to {config.library}",
        ],
    )
