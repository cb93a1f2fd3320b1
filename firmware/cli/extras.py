"""What a command makes of a composition once that is kept: its sound and its picture."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from firmware.cli.progress import LATE_S, progress_bar
from firmware.devices.audio import render
from firmware.errors import ContinuoError, LibraryError
from firmware.library.picture import draw_piano_roll
from firmware.library.records import CompositionRecord

PICTURE_FILE: Final = "piano-roll.png"
SOUND_FILE: Final = "composition.wav"


def add_sound(record: CompositionRecord, folder: Path) -> str:
    """Render a composition into the folder where it is kept.

    Returns:
        One line that says what made the sound.

    Raises:
        LibraryError: If that fails; it says that the composition is kept.
    """
    with _kept(folder), progress_bar("sound", after_s=LATE_S) as report:
        return render(record.composition, folder / SOUND_FILE, on_progress=report)


def add_picture(record: CompositionRecord, folder: Path) -> None:
    """Draw a composition into the folder where it is kept.

    Raises:
        LibraryError: If that fails; it says that the composition is kept.
    """
    with _kept(folder), progress_bar("picture", after_s=LATE_S) as report:
        draw_piano_roll(
            record.melody, record.composition, folder / PICTURE_FILE, on_progress=report
        )


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    try:
        yield
    except ContinuoError as error:
        sentence = f"the composition is kept in {folder}, but {error.message}"
        raise LibraryError(sentence, remedy=error.remedy) from error
