"""A keyboard, a computer on the cable, and sound."""

import json
import re
from collections import Counter
from typing import Final

from tests.system.checks.check import Check, see
from tests.system.checks.programs import GENERATE, ask_program, put_program
from tests.system.checks.usb import (
    ENDED,
    HEARD,
    RELEASE,
    STRIKE,
    Computer,
    plug,
    plug_keyboard,
    unplug,
)
from tests.system.machine import Guest

MOST_US: Final = 1000
"""So long a message may keep the engine."""
AUDIBLE: Final = 300
"""Of 32767: what nobody plays is far below."""
_IS_KNOWN: Final = "systemctl show -p StatusText continuo | grep -q AKM322:"
_IS_RUNNING: Final = "grep -q RUNNING /proc/asound/card*/pcm*p/sub0/status"
STALE: Final = "9F3D50"
_MESSAGES: Final = 20_000
_FORGOTTEN_S: Final = 4
_ON_THE_CABLE: Final = 8
"""Messages that lie ready there, and cannot be taken back."""
_SILENCED: Final = "BF7B00"
"""All notes off on the last channel, which ends whatever sounds."""
_PRESS: Final = """
import sys
from firmware.cli.instrument import ask_instrument
ask_instrument(sys.argv[1])
"""
_PITCHES: Final = """
import json, mido
from pathlib import Path
newest = max(Path("/var/lib/continuo").glob("2*/composition.mid"))
messages = [message for track in mido.MidiFile(newest).tracks for message in track]
print(json.dumps([f"{m.note:02X}" for m in messages if m.type == "note_on" and m.velocity]))
"""
_FLOOD: Final = f"""
import json
from time import perf_counter_ns
from firmware.devices.usb_gadget_midi import GadgetMidi, LinuxCable
from firmware.midi.messages import NoteOn, to_bytes

def times(act):
    took = []
    for _ in range({_MESSAGES}):
        began = perf_counter_ns()
        act()
        took.append((perf_counter_ns() - began) / 1000)
    took.sort()
    return [took[int(len(took) * share)] for share in (0.5, 0.99, 0.999)]

note = NoteOn(pitch=61, velocity=80, channel=15)
midi = GadgetMidi(LinuxCable())
midi.poll()
median_us, p99_us, p999_us = times(lambda: midi.send(note))
dropped = midi.dropped
midi.close()
with open("/dev/null", "wb", buffering=0) as nowhere:
    _, bare_p99_us, bare_p999_us = times(lambda: nowhere.write(to_bytes(note)))
print(json.dumps(dict(dropped=dropped, median_us=median_us, p99_us=p99_us, p999_us=p999_us,
                      bare_p99_us=bare_p99_us, bare_p999_us=bare_p999_us)))
"""


def hears_a_keyboard(guest: Guest) -> str:
    """A key of an AKM322 arrives at the computer on the other cable, and so does its end."""
    plug_keyboard(guest)
    took_s = guest.wait(_IS_KNOWN, 60)
    with Computer(guest) as computer:
        guest.run(f"amidi -p hw:player -S {STRIKE}")
        see(computer.hears(HEARD), f"no note: {computer.heard}")
        guest.run(f"amidi -p hw:player -S {RELEASE}")
        see(computer.hears(*ENDED), f"no end of the note: {computer.heard}")
    return f"known {took_s:.1f} s after the plug"


def is_no_keyboard_of_itself(guest: Guest) -> str:
    """The computer's end of its own cable is in this machine, and is not listened to."""
    clients = guest.run("aconnect -l").split("client ")
    own = [text for text in clients if "'Continuo' [type=kernel" in text]
    see(len(own) == 1, "\n".join(clients))
    see("Connecting To" not in own[0], own[0])
    return "its own card is there, and nobody listens to it"


def survives_an_unplug(guest: Guest) -> str:
    """A keyboard goes with a key held, and comes back."""
    with Computer(guest) as computer:
        guest.run(f"amidi -p hw:player -S {STRIKE}")
        see(computer.hears(HEARD), f"no note: {computer.heard}")
        unplug(guest, "player")
        see(computer.hears(*ENDED), f"the note hangs: {computer.heard}")
        guest.wait(f"! {_IS_KNOWN}", 60)  # what is said of it is a second old
        plug(guest, "player", "dummy_udc.1")
        took_s = guest.wait(_IS_KNOWN, 60)
        guest.run(f"amidi -p hw:player -S {STRIKE}{RELEASE}")
        see(computer.hears(HEARD, since=True), f"not heard again: {computer.heard}")
    return f"silent at once, back {took_s:.1f} s after the plug"


def sounds(guest: Guest) -> str:
    """What is played is heard on the sound card."""
    loudest = _loudest(guest, "player")
    see(loudest > AUDIBLE, f"the loudest sample is {loudest}")
    return f"the loudest sample is {loudest} of 32767"


def sounds_for_the_computer(guest: Guest) -> str:
    """The computer plays it like a keyboard, and does not hear itself."""
    settings = "/etc/continuo/config.toml"
    unplug(guest, "player")  # whose own end of its cable looks like the instrument's
    guest.run(f"cp {settings} /root && echo 'midi_input = \"f_midi\"' >>{settings}")
    guest.run(f"sed -i '0,/^midi_input/{{/^midi_input/d}}' {settings}; systemctl restart continuo")
    try:
        guest.wait("systemctl show -p StatusText continuo | grep Computer", 60)
        with Computer(guest) as computer:
            computer.skip()
            loudest = _loudest(guest, "Continuo")
            see(loudest > AUDIBLE, f"the loudest sample is {loudest}")
            is_echoed = computer.hears(HEARD, *ENDED, since=True, within_s=3)
            see(not is_echoed, f"an echo: {computer.heard}")
    finally:
        guest.run(f"cp /root/config.toml {settings} && systemctl restart continuo", timeout_s=300)
        plug(guest, "player", "dummy_udc.1")
        guest.wait(_IS_KNOWN, 60)
    return f"the loudest sample is {loudest} of 32767, without an echo"


def _loudest(guest: Guest, device: str) -> int:
    """The loudest sample while a key is struck at a device's end of its cable."""
    # Emulated, the synthesizer may fall behind for good, and only a panel's instrument looks.
    guest.run(f"{_IS_RUNNING} || (systemctl restart continuo-sound; sleep 5)")
    guest.wait(_IS_RUNNING, 60)
    guest.run(
        "arecord -q -D hw:Loopback,1 -f S16_LE -c 2 -r 22050 -d 6 /tmp/heard.wav & "
        f"sleep 2; amidi -p hw:{device} -S {STRIKE}; sleep 2; amidi -p hw:{device} -S {RELEASE}; "
        "wait"
    )
    program = (
        "import array,wave; w=wave.open('/tmp/heard.wav'); "
        "print(max(map(abs,array.array('h',w.readframes(w.getnframes())))))"
    )
    # The shell may say before that what it has waited for.
    return int(guest.run(f'python3 -c "{program}"').split()[-1])


def hands_over_a_composition(guest: Guest) -> str:
    """The computer hears every note of a composition that is played, and none that was before.

    What comes with a generation, a preview perhaps, is played while it does not listen.
    """
    guest.run(GENERATE, timeout_s=400)
    press = put_program(guest, "press", _PRESS)
    guest.run(f"{press} stop; sleep {_FORGOTTEN_S}")
    with Computer(guest) as computer:
        old = computer.skip()
        guest.run(f"{press} play")
        for state in ("playing", "idle"):
            guest.wait(f"continuo status | grep -q '^state .* {state}'", 200)
        music = computer.said().removeprefix(old)
    stale, heard = _strikes(old), Counter(_strikes(music))
    see(len(stale) <= _ON_THE_CABLE, f"{len(stale)} old notes")
    see(not stale or _SILENCED in old, f"old notes are left to sound: {old[:400]}")
    written = Counter(json.loads(ask_program(guest, "pitches", _PITCHES)))
    see(heard == written, f"heard {heard}, written {written}")
    return f"{written.total()} notes, every one heard; {len(stale)} old ones before"


def _strikes(said: str) -> list[str]:
    return re.findall(r"^9[0-9A-F]([0-9A-F]{2})(?!00)", said, re.MULTILINE)


def waits_for_no_computer(guest: Guest) -> str:
    """A computer that is there and does not read: messages are dropped, and nobody waits.

    It is the instrument's own class on its own device; its times are emulated, and told beside
    those of a write that goes nowhere.
    """
    guest.run("systemctl stop continuo", timeout_s=60)
    times = json.loads(ask_program(guest, "flood", _FLOOD))
    guest.run("systemctl start continuo", timeout_s=300)
    see(times["dropped"] > _MESSAGES // 2, f"somebody reads: {times}")
    see(times["median_us"] < MOST_US, str(times))
    with Computer(guest) as computer:
        guest.run(f"amidi -p hw:player -S {STRIKE}{RELEASE}")
        see(computer.hears(HEARD), f"not heard: {computer.heard[:200]}")
        see(STALE not in computer.heard, f"stale notes: {computer.heard[:200]}")
    return (
        "{dropped} of {messages} dropped; each took {median_us:.0f} µs, p99 {p99_us:.0f}, "
        "p99.9 {p999_us:.0f} (to /dev/null {bare_p99_us:.0f} and {bare_p999_us:.0f})"
    ).format(messages=_MESSAGES, **times)


CHECKS: Final = (
    Check(claim="a keyboard is heard by the computer", show=hears_a_keyboard, is_quick=True),
    Check(claim="it is no keyboard of itself", show=is_no_keyboard_of_itself, is_quick=True),
    Check(claim="a keyboard goes with a key held", show=survives_an_unplug, is_quick=True),
    Check(claim="what is played sounds", show=sounds, is_quick=True),
    Check(claim="the computer plays it, and does not hear itself", show=sounds_for_the_computer),
    Check(claim="a composition is heard by the computer", show=hands_over_a_composition),
    Check(claim="a computer that does not read delays nothing", show=waits_for_no_computer),
)
