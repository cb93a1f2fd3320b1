"""The front panel on a Raspberry Pi's header: buttons, knobs, lights and screen, by real drivers.

The instrument runs with its own board file. What a hand does is done to the kernel's GPIO lines,
and what an eye sees is in the memory of the screen's chip.
"""

import functools
import json
import time
import tomllib
from dataclasses import replace
from typing import Any, Final

from tests.system.checks.check import Check, see
from tests.system.checks.header import LONG_MS, QUARTER_MS, Encoder, Header
from tests.system.checks.screen import CHIP, Screen, Steps
from tests.system.checks.usb import GADGETS, plug_keyboard, unplug
from tests.system.image import ROOT
from tests.system.machine import Guest, eventually

_BOARD: Final[dict[str, Any]] = tomllib.loads((ROOT / "firmware/boards/full.toml").read_text())
RECORD, GENERATE, PLAY, BACK = (
    _BOARD["buttons"][name]["pin"] for name in ("record", "generate", "play", "back")
)
MENU, RISK, FIRST, SECOND = (
    Encoder(a=wired["a"], b=wired["b"], push=wired["push_pin"])
    for wired in (_BOARD["encoders"][name] for name in ("menu", "risk", "first", "second"))
)
RECORD_LIGHT, WORK_LIGHT = (_BOARD["leds"][name]["pin"] for name in ("record", "work"))

_ENTER: Final = ("key", "enter", 1)
_PARAMETERS: Final[Steps] = (("dial", "select", 1), _ENTER)
_ITERATIONS: Final[Steps] = (*_PARAMETERS, ("dial", "select", 3))
_SPUN: Final = (
    # a knob, the row of what it turns, from the lowest value that far, and on to its default
    ("risk", RISK, 0, 25, -16),
    ("first", FIRST, 1, 25, 25),
    ("second", SECOND, 2, 25, -7),
)
_LOWEST: Final = -120
_PAGES: Final[dict[str, Steps]] = {
    "home": (),
    "home, on the second row": (("dial", "select", 1),),
    "home, on the fifth row": (("dial", "select", 4),),
    "home, on the last row": (("dial", "select", 100),),
    "parameters": _PARAMETERS,
    **{
        f"{name} after {sum(turns)}": (
            *_PARAMETERS,
            ("dial", "select", row),
            ("dial", name, _LOWEST),
            *(("dial", name, turn) for turn in turns),
        )
        for name, _, row, there, back in _SPUN
        for turns in ((there,), (there, back))
    },
    "iterations": _ITERATIONS,
    "iterations, changing": (*_ITERATIONS, _ENTER),
    "one iteration": (*_ITERATIONS, _ENTER, ("dial", "select", -99)),
}
_WORDS: Final = (
    *("Recording", "Enhancing", "Please note", "back cancels", "record ends it"),
    *("Creative risk", "There is no melody yet.", "Nothing was", "8 notes"),
)
_MELODY: Final = (60, 62, 64, 65, 67, 65, 64, 60)


def shows_home(guest: Guest) -> str:
    """The page that a player sees first is in the chip's memory, to the pixel."""
    screen, _ = _panel(guest)
    screen.awaits("home")
    contrast = guest.run(f"cat {CHIP}/contrast").strip()
    see(contrast != "127", "the contrast is the chip's own")
    return f"every pixel of it, at contrast {contrast}"


def obeys_buttons(guest: Guest) -> str:
    """Each of the buttons leads to its page."""
    screen, header = _at_home(guest)
    header.turn(MENU, 1)
    screen.awaits("home, on the second row")
    header.press(MENU.push)
    screen.awaits("parameters")
    header.press(BACK)
    screen.awaits("home, on the second row")
    header.press(RECORD)
    screen.awaits_words("Recording", "record ends it")
    header.press(BACK)
    screen.awaits("home, on the second row")
    for button in (GENERATE, PLAY):
        header.press(button)
        screen.awaits_words("Please note", "There is no melody yet.")
        header.press(BACK)
        screen.awaits("home, on the second row")
    # Held, back keeps what was played: nothing yet.
    header.press(BACK, LONG_MS)
    screen.awaits_words("Please note", "Nothing was")
    # Held, play is stop: the complaint of the press is gone with it.
    header.press(PLAY, LONG_MS)
    screen.awaits("home, on the second row")
    return "record, generate, play, back, enter; held: stop, keep"


def counts_detents(guest: Guest) -> str:
    """As many steps as detents in the right direction, of every knob, as quick as it is spun."""
    screen, header = _at_home(guest)
    header.turn(MENU, 4)
    screen.awaits("home, on the fifth row")
    header.turn(MENU, 20)
    screen.awaits("home, on the last row")
    header.turn(MENU, -20)
    screen.awaits("home")
    header.turn(MENU, 1)
    header.press(MENU.push)
    screen.awaits_words("Creative risk")
    turned = 0
    for name, knob, row, there, on in _SPUN:
        header.turn(MENU, 1 if row else 0)
        header.turn(knob, _LOWEST)
        header.turn(knob, there)
        screen.awaits(f"{name} after {there}")
        header.turn(knob, on)
        screen.awaits(f"{name} after {there + on}")
        turned += there + abs(on)
    return f"{turned} detents of three knobs, {QUARTER_MS} ms an edge, and the menu's"


def survives_a_loose_screen(guest: Guest) -> str:
    """The screen comes off and is put back: it is set up anew, with the page of the moment."""
    screen, header = _at_home(guest)
    guest.run(f"echo 1 >{CHIP}/unplugged")
    header.turn(MENU, 4)
    time.sleep(5.0)
    see(not any(screen.frame()), "it shines without power")
    guest.run("systemctl is-active continuo")
    began = time.monotonic()
    guest.run(f"echo 0 >{CHIP}/unplugged")
    screen.awaits("home, on the fifth row")
    took_s = time.monotonic() - began
    return f"the right page {took_s:.1f} s after it was put back"


def makes_a_composition(guest: Guest) -> str:
    """A melody is recorded, enhanced and kept, by buttons alone; the lights tell of it."""
    screen, header = _at_home(guest)
    _ask_for_one_iteration(screen, header)
    plug_keyboard(guest)
    guest.wait("systemctl show -p StatusText continuo | grep AKM322:", 60)
    before = set(_kept(guest))
    see(not header.is_lit(RECORD_LIGHT) and not header.is_lit(WORK_LIGHT), "lights at rest")
    header.press(RECORD)
    see(eventually(lambda: header.is_lit(RECORD_LIGHT), 10), "the light of record is dark")
    screen.awaits_words("Recording", "record ends it")
    notes = "; ".join(
        f"amidi -p hw:player -S 90{pitch:02x}50; sleep 0.3; amidi -p hw:player -S 80{pitch:02x}00"
        for pitch in _MELODY
    )
    guest.run(notes)
    screen.awaits_words("Recording", f"{len(_MELODY)} notes")
    began = time.monotonic()
    header.press(GENERATE)
    screen.awaits_words("Enhancing", "back cancels")
    see(header.is_lit(WORK_LIGHT), "the light of work is dark")
    see(not header.is_lit(RECORD_LIGHT), "the light of record still shines")
    new = "test $(ls -d /var/lib/continuo/2*/composition.mid 2>/dev/null | wc -l) -gt"
    guest.wait(f"{new} {len(before)}", 300)
    took_s = time.monotonic() - began
    (name,) = set(_kept(guest)) - before
    record = json.loads(guest.run(f"cat /var/lib/continuo/{name}/composition.json"))
    header.press(PLAY, LONG_MS)
    _put_away_keyboard(guest)
    return f"{name}, {record['technique']}, {took_s:.0f} s after the press"


def _ask_for_one_iteration(screen: Screen, header: Header) -> None:
    """Emulated inference is slow; a spun knob asks for as little as there is."""
    header.turn(MENU, 1)
    header.press(MENU.push)
    screen.awaits_words("Creative risk")
    header.turn(MENU, 3)
    screen.awaits("iterations")
    header.press(MENU.push)
    screen.awaits("iterations, changing")
    header.turn(MENU, -99)
    screen.awaits("one iteration")
    header.press(BACK)
    header.press(BACK)


def _at_home(guest: Guest) -> tuple[Screen, Header]:
    """Wherever the check before has left the player."""
    screen, header = _panel(guest)
    for _ in range(3):
        header.press(BACK)
    header.turn(MENU, -20)
    screen.awaits("home")
    return screen, header


def _put_away_keyboard(guest: Guest) -> None:
    """So that the next check finds none."""
    unplug(guest, "player")
    guest.run(
        f"cd {GADGETS}/player && rm configs/c.1/midi.0 && rmdir configs/c.1 functions/midi.0 "
        f"strings/0x409 && cd .. && rmdir player"
    )


def _kept(guest: Guest) -> list[str]:
    return guest.run("cd /var/lib/continuo && ls -d 2* 2>/dev/null; true").split()


@functools.cache
def _panel(guest: Guest) -> tuple[Screen, Header]:
    return Screen(guest, _PAGES, _WORDS), Header(guest)


CHECKS: Final = tuple(
    replace(check, needs_panel=True)
    for check in (
        Check(claim="the home page is on the screen", show=shows_home, is_quick=True),
        Check(claim="every button leads to its page", show=obeys_buttons, is_quick=True),
        Check(claim="a detent is a step, at any speed", show=counts_detents, is_quick=True),
        Check(claim="a screen that comes off is set up anew", show=survives_a_loose_screen),
        Check(claim="a composition is made at the panel", show=makes_a_composition, is_quick=True),
    )
)
