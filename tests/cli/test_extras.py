"""Sound and picture come after the composition is kept: where one fails, that is said."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware.cli import extras
from firmware.errors import DeviceError
from firmware.library.store import read_folder

if TYPE_CHECKING:
    from firmware.engine.messages import GenerationRequest
    from tests.cli.conftest import Continuo


@pytest.mark.parametrize("extra", ["--sound", "--picture"])
def test_a_disk_that_takes_no_more_does_not_hide_where_the_composition_is(
    continuo: "Continuo",
    requests: "list[GenerationRequest]",
    bundle: Path,
    tmp_path: Path,
    extra: str,
) -> None:
    """A folder lies where the file would go."""
    out = tmp_path / "out"
    for name in (extras.SOUND_FILE, extras.PICTURE_FILE):
        (out / name).mkdir(parents=True)
    said = continuo("generate", "frere-jacques", "--bundle", bundle, "-o", out, extra)
    assert said.code == 2
    assert f"the composition is kept in {out}, but the " in said.err.splitlines()[-1]
    assert read_folder(out).melody == requests[0].melody
    assert not list(out.glob(".*"))


def test_the_remedy_is_passed_on(
    continuo: "Continuo",
    requests: "list[GenerationRequest]",
    bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def render(*_: object, **__: object) -> str:
        raise DeviceError("no synthesizer is installed", remedy="install one")

    monkeypatch.setattr(extras, "render", render)
    said = continuo("generate", "frere-jacques", "--bundle", bundle, "-o", tmp_path, "--sound")
    assert said.code == 2
    assert said.err.endswith("but no synthesizer is installed (install one)\n")
    assert len(requests) == 1
