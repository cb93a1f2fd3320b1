"""What was found on the disk, as rows of the panel's lists."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from firmware.devices.throttling import Cause, Throttling
from firmware.engine.bundles import installed_bundles
from firmware.engine.takes import facts_of
from firmware.errors import BundleError
from firmware.inference.bundle import MANIFEST_FILE, MODEL_FILE
from firmware.inference.manifest import Manifest, read_manifest
from firmware.library.presets import Preset
from firmware.library.store import Entry
from firmware.panel.commands import Source
from firmware.panel.overview import CompositionLine, MelodyLine, ModelLine, PresetLine, Strain
from firmware.parameters import specs_of


def composition_line(entry: Entry) -> CompositionLine:
    """A composition in the library."""
    outline = entry.outline
    if outline is None:
        return CompositionLine(
            name=entry.name, title=entry.name, what="", day="", problem=entry.problem
        )
    return CompositionLine(
        name=entry.name,
        title=outline.composition.name or outline.melody.name or "Composition",
        what=outline.technique.past,
        day=_day(outline.created_at),
        about=facts_of(outline),
    )


def file_line(name: str) -> MelodyLine:
    """A MIDI file that can be imported."""
    return MelodyLine(source=Source.IMPORTED, key=name, name=Path(name).stem, what="file")


def preset_line(preset: Preset) -> PresetLine:
    """A preset."""
    parameters = preset.parameters
    if parameters is None:
        return PresetLine(name=preset.name, technique=None, problem=preset.problem)
    about = tuple(
        (spec.label, spec.text(parameters[spec.key])) for spec in specs_of(parameters.technique)
    )
    return PresetLine(name=preset.name, technique=parameters.technique, about=about)


def model_lines(own: Path) -> Iterable[ModelLine]:
    """The bundles that ship, and those in a folder."""
    for name, folder in installed_bundles(own).items():
        try:
            manifest = read_manifest(folder / MANIFEST_FILE)
            size = (folder / MODEL_FILE).stat().st_size
        except BundleError as error:
            yield ModelLine(name=name, title=name, technique=None, problem=error.message)
        except OSError as error:
            problem = f"{MODEL_FILE} cannot be read: {error.strerror}"
            yield ModelLine(name=name, title=name, technique=None, problem=problem)
        else:
            yield _model_line(name, manifest, size)


def _model_line(name: str, manifest: Manifest, size: int) -> ModelLine:
    return ModelLine(
        name=name,
        title=manifest.title,
        technique=manifest.technique,
        about=(
            ("Genre", manifest.genre),
            ("Size", f"{size / 1e6:.1f} MB"),
            *(("Trained on", corpus.name) for corpus in manifest.training.corpora),
        ),
    )


def strain_of(throttling: Throttling) -> Strain:
    """What slows the computer down."""
    label, now, before = _STRAINS[throttling.cause]
    sentence = f"{throttling.sentence[:1].upper()}{throttling.sentence[1:]}."
    return Strain(
        label=label,
        value=now if throttling.is_now else before,
        text=f"{sentence}\n→ {throttling.remedy}",
    )


_STRAINS: Final = {
    # cause: what it is about, how it is now, how it was
    Cause.SUPPLY: ("Power", "too weak", "was too weak"),
    Cause.HEAT: ("Cooling", "too hot", "was too hot"),
}


def _day(created_at: str) -> str:
    try:
        return datetime.fromisoformat(created_at).strftime("%d %b")
    except ValueError:  # another program wrote it
        return ""
