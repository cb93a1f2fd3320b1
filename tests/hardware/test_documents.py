"""What lies in the repository is what the board files say; a stale file is told by its name."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from firmware.devices.board_file import BOARDS, load_board, read_board, shipped_boards
from firmware.errors import ConfigError, ContinuoError
from hardware import drawings
from hardware.boot import config_txt
from hardware.cli import main
from hardware.documents import HERE, WIRING, documents, stale_documents, write_documents
from hardware.drawings import PICTURES, STAMP, draw, stale_pictures
from hardware.sheets import anchor
from hardware.targets import TARGETS

PAGES = ("README.md", "measuring.md")


@pytest.fixture(params=shipped_boards())
def name(request: pytest.FixtureRequest) -> str:
    """Each board that ships."""
    return str(request.param)


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """The full board's files, to spoil."""
    folder = tmp_path / "full"
    shutil.copytree(HERE / "full", folder)
    return folder


def test_the_documents_of_a_board_say_what_its_file_says(name: str) -> None:
    """If this fails: `make hardware`."""
    assert stale_documents(load_board(name), HERE / name) == ()


def test_the_pictures_of_a_board_are_drawn_from_its_diagram(name: str) -> None:
    """If this fails: `make hardware`, with Graphviz installed."""
    assert stale_pictures(HERE / name) == ()
    for picture in PICTURES:
        assert (HERE / name / picture).stat().st_size > 10_000


def test_the_pictures_can_be_looked_at(name: str) -> None:
    with Image.open(HERE / name / "wiring.png") as picture:
        assert min(picture.size) > 400
    for svg in ("wiring.svg", "header.svg"):
        text = (HERE / name / svg).read_text()
        assert ElementTree.fromstring(text).tag.endswith("svg")  # noqa: S314 - our own file
        assert not re.search(r"20\d\d-\d\d|graphviz version", text), "nothing of when or by what"


def test_a_moved_pin_makes_every_document_about_pins_stale(kit: Path) -> None:
    text = (BOARDS / "full.toml").read_text()
    assert text.count("pin = 26\n") == 1
    moved = read_board(text.replace("pin = 26\n", "pin = 11\n").replace("b = 11\n", "b = 26\n"))
    assert stale_documents(load_board("full"), kit) == ()
    assert set(stale_documents(moved, kit)) == {"README.md", "header.svg", "steps.md", WIRING}
    write_documents(moved, kit)
    assert stale_documents(moved, kit) == ()
    assert stale_pictures(kit) == PICTURES, "they show the old pin"


@pytest.mark.parametrize("spoiled", ["README.md", "parts.csv", "header.svg"])
def test_a_document_that_was_changed_by_hand_is_stale(kit: Path, spoiled: str) -> None:
    board = load_board("full")
    (kit / spoiled).write_text((kit / spoiled).read_text() + "\n")
    assert stale_documents(board, kit) == (spoiled,)
    (kit / spoiled).unlink()
    assert stale_documents(board, kit) == (spoiled,)
    (kit / spoiled).write_bytes(b"\xff")
    assert write_documents(board, kit) == (spoiled,)
    assert write_documents(board, kit) == ()


def test_a_picture_that_was_changed_or_lost_is_stale(kit: Path) -> None:
    (kit / "wiring.png").write_bytes(b"GIF")
    assert stale_pictures(kit) == ("wiring.png",)
    (kit / "wiring.svg").unlink()
    assert stale_pictures(kit) == ("wiring.svg", "wiring.png")
    for stamp in ("[]", "{"):
        (kit / STAMP).write_text(stamp)
        assert stale_pictures(kit) == PICTURES
    (kit / STAMP).unlink()
    (kit / WIRING).unlink()
    assert stale_pictures(kit) == PICTURES


def test_a_badly_chosen_pin_makes_no_documents(kit: Path) -> None:
    text = (BOARDS / "full.toml").read_text()
    text = text.replace("serial_console = true", "serial_console = false")
    board = read_board(text.replace("pin = 26\n", "pin = 14\n"))
    with pytest.raises(ConfigError, match=r"buttons\.back\.pin is GPIO14"):
        write_documents(board, kit)
    assert stale_documents(load_board("full"), kit) == ()


@pytest.mark.parametrize(
    ("program", "said"),
    [("find_spec", r"WireViz is missing \(pip install"), ("which", r"Graphviz is missing \(sudo")],
)
def test_a_missing_program_is_one_sentence(
    kit: Path, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: True)
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/dot")
    owner = importlib.util if program == "find_spec" else shutil
    monkeypatch.setattr(owner, program, lambda _: None)
    with pytest.raises(ContinuoError, match=said) as caught:
        draw(kit)
    assert "\n" not in str(caught.value)
    assert stale_pictures(kit) == (), "what there was is still there"


def test_a_wireviz_that_fails_says_why(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawings, "_look_for_programs", lambda: None)

    def fail(*_: object, **__: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.CompletedProcess([], 1, stdout="", stderr="Traceback\nno such wire\n")

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(ContinuoError, match=r"^WireViz did not draw: no such wire$"):
        draw(kit)


@pytest.mark.skipif(
    importlib.util.find_spec("wireviz") is None or shutil.which("dot") is None,
    reason="WireViz or Graphviz is not installed: `make hardware` has them",
)
def test_a_diagram_is_drawn(tmp_path: Path) -> None:
    write_documents(load_board("small"), tmp_path)
    draw(tmp_path)
    assert stale_pictures(tmp_path) == ()


def test_the_command_needs_no_program_while_nothing_has_changed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawings, "_look_for_programs", lambda: pytest.fail("nothing to draw"))
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert capsys.readouterr().out == "Every file says what its board file says.\n" * 2


def test_the_command_says_which_files_are_stale(
    kit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (kit / "parts.csv").unlink()
    arguments = ["--board", str(BOARDS / "full.toml"), "--out", str(kit)]
    assert main([*arguments, "--check"]) == 1
    assert capsys.readouterr().out == f"stale: {kit / 'parts.csv'}\n"
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"written: {kit / 'parts.csv'}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--board", "large", "--out", "x"], "error: there is no board 'large'"),
        (["--board", "full", "--out", "/dev/null/x"], "error: /dev/null/x: Not a directory"),
    ],
)
def test_a_wrong_command_is_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(said)
    assert error.count("\n") == 1


def test_a_board_without_a_folder_is_a_wrong_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--board", "full"])
    assert "needs both --board and --out" in capsys.readouterr().err


def test_the_kit_is_made_without_the_desktops_libraries() -> None:
    """Neither WireViz nor what training needs: a document is made of the board file alone."""
    code = (
        "import sys, hardware.cli; "
        "print(sorted({'wireviz', 'graphviz', 'yaml', 'matplotlib', 'tensorflow', 'gpiod', "
        "'luma'} & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE.parent
    )
    assert done.stdout == "[]\n"


def test_the_settings_of_the_pi_are_those_of_the_board() -> None:
    full, small = (config_txt(load_board(name)).splitlines() for name in ("full", "small"))
    for lines in (full, small):
        assert "dtparam=i2c_arm_baudrate=400000" in lines
        assert {"dtparam=spi=off", "dtparam=audio=off"} <= set(lines)
    assert "dtoverlay=hifiberry-dac" in full
    assert not [line for line in small if line.startswith("dtoverlay")]
    assert "#enable_uart=1" in full


def test_a_board_on_spi_switches_spi_on(request: pytest.FixtureRequest) -> None:
    for fixture in ("knobs_board", "spi_board"):
        assert "dtparam=spi=on" in config_txt(request.getfixturevalue(fixture))
    assert "i2c" not in config_txt(request.getfixturevalue("spi_board"))


def test_the_acceptance_sheet_has_a_line_for_each_control(name: str) -> None:
    board = load_board(name)
    sheet = documents(board)["acceptance.md"]
    for button in board.buttons:
        assert f"| Button {button.name} | press |" in sheet
    for encoder in board.encoders:
        assert f"| Encoder {encoder.name} | ten clicks" in sheet
        assert (f"| Encoder {encoder.name} | push |" in sheet) == (encoder.push is not None)
    for led in board.leds:
        assert f"| Light {led.name} |" in sheet
    for model in board.models:
        assert model in sheet


@pytest.mark.parametrize(
    ("model", "figures"),
    [
        ("Raspberry Pi 4", {"≤ 12 ms", "≤ 10 s", "< 5 s"}),
        ("Raspberry Pi 5", {"≤ 12 ms", "≤ 10 s", "< 5 s"}),
        ("Raspberry Pi Zero 2 W", {"≤ 12 ms", "≤ 15 s"}),
    ],
)
def test_the_figures_to_beat_are_the_designs(model: str, figures: set[str]) -> None:
    assert figures <= {target.limit(model) for target in TARGETS}
    assert any("no throttling" in target.limit(model) for target in TARGETS)


def test_each_target_has_a_procedure_with_its_figure() -> None:
    """The sheet's links lead to a heading, below which the figure to beat stands."""
    text = (HERE / "measuring.md").read_text()
    sections = dict(re.findall(r"^## (.+)\n([\s\S]*?)(?=^## |\Z)", text, re.MULTILINE))
    assert {target.section for target in TARGETS} == set(sections)
    for said in sections.values():
        assert "**To beat:" in said
    for section, figure in (
        ("Key to sound", "12 ms"),
        ("Power to playable", "10 s"),
        ("Power to playable", "15 s"),
        ("Enhance", "5 s"),
        ("Heat", "no throttling"),
    ):
        assert figure in sections[section]


def test_every_link_of_the_kits_pages_leads_somewhere(name: str) -> None:
    pages = [HERE / page for page in PAGES]
    pages += [HERE / name / made for made in documents(load_board(name)) if made.endswith(".md")]
    for page in pages:
        for target, fragment in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text()):
            if target.startswith("http"):
                continue
            path = (page.parent / target).resolve() if target else page
            assert path.exists(), f"{page}: {target}"
            if fragment:
                headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
                assert fragment in {anchor(heading) for heading in headings}, f"{page}: #{fragment}"


def test_the_stamp_names_what_it_vouches_for(name: str) -> None:
    assert set(json.loads((HERE / name / STAMP).read_text())) == {WIRING, *PICTURES}
