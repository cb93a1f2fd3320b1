"""Whether there is sound: its parts, and where the service runs, whether it is heard."""

import pytest

from firmware.errors import DeviceError
from firmware.maintenance import software_checks
from firmware.maintenance.findings import Verdict
from firmware.maintenance.probe import Said
from tests.maintenance.patient import FAULT, OK, Patient, assert_found


def test_sound(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_font(_: str) -> None:
        raise DeviceError("no soundfont")

    monkeypatch.setattr(software_checks, "find_renderer", no_font)
    assert_found(patient.examined("sound"), FAULT, "no soundfont", "timgm6mb-soundfont")
    failed = "LoadState=loaded\nActiveState=failed\n"
    patient.programs["systemctl"] = Said(code=0, text=failed)
    assert_found(patient.examined("sound"), FAULT, "continuo-sound has failed", "journalctl")
    del patient.programs["fluidsynth"], patient.programs["systemctl"]
    assert_found(patient.examined("sound"), FAULT, "not installed", "apt install fluidsynth")
    patient.write("proc/asound/cards", "--- no soundcards ---\n")
    assert_found(patient.examined("sound"), FAULT, "no sound card", "plug in a USB one")


@pytest.mark.parametrize(
    ("state", "settings", "plays", "verdict", "sentence", "remedy"),
    [
        ("active", "DEVICE=plughw:0", True, OK, "and its card plays", ""),
        ("active", "DEVICE=plughw:0", False, FAULT, "plays nothing", "restart continuo-sound"),
        ("activating", "DEVICE=plughw:0", True, FAULT, "does not run", "restart continuo-sound"),
        ("active", "DEVICE=hw:CARD=Dac", True, FAULT, "card Dac, on which", "continuo-sound"),
        ("active", "DEVICE=bluealsa", False, OK, "on no card of this computer", ""),
    ],
)
def test_sound_of_the_service(
    patient: Patient,
    state: str,
    settings: str,
    *,
    plays: bool,
    verdict: Verdict,
    sentence: str,
    remedy: str,
) -> None:
    """A program that hangs runs, and a card that was pulled out leaves it running."""
    patient.programs["systemctl"] = Said(code=0, text=f"LoadState=loaded\nActiveState={state}\n")
    patient.write("etc/default/continuo-sound", f"{settings}\n")
    patient.plays = plays
    assert_found(patient.examined("sound"), verdict, sentence, remedy)
