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
from tests.system.image import BUILD
from tests.system.machine import Guest

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
place = Path("/mnt/cut")
place.mkdir(exist_ok=True)
found = {}
for number in range(int(sys.argv[1])):
    disk = f"/dev/disk/by-id/virtio-cut{number}"
    subprocess.run(["mount", "-t", "ext4", disk, place], check=True)
    library = Library(place / "var/lib/continuo")
    found[number] = {"whole": [], "damaged": []}
    for name in library.names():
        try:
            library.load(name)
            found[number]["whole"].append(name)
        except ContinuoError as error:
            found[number]["damaged"].append(f"{name}: {error}")
    subprocess.run(["umount", place], check=True)
print(json.dumps(found))
"""


def keeps_what_was_kept(guest: Guest) -> str:
    """At random moments of saving and deleting the disk is taken as a cut would leave it.

    The guest then loses its power in earnest, and boots with all those disks beside its own: its
    kernel mounts each, and what was kept by then has to be there and whole.
    """
    folder = BUILD / "cuts"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    save = put_program(guest, "save", _SAVE)
    look = put_program(guest, "look", _LOOK)
    guest.run(f"sync; ({save} </dev/null >/run/save.txt 2>&1 &)")
    moments = random.Random(_SEED)
    begin = len(guest.console.read_bytes())
    promised: list[set[str]] = []
    while len(promised) < CUTS:
        time.sleep(moments.uniform(0.1, 1.5))
        with guest.frozen() as disk:
            kept = _kept(guest.console, begin)
            if len(kept) < _KEPT_AT_ONCE // 2:  # it has only begun
                continue
            shutil.copyfile(disk, folder / f"cut{len(promised)}.qcow2")
            promised.append(kept)
    guest.cut_power()
    booted_s = guest.boot(sorted(folder.iterdir()))
    said = guest.run(f"{look} {CUTS}", timeout_s=300)
    found = json.loads(said.splitlines()[-1])
    for number, kept in enumerate(promised):
        damaged, whole = found[str(number)]["damaged"], set(found[str(number)]["whole"])
        see(not damaged, f"cut {number}: damaged: {damaged}")
        see(kept <= whole, f"cut {number}: lost: {sorted(kept - whole)}")
    guest.wait("systemctl is-active continuo", 300)
    shutil.rmtree(folder)
    count = sum(len(kept) for kept in promised)
    return (
        f"{CUTS} cuts while saving and deleting, {count} compositions promised by then: none lost, "
        f"none damaged; booted again in {booted_s:.0f} s"
    )


def _kept(console: Path, begin: int) -> set[str]:
    """What was said to be kept, and not to be deleted next."""
    kept: set[str] = set()
    for word, name in re.findall(rb"(kept|gone) (\S+);", console.read_bytes()[begin:]):
        (kept.add if word == b"kept" else kept.discard)(name.decode())
    return kept


CHECKS: Final = (Check(claim="a power cut loses nothing kept", show=keeps_what_was_kept),)
