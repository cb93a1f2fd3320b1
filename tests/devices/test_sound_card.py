"""What a sound card plays is read from what the kernel writes of it."""

from pathlib import Path

import pytest

from firmware.devices.sound_card import Playback, look_at_playback
from tests.devices.proc_asound import NO_STREAM, XRUN, Machine, running


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_card_that_plays_goes_on_from_one_look_to_the_next(machine: Machine) -> None:
    """Of several streams one plays; the others are closed."""
    machine.plug(0, streams=(NO_STREAM, running(1_000), NO_STREAM))
    before = look_at_playback(machine.root)
    assert before == Playback(card="0", is_there=True, running=frozenset({("pcm0p/sub1", 1_000)}))
    machine.plug(0, streams=(NO_STREAM, running(49_000), NO_STREAM))
    now = look_at_playback(machine.root)
    assert now is not None
    assert now.goes_on_from(before)


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(running(1_000), id="the card takes nothing"),
        pytest.param(XRUN, id="the program stands still"),
        pytest.param(NO_STREAM, id="the program has closed it"),
        pytest.param("", id="it vanishes while it is read"),
        pytest.param("state: PREPARED\nhw_ptr      : 0\n", id="it was never begun"),
        pytest.param("state: RUNNING\n", id="the kernel says no more"),
    ],
)
def test_a_card_that_does_not_go_on_plays_nothing(machine: Machine, stream: str) -> None:
    machine.plug(0, streams=(running(1_000),))
    before = look_at_playback(machine.root)
    machine.plug(0, streams=(stream,))
    now = look_at_playback(machine.root)
    assert before is not None
    assert now is not None
    assert now.is_there
    assert not now.goes_on_from(before)


def test_a_stream_that_was_begun_anew_plays(machine: Machine) -> None:
    """After an underrun its frames are counted from nothing."""
    machine.plug(0, streams=(running(90_000),))
    before = look_at_playback(machine.root)
    machine.plug(0, streams=(running(128),))
    now = look_at_playback(machine.root)
    assert before is not None
    assert now is not None
    assert now.goes_on_from(before)


@pytest.mark.parametrize(
    ("settings", "card"),
    [
        ("DEVICE=plughw:0\n", "0"),
        ("# DEVICE=hw:7\nDEVICE=hw:1,0\nGAIN=0.6\n", "1"),
        ('DEVICE="plughw:CARD=Device,DEV=0"\n', "Device"),
        ("DEVICE=plughw:Device\n", "Device"),
        ("DEVICE=plughw:0\nDEVICE=sysdefault:CARD=Device\n", "Device"),
    ],
)
def test_the_card_is_the_one_that_the_synthesizer_is_told(
    machine: Machine, settings: str, card: str
) -> None:
    """Others may be there: a screen's, or the headphones'."""
    machine.set(settings)
    machine.plug(3, streams=(running(1),))
    assert look_at_playback(machine.root) == Playback(
        card=card, is_there=False, running=frozenset()
    )
    machine.plug(int(card) if card.isdecimal() else 4, name=card, streams=(running(7),))
    assert look_at_playback(machine.root) == Playback(
        card=card, is_there=True, running=frozenset({("pcm0p/sub0", 7)})
    )


@pytest.mark.parametrize(
    "settings", ["DEVICE=default\n", "DEVICE=bluealsa:DEV=00:11:22:33:44:55\n", "GAIN=0.6\n", ""]
)
def test_what_is_no_card_of_the_kernels_cannot_be_looked_at(
    machine: Machine, settings: str
) -> None:
    machine.set(settings)
    machine.plug(0, streams=(running(1),))
    assert look_at_playback(machine.root) is None


def test_the_settings_that_come_with_the_package_name_a_card(machine: Machine) -> None:
    shipped = Path(__file__).parents[2] / "systemd/default/continuo-sound"
    machine.set(shipped.read_text())
    machine.plug(0, streams=(running(1),))
    playback = look_at_playback(machine.root)
    assert playback is not None
    assert playback.is_there


def test_a_card_for_midi_alone_is_none(machine: Machine) -> None:
    (machine.root / "proc/asound/card0/midi0").mkdir(parents=True)
    (machine.root / "proc/asound/card0/pcm0c").mkdir()
    playback = look_at_playback(machine.root)
    assert playback is not None
    assert not playback.is_there


def test_a_computer_without_alsa_has_none(tmp_path: Path) -> None:
    assert look_at_playback(tmp_path) is None
