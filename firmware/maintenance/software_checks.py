"""Sound, MIDI, and the programs that make the instrument."""

import re
import sys
from collections.abc import Mapping
from typing import Final

from firmware.config import Config
from firmware.devices.audio import find_renderer
from firmware.devices.sound_card import SETTINGS, look_at_playback
from firmware.engine.bundles import installed_bundles
from firmware.engine.control.client import ControlClient
from firmware.errors import ContinuoError, InstrumentOffError
from firmware.inference.bundle import read_bundle, replay_golden
from firmware.inference.runtime import installed_runtimes
from firmware.library.names import MODELS_FOLDER
from firmware.maintenance.findings import Found, absent, fault, ok, warning
from firmware.maintenance.probe import Probe

UNIT: Final = "continuo"
SOUND_UNIT: Final = "continuo-sound"

# A row of /proc/asound/seq/clients, such as: Client  20 : "AKM322" [Kernel Legacy]
_CLIENT: Final = re.compile(r'^Client\s+(\d+) : "(.*)" \[(\w+)', re.MULTILINE)
_CARD: Final = re.compile(r"^\s*\d+ \[(.*?)\s*\]: (.*)$", re.MULTILINE)
_NO_KEYBOARDS: Final = frozenset({"System", "Midi Through"})
_PANEL_PACKAGES: Final = ("gpiod", "luma.oled", "python-periphery", "python-rtmidi")
_NEWEST_PYTHON: Final = (3, 13)
_SOUND_S: Final = 0.25  # of which a card plays several periods


def check_sound(probe: Probe, _: Config) -> Found:
    """Whether there is a card, a synthesizer, a soundfont for it, and sound."""
    cards = [name for name, _ in _CARD.findall(probe.read("proc/asound/cards"))]
    if not cards:
        if not probe.is_pi:
            return absent("this computer has no sound card")
        return fault(
            "there is no sound card",
            "plug in a USB one, or write the DAC's dtoverlay into /boot/firmware/config.txt",
        )
    unit = _unit_facts(probe, SOUND_UNIT)
    is_service = unit.get("LoadState") == "loaded"
    if is_service and unit.get("ActiveState") == "failed":
        return fault(f"the service {SOUND_UNIT} has failed", f"journalctl -u {SOUND_UNIT} says why")
    if probe.run("fluidsynth", "--version") is None:
        return fault("FluidSynth is not installed", "sudo apt install fluidsynth")
    try:
        soundfont = find_renderer("fluidsynth").soundfont
    except ContinuoError as error:
        return fault(error.message, "sudo apt install timgm6mb-soundfont")
    synthesizer = f"{', '.join(cards)}; FluidSynth with {soundfont.name}"
    return _heard(probe, unit, synthesizer) if is_service else ok(synthesizer)


def _heard(probe: Probe, unit: Mapping[str, str], synthesizer: str) -> Found:
    """Whether the service is heard: a program that hangs, or has lost its card, runs all the same.

    Args:
        probe: The computer.
        unit: What systemd says of the service.
        synthesizer: What is there.
    """
    if unit.get("ActiveState") != "active":
        return fault(
            f"the service {SOUND_UNIT} does not run",
            f"sudo systemctl restart {SOUND_UNIT}; journalctl -u {SOUND_UNIT} says why",
        )
    before = look_at_playback(probe.root)
    if before is None:  # as with Bluetooth
        return ok(f"{synthesizer}, on no card of this computer")
    if not before.is_there:
        return fault(
            f"the sound card {before.card}, on which the synthesizer plays, is not there",
            f"plug it in, or name another one in {SETTINGS}",
        )
    probe.wait(_SOUND_S)
    now = look_at_playback(probe.root)
    if now is None or not now.goes_on_from(before):
        return fault(
            "the synthesizer runs, but its sound card plays nothing",
            f"sudo systemctl restart {SOUND_UNIT}; journalctl -u {SOUND_UNIT} says why",
        )
    return ok(f"{synthesizer}, and its card plays")


def check_midi(probe: Probe, _: Config) -> Found:
    """Whether there are MIDI ports, and a keyboard at one."""
    text = probe.read("proc/asound/seq/clients")
    if not text:
        if not probe.is_pi:
            return absent("this computer has no ALSA sequencer")
        return fault("there is no ALSA sequencer", "sudo modprobe snd-seq")
    keyboards = [
        name
        for _, name, kind in _CLIENT.findall(text)
        if kind == "Kernel" and name not in _NO_KEYBOARDS
    ]
    if not keyboards:
        return warning("no MIDI keyboard is plugged in", "plug one in; its cable must carry data")
    return ok(", ".join(keyboards))


def check_python(probe: Probe, _: Config) -> Found:
    """Whether the environment has what the instrument needs."""
    here = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
    runtimes = installed_runtimes()
    if not runtimes:
        return fault(
            f"{here} has no runtime for models", "pip install continuo[litert], or the package"
        )
    lacking = [name for name in _PANEL_PACKAGES if probe.package(name) is None]
    runtime = ", ".join(f"{name} {version}" for name, version in runtimes.items())
    if lacking and probe.is_pi:
        return fault(
            f"{here} lacks {', '.join(lacking)} for the panel",
            "install the package again, or pip install continuo[device]",
        )
    if sys.version_info[:2] > _NEWEST_PYTHON:
        return warning(f"{here} is newer than any that was tried", "use Python 3.11 to 3.13")
    return ok(f"{here} with {runtime}")


def check_bundles(_: Probe, config: Config) -> Found:
    """Whether each model says here what it said when it was made."""
    installed = installed_bundles(config.library / MODELS_FOLDER)
    if not installed:
        return fault("no model is installed", "install the package again")
    for name, folder in installed.items():
        try:
            replay = replay_golden(read_bundle(folder))
        except ContinuoError as error:
            return fault(f"{name}: {error.message}", error.remedy or "install the package again")
        if not replay.passed:
            return fault(
                f"{name} differs by {replay.difference:g}, {replay.allowed:g} is allowed",
                "continuo selftest says on which runtime; install the package again",
            )
    return ok(f"{len(installed)} models say what they said when they were made")


def check_service(probe: Probe, config: Config) -> Found:
    """Whether the instrument runs, answers, and did not have to be started again and again."""
    try:
        with ControlClient(config.control) as client:
            status = client.ask("status")
        answers = f"the instrument answers: {status.get('state')}"
        if status.get("is_safe"):
            return warning(f"{answers}, in safe mode", "continuo log, then switch it off and on")
    except InstrumentOffError:
        answers = ""
    except ContinuoError as error:
        return fault(error.message, error.remedy or f"sudo systemctl restart {UNIT}")
    return _unit(probe, answers)


def _unit(probe: Probe, answers: str) -> Found:
    facts = _unit_facts(probe, UNIT)
    if facts.get("LoadState") != "loaded":
        return ok(answers) if answers else absent(f"there is no service {UNIT}")
    if facts.get("ActiveState") not in ("active", "activating", "reloading"):
        if answers:
            return ok(f"{answers}, but not as the service")
        why = facts.get("Result", "")
        ended = f" ({why})" if why not in ("", "success") else ""
        return fault(
            f"the service {UNIT} does not run{ended}",
            f"sudo systemctl start {UNIT}; continuo log says why it ended",
        )
    restarts = facts.get("NRestarts", "0")
    if restarts not in ("", "0"):
        return warning(f"the service had to be started again {restarts} times", "continuo log")
    if not answers:
        return fault(
            f"the service {UNIT} runs, but does not answer", f"sudo systemctl restart {UNIT}"
        )
    return ok(answers)


def _unit_facts(probe: Probe, unit: str) -> dict[str, str]:
    """What systemd says of a unit; nothing where there is no systemd."""
    said = probe.run("systemctl", "show", unit, "-p", "LoadState,ActiveState,Result,NRestarts")
    lines = said.text.splitlines() if said else []
    return dict(line.split("=", 1) for line in lines if "=" in line)
