"""The power is cut: at moments of saving, and what the kernel makes of the disk afterwards."""

import json
import random
import re
import shutil
import time
from pathlib import Path
from typing import Final

from tests.system.checks.check import Check, see
from tests.system.checks.programs import put_program
from tests.system.checks.updating import begin_trial, see_back
from tests.system.image import BUILD
from tests.system.machine import Guest, eventually

CUTS: Final = 20
_SEED: Final = 20_261_121
_KEPT_AT_ONCE: Final = 8

# Each name is said after it was kept, and before it is deleted, where the host hears it at once.
_SAVE: Final = f"""
import itertools, os
from pathlib import Path
from firmware.library.store import Library
said = os.open("/dev/console", os.O_WRONLY)
os.setgid(os.stat("/var/lib/continuo").st_gid)
os.setuid(os.stat("/var/lib/continuo").st_uid)
library = Library(Path("/var/lib/continuo"))
record = library.load(library.names()[0])
kept = []
for _ in itertools.count():
    kept.append(library.save(record))
    os.write(said, b"kept %s;\\n" % kept[-1].encode())
    if len(kept) > {_KEPT_AT_ONCE}:
        os.write(said, b"gone %s;\\n" % kept[0].encode())
        library.delete(kept.pop(0))
"""

_LOOK: Final = """
import json, subprocess, sys
from pathlib import Path
from firmware.errors import ContinuoError
from firmware.library.store import Library

def look(root):
    library = Library(root / "var/lib/continuo")
    whole, damaged = [], []
    for name in library.names():
        try:
            library.load(name)
            whole.append(name)
        except ContinuoError as error:
            damaged.append(f"{name}: {error}")
    return {"whole": whole, "damaged": damaged}

place = Path("/mnt/cut")
place.mkdir(exist_ok=True)
found = []
for number in range(int(sys.argv[1])):
    disk = f"/dev/disk/by-id/virtio-cut{number}"
    subprocess.run(["mount", "-t", "ext4", disk, place], check=True)
    found.append(look(place))
    subprocess.run(["umount", place], check=True)
print(json.dumps([*found, look(Path("/"))]))
"""


def keeps_what_was_kept(guest: Guest) -> str:
    """At random moments of saving and deleting the disk is taken as a cut would leave it.

    Once more the guest loses its power in earnest, besides in the trial of a release that will not
    prove itself. It boots with all those disks beside its own: its kernel mounts each, and what was
    kept by then has to be there and whole. What ran before the trial runs again.
    """
    folder = BUILD / "cuts"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    save = put_program(guest, "save", _SAVE)
    look = put_program(guest, "look", _LOOK)
    moments = random.Random(_SEED)
    promised: list[set[str]] = []
    begin = _begin_saving(guest, save)
    while len(promised) < CUTS:
        time.sleep(moments.uniform(0.1, 1.5))
        with guest.frozen() as disk:
            kept = _kept(guest.console, begin)
            if len(kept) < _KEPT_AT_ONCE // 2:  # it has only begun
                continue
            shutil.copyfile(disk, folder / f"cut{len(promised)}.qcow2")
            promised.append(kept)
    guest.run(f"pkill -f {save.split()[-1]}")
    before = begin_trial(guest)
    begin = _begin_saving(guest, save)
    see(eventually(lambda: bool(_kept(guest.console, begin)), 60), "nothing was saved")
    guest.cut_power()
    promised.append(_kept(guest.console, begin))
    booted_s = guest.boot(sorted(folder.iterdir()))
    found = json.loads(guest.run(f"{look} {CUTS}", timeout_s=300).splitlines()[-1])
    for number, (kept, there) in enumerate(zip(promised, found, strict=True)):
        see(not there["damaged"], f"cut {number}: damaged: {there['damaged']}")
        lost = kept - set(there["whole"])
        see(not lost, f"cut {number}: lost: {sorted(lost)}")
    see_back(guest, before)
    shutil.rmtree(folder)
    count = sum(len(kept) for kept in promised)
    return (
        f"{len(promised)} cuts while saving and deleting, {count} compositions promised by then: "
        f"none lost, none damaged; booted in {booted_s:.0f} s, with {before} as before the trial"
    )


def _begin_saving(guest: Guest, program: str) -> int:
    """Start the program that saves; where in the console what it says begins."""
    begin = len(guest.console.read_bytes())
    guest.run(f"sync; ({program} </dev/null >/run/save.txt 2>&1 &)")
    return begin


def _kept(console: Path, begin: int) -> set[str]:
    """What was said to be kept, and not to be deleted next."""
    kept: set[str] = set()
    for word, name in re.findall(rb"(kept|gone) (\S+);", console.read_bytes()[begin:]):
        (kept.add if word == b"kept" else kept.discard)(name.decode())
    return kept


CHECKS: Final = (
    Check(claim="a power cut loses nothing, nor leaves a trial", show=keeps_what_was_kept),
)
