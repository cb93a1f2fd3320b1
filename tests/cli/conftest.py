"""A command line that is called in this process, with a library of its own and a model of none."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from firmware.cli import generate, main
from firmware.engine.messages import GenerationRequest
from firmware.inference.manifest import SCHEMA_VERSION, Manifest, Provenance, read_manifest
from firmware.library.store import Library
from firmware.music.band import BAND_ENCODING
from firmware.music.encoding import CHORALE_ENCODING
from firmware.music.notes import Composition, Note, Track
from firmware.parameters import Technique
from firmware.techniques.progress import Generation, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command said.

    Attributes:
        code: Its exit code.
        out: Standard output.
        err: Standard error.
    """

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        (line,) = self.out.splitlines()
        content = json.loads(line)
        assert isinstance(content, dict)
        return content

    @property
    def error(self) -> str:
        """The one line on standard error, once the code says error."""
        assert self.code == 2
        (line,) = self.err.splitlines()
        return line


Continuo = Callable[..., Said]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """The user's library, and no settings file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CONTINUO_HOME", str(tmp_path / "music"))
    for name in ("CONTINUO_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return Library(tmp_path / "music")


@pytest.fixture
def continuo(library: Library, capfd: pytest.CaptureFixture[str]) -> Continuo:
    """Call the command."""
    assert library

    def call(*arguments: object) -> Said:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Said(code=code, out=out, err=err)

    return call


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder that passes for a bundle as long as nobody loads its model."""
    content = b"no model"
    manifest = Manifest(
        schema=SCHEMA_VERSION,
        name="toy",
        title="Toy",
        technique=Technique.ENHANCE,
        architecture="none",
        genre="none",
        encoding=CHORALE_ENCODING.name,
        fingerprint=CHORALE_ENCODING.fingerprint(),
        signatures=(),
        sha256=hashlib.sha256(content).hexdigest(),
        parameters=0,
        mmac=0.0,
        training=Provenance(corpora=(), revision="0", seed=0, steps=0, backend="none"),
        golden_tolerance=0.0,
    )
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "model.tflite").write_bytes(content)
    (folder / "manifest.json").write_text(manifest.to_json())
    return folder


@pytest.fixture
def band(bundle: Path, tmp_path: Path) -> Path:
    """Another one, which serves two genres as one model."""
    folder = Path(shutil.copytree(bundle, tmp_path / "toy-band"))
    manifest = replace(
        read_manifest(folder / "manifest.json"),
        name="toy-band",
        technique=Technique.ACCOMPANY,
        encoding=BAND_ENCODING.name,
        fingerprint=BAND_ENCODING.fingerprint(),
        serves={"model": ("unet",), "genre": ("rock", "jazz")},
    )
    (folder / "manifest.json").write_text(manifest.to_json())
    return folder


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[GenerationRequest]:
    """Let `generate` add a fifth below each note instead of asking a model; what it was asked."""
    asked: list[GenerationRequest] = []

    def start(request: GenerationRequest) -> Generation:
        asked.append(request)
        for done in range(3):
            yield Progress(done=done, total=3)
        notes = request.melody.notes
        below = tuple(replace(note, pitch=note.pitch - 7) for note in notes)
        return Composition(
            tracks=(Track(name="above", notes=notes), Track(name="below", notes=below)),
            tempo_bpm=request.melody.tempo_bpm,
            beats_per_bar=request.melody.beats_per_bar,
            name=f"{request.melody.name}, seed {request.seed}",
        )

    monkeypatch.setattr(generate, "start", start)
    return asked


@pytest.fixture
def scale() -> tuple[Note, ...]:
    """Eight quarter notes up from middle C, a little late each."""
    steps = (0, 2, 4, 5, 7, 9, 11, 12)
    return tuple(
        Note(start_ticks=480 * i + 20, pitch=60 + step, duration_ticks=440)
        for i, step in enumerate(steps)
    )
