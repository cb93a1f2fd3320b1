"""Compositions on the computer's disk, on a stick, and on a disk that is full."""

from typing import Final

from tests.system.checks.check import Check, see
from tests.system.checks.programs import GENERATE
from tests.system.checks.usb import (
    GADGETS,
    HEARD,
    RELEASE,
    STRIKE,
    Computer,
    make_gadget,
    plug,
    unplug,
)
from tests.system.machine import Guest


def hands_out_a_composition(guest: Guest) -> str:
    """What is kept appears on the computer's disk, which has mounted it."""
    disk = "/dev/disk/by-label/CONTINUO"
    guest.wait(f"test -e {disk}", 180)
    guest.run(f"mkdir -p /mnt/disk && mount -o ro {disk} /mnt/disk && ls /mnt/disk/Compositions")
    name = generate(guest)
    took_s = guest.wait(
        f"umount -q /mnt/disk; mount -o ro {disk} /mnt/disk && "
        f"test -s /mnt/disk/Compositions/{name}.mid",
        300,
    )
    guest.run(f"cmp /mnt/disk/Compositions/{name}.mid /var/lib/continuo/{name}/composition.mid")
    guest.fails("touch /mnt/disk/new")
    guest.run("umount /mnt/disk")
    return f"{name}.mid, {took_s:.0f} s after it was kept"


def serves_a_stick(guest: Guest) -> str:
    """A stick gets every composition, and its melodies are offered; then it may be pulled out."""
    guest.run(
        "truncate -s 40M /tmp/stick.img && mkfs.fat -n STICK /tmp/stick.img && mkdir -p /mnt/stick"
        " && mount /tmp/stick.img /mnt/stick"
        " && cp $(ls -d /var/lib/continuo/2*/input.mid | head -1) /mnt/stick/hymn.mid"
        " && umount /mnt/stick"
    )
    lun = "functions/mass_storage.0/lun.0"
    # Its power is cut first, should a run before have left it in.
    guest.run(f"test ! -d {GADGETS}/stick || echo >{GADGETS}/stick/UDC; true")
    make_gadget(guest, "stick", usb_id="0781:5567", title="Stick", function="mass_storage.0")
    guest.run(f"echo 1 >{GADGETS}/stick/{lun}/removable")
    guest.run(f"echo /tmp/stick.img >{GADGETS}/stick/{lun}/file")
    plug(guest, "stick", "dummy_udc.2")
    took_s = guest.wait("grep -l ready /run/continuo-offered/*/status.json", 240)
    guest.run("test -s /run/continuo-offered/*/melodies/hymn.mid")
    guest.wait("! findmnt --noheadings --types vfat /run/continuo-stick/sd?", 30)
    unplug(guest, "stick")
    guest.wait("! ls -d /run/continuo-offered/*/status.json", 30)
    guest.run("mount -o ro /tmp/stick.img /mnt/stick")
    guest.run(
        "for c in /var/lib/continuo/2*; do diff -r $c /mnt/stick/Continuo/${c##*/} || exit 1; done"
    )
    guest.run("umount /mnt/stick")
    return f"copied and let go in {took_s:.0f} s"


def survives_a_full_disk(guest: Guest) -> str:
    """No room is left: it plays on and says so, and keeps the piece when there is room again."""
    before = guest.run("ls /var/lib/continuo").split()
    rest = "/var/lib/continuo/melodies/rest"
    guest.run("fallocate -l $(stat -f -c '%a * %S' /var/lib/continuo | xargs expr) /var/tmp/most")
    guest.fails(f"runuser -u continuo -- sh -c 'cat /dev/zero >{rest}'", timeout_s=200)
    try:
        said = guest.fails(GENERATE, timeout_s=400)
        see("no room left" in said, said)
        with Computer(guest) as computer:
            guest.run(f"amidi -p hw:player -S {STRIKE}{RELEASE}")
            see(computer.hears(HEARD), f"the keyboard is silent: {computer.heard}")
        see(guest.run("ls /var/lib/continuo").split() == before, "something half is there")
    finally:
        guest.run(f"rm -f /var/tmp/most {rest}")
    took_s = guest.wait(f"test $(ls /var/lib/continuo | wc -l) -gt {len(before)}", 60)
    return f"said so, played on, and kept the piece {took_s:.1f} s after there was room"


def generate(guest: Guest) -> str:
    before = set(guest.run("ls /var/lib/continuo").split())
    guest.run(
        "runuser -u continuo -- env CONTINUO_HOME=/var/lib/continuo HOME=/tmp "
        "continuo generate ode-to-joy --seed 1 --set sampling_iterations=1",
        timeout_s=400,
    )
    new = set(guest.run("ls /var/lib/continuo").split()) - before
    see(len(new) == 1, f"new: {new}")
    return new.pop()


CHECKS: Final = (
    Check(claim="a composition is on the computer's disk", show=hands_out_a_composition),
    Check(claim="a stick gets everything", show=serves_a_stick),
    Check(claim="a full disk loses nothing", show=survives_a_full_disk),
)
