"""One composition without a panel: what is asked for is what the model gets, and all is written."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from firmware.cli import generate
from firmware.engine.messages import GenerationRequest
from firmware.inference.bundle import read_bundle
from firmware.library.importing import import_melody
from firmware.library.melodies import bundled_melodies
from firmware.library.store import Library, read_folder
from firmware.midi.files import write_melody
from firmware.music.notes import Melody, Note
from firmware.parameters import Technique, parameters_for
from firmware.techniques.progress import Generation, Progress

if TYPE_CHECKING:
    from tests.cli.conftest import Continuo


@pytest.fixture
def midi(tmp_path: Path, scale: tuple[Note, ...]) -> Path:
    """A MIDI file of the user's, two bars of a scale at 90 beats a minute."""
    path = tmp_path / "my tune.mid"
    path.write_bytes(write_melody(Melody(notes=scale, tempo_bpm=90.0, name="inside")))
    return path


@pytest.mark.usefixtures("requests")
def test_a_file_becomes_a_composition_in_a_folder(
    continuo: "Continuo",
    bundle: Path,
    midi: Path,
    scale: tuple[Note, ...],
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    said = continuo("generate", midi, "--bundle", bundle, "--seed", 5, "-o", out, "--json")
    assert said.code == 0
    record = read_folder(out)
    assert record.melody.notes == scale
    assert record.melody.name == "my tune"
    assert record.melody.tempo_bpm == 90.0
    assert (record.seed, record.bundle) == (5, "toy")
    assert record.parameters == parameters_for(Technique.ENHANCE).as_dict()
    assert record.parent is None
    content = said.json
    assert content["notes"] == {"kept": 8, "added": 8, "removed": 0}
    assert content["composition"] == str(out / "composition.mid")
    for key in ("composition", "input", "record"):
        assert Path(content[key]).is_file()
    assert (content["seed"], content["bundle"]) == (5, "toy")
    assert content["bundle_sha256"] == record.bundle_sha256
    assert sorted(path.name for path in out.iterdir()) == [
        "composition.json",
        "composition.mid",
        "input.mid",
    ]


def test_the_model_gets_what_was_asked_for(
    continuo: "Continuo", bundle: Path, requests: list[GenerationRequest], midi: Path
) -> None:
    continuo(
        *("generate", midi, "--bundle", bundle, "--seed", 9, "--technique", "enhance"),
        *("--set", "max_notes_added=20", "--set", "creative_risk=0.5"),
        *("--trim", "2:2", "--tempo", "72.5", "--rhythm-assist", "1", "--transpose", "-2"),
    )
    (request,) = requests
    assert request.seed == 9
    assert request.bundle_folder == bundle
    assert request.parameters == parameters_for(
        Technique.ENHANCE, {"max_notes_added": 20, "creative_risk": 0.5}
    )
    assert request.melody.tempo_bpm == 72.5
    assert [(n.start_ticks, n.pitch) for n in request.melody.notes] == [
        (0, 65),
        (480, 67),
        (960, 69),
        (1440, 70),
    ]


def test_a_bundle_in_the_settings_leaves_the_other_technique_its_own(
    continuo: "Continuo",
    bundle: Path,
    requests: list[GenerationRequest],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(f'bundle = "{bundle}"\n')
    monkeypatch.setenv("CONTINUO_CONFIG", str(settings))
    for technique in ("enhance", "extend"):
        assert continuo("generate", "ode-to-joy", "--technique", technique).code == 0
    enhancing, extending = (request.bundle_folder for request in requests)
    assert enhancing == bundle
    assert read_bundle(extending).manifest.technique is Technique.EXTEND


@pytest.mark.usefixtures("requests")
def test_without_a_folder_it_goes_into_the_library(
    continuo: "Continuo", bundle: Path, library: Library
) -> None:
    said = continuo("generate", "ode-to-joy", "--bundle", bundle)
    assert said.code == 0
    (entry,) = library.list()
    record = library.load(entry.name)
    assert record.melody == bundled_melodies()["ode-to-joy"]
    assert f"seed {record.seed}" in said.out
    assert str(library.root / entry.name) in said.out


@pytest.mark.usefixtures("requests")
def test_a_composition_can_be_worked_on_further(
    continuo: "Continuo", bundle: Path, library: Library
) -> None:
    """The result of one generation is the input of the next, and the lineage is kept."""
    continuo("generate", "frere-jacques", "--bundle", bundle, "--seed", 1)
    (first,) = library.list()
    continuo("generate", first.name, "--bundle", bundle, "--seed", 2)
    (second,) = {entry.name for entry in library.list()} - {first.name}
    record = library.load(second)
    assert record.parent == first.name
    assert record.melody.notes == library.load(first.name).composition.notes


@pytest.mark.usefixtures("requests")
def test_picture_and_sound_come_on_request(
    continuo: "Continuo",
    bundle: Path,
    midi: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    said = continuo("generate", midi, "--bundle", bundle, "-o", out, "--picture", "--sound")
    assert said.code == 0
    assert "sound by " in said.out
    with Image.open(out / "piano-roll.png") as image:
        assert len(np.unique(np.asarray(image).reshape(-1, 3), axis=0)) > 10
    assert (out / "composition.wav").stat().st_size > 100_000


def test_a_random_seed_is_named_so_that_it_can_be_used_again(
    continuo: "Continuo",
    bundle: Path,
    requests: list[GenerationRequest],
    midi: Path,
    tmp_path: Path,
) -> None:
    first = continuo("generate", midi, "--bundle", bundle, "-o", tmp_path / "a", "--json").json
    continuo(*("generate", midi, "--bundle", bundle, "-o", tmp_path / "b", "--seed", first["seed"]))
    assert requests[0] == requests[1]
    again = [(tmp_path / name / "composition.mid").read_bytes() for name in "ab"]
    assert again[0] == again[1]


@pytest.mark.usefixtures("requests")
def test_the_progress_bar_is_not_in_the_answer(
    continuo: "Continuo", bundle: Path, midi: Path
) -> None:
    said = continuo("generate", midi, "--bundle", bundle, "--json")
    assert said.json["folder"]
    assert "enhance" in said.err
    assert "100%" in said.err


def test_ctrl_c_lets_go_of_the_model_and_leaves_nothing(
    continuo: "Continuo",
    bundle: Path,
    midi: Path,
    library: Library,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[bool] = []

    def start(_: GenerationRequest) -> Generation:
        try:
            yield Progress(done=1, total=100)
            raise KeyboardInterrupt
        finally:
            closed.append(True)

    monkeypatch.setattr(generate, "start", start)
    said = continuo("generate", midi, "--bundle", bundle, "--json")
    assert said.code == 130
    assert said.json["error"] == "stopped"
    assert closed == [True]
    assert library.list() == ()


@pytest.mark.parametrize("content", [b"", b"not midi", b"MThd\0\0\0\6\0\1\0\0\1\xe0"])
def test_a_file_that_is_no_music_is_one_sentence(
    continuo: "Continuo", bundle: Path, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "bad.mid"
    path.write_bytes(content)
    assert "bad.mid" in continuo("generate", path, "--bundle", bundle).error


def test_a_bundle_that_was_damaged_is_refused(
    continuo: "Continuo", bundle: Path, requests: list[GenerationRequest], midi: Path
) -> None:
    (bundle / "model.tflite").write_bytes(b"another")
    said = continuo("generate", midi, "--bundle", bundle)
    assert "hash" in said.error
    assert requests == []


@pytest.mark.usefixtures("requests")
def test_a_folder_that_cannot_be_made_is_one_sentence(
    continuo: "Continuo",
    bundle: Path,
    midi: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("in the way")
    said = continuo("generate", midi, "--bundle", bundle, "-o", tmp_path / "file" / "x", "--json")
    assert said.code == 2
    assert "nothing can be written" in said.json["error"]


def test_a_folder_that_cannot_be_written_to_is_told_before_the_model_works(
    continuo: "Continuo",
    bundle: Path,
    requests: list[GenerationRequest],
    midi: Path,
    library: Library,
) -> None:
    midi.with_name("file").write_text("in the way")
    library.root.write_text("in the way, too")
    said = continuo("generate", midi, "--bundle", bundle, "-o", midi.with_name("file"))
    assert "file is a file, not a folder" in said.error
    said = continuo("generate", midi, "--bundle", bundle)
    assert "music is a file, not a folder" in said.error
    assert requests == []


def test_the_players_own_file_is_not_replaced_by_the_result(
    continuo: "Continuo", bundle: Path, requests: list[GenerationRequest], midi: Path
) -> None:
    """Working on `input.mid` or `composition.mid` with their own folder as the target."""
    for name in ("composition.mid", "input.mid"):
        own = midi.with_name(name)
        own.write_bytes(midi.read_bytes())
        said = continuo("generate", own, "--bundle", bundle, "-o", own.parent)
        assert "would take the place of" in said.error
        assert own.read_bytes() == midi.read_bytes()
    assert requests == []


@pytest.mark.usefixtures("requests")
def test_one_midi_file_is_written_where_one_is_asked_for(
    continuo: "Continuo", bundle: Path, midi: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "out.mid"
    said = continuo("generate", midi, "--bundle", bundle, "--seed", 5, "-o", out, "--json")
    assert said.code == 0
    assert [path.name for path in out.parent.iterdir()] == ["out.mid"]
    assert len(import_melody(out).notes) == 16
    assert said.json["composition"] == str(out)
    assert "input" not in said.json
    own = continuo("generate", midi, "--bundle", bundle, "-o", midi)
    assert "would take the place of" in own.error
    both = continuo("generate", midi, "--bundle", bundle, "-o", out, "--picture")
    assert "holds no picture and no sound" in both.error


def test_a_genre_and_a_model_have_options_of_their_own(
    continuo: "Continuo", requests: list[GenerationRequest], band: Path
) -> None:
    """What `--set` says of the same parameter counts more."""
    accompany = ("generate", "ode-to-joy", "--technique", "accompany", "--bundle", band)
    assert continuo(*accompany, "--genre", "Rock", "--model", "unet", "--set", "seed=7").code == 0
    assert continuo(*accompany, "--genre", "rock", "--set", "model=unet").code == 0
    given = {"genre": "rock", "model": "unet"}
    assert [request.parameters for request in requests] == [
        parameters_for(Technique.ACCOMPANY, given | {"seed": 7}),
        parameters_for(Technique.ACCOMPANY, given),
    ]
    refused = continuo(*accompany, "--genre", "polka", "--model", "unet")
    assert "toy-band has no genre polka and model unet (it has genre rock, jazz" in refused.error
    assert "enhance has no parameter 'genre'" in continuo("generate", "x", "--genre", "rock").error


def test_parameters_are_kept_under_a_name_and_asked_for_by_it(
    continuo: "Continuo", bundle: Path, requests: list[GenerationRequest], midi: Path
) -> None:
    """With `--set` on top; the technique is the preset's."""
    again = ("generate", midi, "--bundle", bundle, "--seed", 1)
    kept = continuo(*again, "--set", "creative_risk=0.5", "--keep-preset", "calm")
    assert kept.code == 0
    assert continuo(*again, "--preset", "calm", "--set", "max_notes_added=7").code == 0
    wanted = {"creative_risk": 0.5, "max_notes_added": 7}
    assert requests[-1].parameters == parameters_for(Technique.ENHANCE, wanted)
    unknown = continuo(*again, "--preset", "loud")
    assert unknown.code == 2
    assert "there is no preset 'loud' (there are calm)" in unknown.err
    assert continuo(*again, "--keep-preset", "a/b").code == 2
