"""What the appliance is to show, claim by claim, on a real kernel."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.system.image import BUILD
from tests.system.machine import SSH_PORT, Guest, GuestError, eventually

GADGETS: Final = "/sys/kernel/config/usb_gadget"
MOST_EXPOSURE: Final = 1.5
_RESTART_S: Final = 90.0  # emulated; on a Pi a second or two, and the start
_SERVICES: Final = ("continuo", "continuo-sound", "continuo-gadget", "continuo-disk")
_STRIKE, _RELEASE = "903C50", "803C00"  # of the keyboard, on its first channel
_HEARD: Final = "9F3C50"  # from the instrument, on the channel that it plays keyboards on
_ENDED: Final = ("8F3C", "9F3C00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One claim.

    Attributes:
        claim: In a sentence.
        show: Shows it, and says with which figures; raises `GuestError` where it does not hold.
    """

    claim: str
    show: Callable[[Guest], str]


def starts(guest: Guest) -> str:
    """Nothing failed, and nothing listens."""
    guest.wait("systemctl is-active continuo continuo-sound", 300)
    guest.wait("systemctl show -p StatusText continuo | grep FluidSynth", 120)
    failed = guest.run("systemctl --failed --plain --no-legend").strip()
    listening = guest.run("ss -H -lntu").strip()
    _see(not failed, f"failed: {failed}")
    _see(not listening, f"listening: {listening}")
    return guest.run("systemctl show -p StatusText --value continuo").strip()


def is_sandboxed(guest: Guest) -> str:
    """Of the services as they are installed, with this system's systemd."""
    worst = {}
    names = guest.run("cd /usr/lib/systemd/system && ls continuo*.service").split()
    for name in names:
        unit = name.replace("@.", "@sda1.")
        said = guest.run(f"systemd-analyze security --offline=true {unit} | tail -1")
        score = re.search(r": ([\d.]+) ", said)
        _see(score is not None, said)
        worst[name] = float(score[1]) if score else 10.0
    _see(max(worst.values()) <= MOST_EXPOSURE, str(worst))
    return ", ".join(f"{name.removesuffix('.service')} {score}" for name, score in worst.items())


def hears_a_keyboard(guest: Guest) -> str:
    """A key of an AKM322 arrives at the computer on the other cable, and so does its end."""
    _plug_keyboard(guest)
    took_s = guest.wait("systemctl show -p StatusText continuo | grep AKM322:", 60)
    with _Computer(guest) as computer:
        guest.run(f"amidi -p hw:player -S {_STRIKE}")
        _see(computer.hears(_HEARD), f"no note: {computer.heard}")
        guest.run(f"amidi -p hw:player -S {_RELEASE}")
        _see(computer.hears(*_ENDED), f"no end of the note: {computer.heard}")
    return f"known {took_s:.1f} s after the plug"


def is_no_keyboard_of_itself(guest: Guest) -> str:
    """The computer's end of its own cable is in this machine, and is not listened to."""
    clients = guest.run("aconnect -l").split("client ")
    own = [text for text in clients if "'Continuo' [type=kernel" in text]
    _see(len(own) == 1, "\n".join(clients))
    _see("Connecting To" not in own[0], own[0])
    return "its own card is there, and nobody listens to it"


def survives_an_unplug(guest: Guest) -> str:
    """A keyboard goes with a key held, and comes back."""
    with _Computer(guest) as computer:
        guest.run(f"amidi -p hw:player -S {_STRIKE}")
        _see(computer.hears(_HEARD), f"no note: {computer.heard}")
        _unplug(guest, "player")
        _see(computer.hears(*_ENDED), f"the note hangs: {computer.heard}")
        _plug(guest, "player", "dummy_udc.1")
        took_s = guest.wait("systemctl show -p StatusText continuo | grep AKM322:", 60)
        guest.run(f"amidi -p hw:player -S {_STRIKE}{_RELEASE}")
        _see(computer.hears(_HEARD, since=True), f"not heard again: {computer.heard}")
    return f"silent at once, back {took_s:.1f} s after the plug"


def sounds(guest: Guest) -> str:
    """What is played is heard on the sound card."""
    guest.run(
        "arecord -q -D hw:Loopback,1 -f S16_LE -c 2 -r 22050 -d 6 /tmp/heard.wav & "
        f"sleep 2; amidi -p hw:player -S {_STRIKE}; sleep 2; amidi -p hw:player -S {_RELEASE}; wait"
    )
    program = (
        "import array,wave; w=wave.open('/tmp/heard.wav'); "
        "print(max(map(abs,array.array('h',w.readframes(w.getnframes())))))"
    )
    # The shell may say before that what it has waited for.
    loudest = int(guest.run(f'python3 -c "{program}"').split()[-1])
    _see(loudest > 300, f"the loudest sample is {loudest}")
    return f"the loudest sample is {loudest} of 32767"


def comes_back_after_a_kill(guest: Guest) -> str:
    """Each of the processes is killed, and is there again."""
    figures = []
    for service in ("continuo", "continuo-sound"):
        before = _restarts(guest, service)
        guest.run(f"systemctl kill -s KILL --kill-whom=main {service}")
        took_s = guest.wait(
            f"test $(systemctl show -p NRestarts --value {service}) -gt {before} && "
            f"systemctl is-active {service}",
            _RESTART_S,
        )
        figures.append(f"{service} {took_s:.1f} s")
    return ", ".join(figures)


def comes_back_after_a_hang(guest: Guest) -> str:
    """The instrument hangs: the watchdog ends it."""
    before = _restarts(guest, "continuo")
    guest.run("kill -STOP $(systemctl show -p MainPID --value continuo)")
    noticed_s = guest.wait(
        f"test $(systemctl show -p NRestarts --value continuo) -gt {before}", _RESTART_S
    )
    back_s = guest.wait("systemctl is-active continuo", _RESTART_S)
    return f"noticed in {noticed_s:.1f} s, playing {back_s:.1f} s later"


def asks_for_help(guest: Guest) -> str:
    """Settings that cannot be: after six starts the rescue page takes over, until a new try."""
    guest.run("cp /etc/continuo/config.toml /tmp && echo tempo_bpm=999 >>/etc/continuo/config.toml")
    guest.run("systemctl reset-failed continuo; systemctl restart --no-block continuo")
    took_s = guest.wait("journalctl -b -u continuo-rescue | grep -q Start", 300)
    guest.run("systemctl is-failed continuo")
    guest.run("cp /tmp/config.toml /etc/continuo && systemctl stop continuo-rescue")
    guest.run("systemctl reset-failed continuo; systemctl start continuo", timeout_s=300)
    return f"the page is asked for after {took_s:.0f} s, and a mended file starts it again"


def hands_out_a_composition(guest: Guest) -> str:
    """What is kept appears on the computer's disk, which has mounted it."""
    disk = "/dev/disk/by-label/CONTINUO"
    guest.wait(f"test -e {disk}", 180)
    guest.run(f"mkdir -p /mnt/disk && mount -o ro {disk} /mnt/disk && ls /mnt/disk/Compositions")
    name = _generate(guest)
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
    _make_gadget(guest, "stick", usb_id="0781:5567", title="Stick", function="mass_storage.0")
    guest.run(f"echo 1 >{GADGETS}/stick/{lun}/removable")
    guest.run(f"echo /tmp/stick.img >{GADGETS}/stick/{lun}/file")
    _plug(guest, "stick", "dummy_udc.2")
    took_s = guest.wait("grep -l ready /run/continuo-offered/*/status.json", 240)
    guest.run("test -s /run/continuo-offered/*/melodies/hymn.mid")
    guest.wait("! findmnt --noheadings --types vfat /run/continuo-stick/sd?", 30)
    _unplug(guest, "stick")
    guest.wait("! ls -d /run/continuo-offered/*/status.json", 30)
    guest.run("mount -o ro /tmp/stick.img /mnt/stick")
    guest.run(
        "for c in /var/lib/continuo/2*; do diff -r $c /mnt/stick/Continuo/${c##*/} || exit 1; done"
    )
    guest.run("umount /mnt/stick")
    return f"copied and let go in {took_s:.0f} s"


def lets_the_maker_in(guest: Guest) -> str:
    """SSH is off; with a key on the boot partition it is on, and the panel switches it off."""
    _see(_ssh("maker")[0] != 0, "SSH is on without a key")
    key = BUILD / "key"
    key.unlink(missing_ok=True)
    key.with_suffix(".pub").unlink(missing_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key],  # noqa: S607
        check=True,
    )
    guest.run("ip link set enp0s2 up && ip address add 10.0.2.15/24 dev enp0s2")
    guest.run("mkdir -p /boot/firmware")
    guest.put("/boot/firmware/continuo-key.pub", key.with_suffix(".pub").read_bytes())
    guest.run("systemctl restart continuo-key && systemctl start ssh", timeout_s=180)
    _see(eventually(lambda: _ssh("maker")[0] == 0, 90), _ssh("maker")[1])
    code, said = _ssh("maker", "PreferredAuthentications=password", "NumberOfPasswordPrompts=0")
    _see(code != 0 and "Permission denied (publickey)" in said, said)
    code, said = _ssh("root")
    _see(code != 0 and "Permission denied" in said, said)
    guest.run("runuser -u continuo -- touch /var/lib/continuo/.switches/ssh-off")
    took_s = guest.wait("! systemctl is-active ssh", 60)
    guest.fails("systemctl start ssh && systemctl is-active ssh")
    guest.run(
        "rm /var/lib/continuo/.switches/ssh-off; "
        "runuser -u continuo -- touch /var/lib/continuo/.switches/ssh-on"
    )
    guest.wait("systemctl is-active ssh", 60)
    return f"by key, not by password, not as root; off {took_s:.1f} s after the panel's switch"


def keeps_what_was_kept(guest: Guest) -> str:
    """The power is cut in the middle of saving; what the library shows afterwards is whole."""
    loop = (
        "import dataclasses,itertools; from pathlib import Path; "
        "from firmware.library.store import Library; library=Library(Path('/var/lib/continuo')); "
        "record=library.load(library.names()[0]); "
        "[print(library.save(record),flush=True) for _ in itertools.count()]"
    )
    python = "/usr/lib/continuo/bin/python3"
    said = "/var/lib/continuo/melodies/saved.txt"
    guest.run(f'(runuser -u continuo -- {python} -c "{loop}" >{said} 2>&1 &)')
    guest.wait(f"test $(wc -l <{said}) -gt 3", 120)
    guest.cut_power()
    booted_s = guest.boot()
    look = (
        "from pathlib import Path; from firmware.library.store import Library; "
        "e=Library(Path('/var/lib/continuo')).list(); "
        "print(len(e), sum(bool(x.problem) for x in e))"
    )
    kept, damaged = map(int, guest.run(f'{python} -c "{look}"').split())
    _see(damaged == 0 and kept > 3, f"{damaged} of {kept} are damaged")
    guest.wait("systemctl is-active continuo", 300)
    return f"{kept} compositions, all whole; booted again in {booted_s:.0f} s"


CHECKS: Final = (
    Check(claim="starts, and listens to nobody", show=starts),
    Check(claim="every service is in a sandbox", show=is_sandboxed),
    Check(claim="a keyboard is heard by the computer", show=hears_a_keyboard),
    Check(claim="it is no keyboard of itself", show=is_no_keyboard_of_itself),
    Check(claim="a keyboard goes with a key held", show=survives_an_unplug),
    Check(claim="what is played sounds", show=sounds),
    Check(claim="killed, it comes back", show=comes_back_after_a_kill),
    Check(claim="hung, it comes back", show=comes_back_after_a_hang),
    Check(claim="what cannot start asks for help", show=asks_for_help),
    Check(claim="a composition is on the computer's disk", show=hands_out_a_composition),
    Check(claim="a stick gets everything", show=serves_a_stick),
    Check(claim="SSH is for keys, and can be switched", show=lets_the_maker_in),
    Check(claim="a power cut loses nothing kept", show=keeps_what_was_kept),
)


class _Computer:
    """A program on the computer that listens to the instrument's cable."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._known = 0
        self.heard = ""

    def __enter__(self) -> "_Computer":
        dump = "amidi -p hw:Continuo -d >/tmp/computer.txt 2>&1"
        self._guest.run(f"({dump} & echo $! >/tmp/amidi.pid); sleep 2")
        return self

    def __exit__(self, *_: object) -> None:
        self._guest.run("kill $(cat /tmp/amidi.pid); true")

    def hears(self, *wanted: str, since: bool = False) -> bool:
        """Whether one of these comes; of what was heard since the last time, if that is asked."""
        begin = self._known if since else 0

        def came() -> bool:
            said = self._guest.run("cat /tmp/computer.txt")
            self.heard = re.sub(r"\s", "", said)
            return any(text in self.heard[begin:] for text in wanted)

        found = eventually(came, 30)
        self._known = len(self.heard)
        return found


def _plug_keyboard(guest: Guest) -> None:
    _make_gadget(guest, "player", usb_id="1acc:1533", title="AKM322", function="midi.0")
    _plug(guest, "player", "dummy_udc.1")


def _make_gadget(guest: Guest, name: str, *, usb_id: str, title: str, function: str) -> None:
    vendor, product = usb_id.split(":")
    folder = f"{GADGETS}/{name}"
    before = f"echo player >functions/{function}/id;" if function == "midi.0" else ""
    guest.run(
        f"mkdir -p {folder} && cd {folder} && mkdir -p strings/0x409 configs/c.1 "
        f"functions/{function} && {before} echo 0x{vendor} >idVendor && "
        f"echo 0x{product} >idProduct && "
        f"echo {title} >strings/0x409/product && echo 42 >strings/0x409/serialnumber && "
        f"ln -s {folder}/functions/{function} configs/c.1/"
    )


def _plug(guest: Guest, name: str, controller: str) -> None:
    guest.run(f"echo {controller} >{GADGETS}/{name}/UDC")


def _unplug(guest: Guest, name: str) -> None:
    guest.run(f"echo >{GADGETS}/{name}/UDC")


def _generate(guest: Guest) -> str:
    before = set(guest.run("ls /var/lib/continuo").split())
    guest.run(
        "runuser -u continuo -- env CONTINUO_HOME=/var/lib/continuo HOME=/tmp "
        "continuo generate ode-to-joy --seed 1 --set sampling_iterations=1",
        timeout_s=400,
    )
    new = set(guest.run("ls /var/lib/continuo").split()) - before
    _see(len(new) == 1, f"new: {new}")
    return new.pop()


def _restarts(guest: Guest, service: str) -> int:
    return int(guest.run(f"systemctl show -p NRestarts --value {service}"))


def _ssh(user: str, *options: str) -> tuple[int, str]:
    command = ["ssh", "-p", str(SSH_PORT), "-i", str(BUILD / "key"), "-o", "BatchMode=yes"]
    known = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=20")
    for option in (*known, *options):
        command += ["-o", option]
    done = subprocess.run(
        [*command, f"{user}@127.0.0.1", "id"],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    return done.returncode, done.stdout + done.stderr


def _see(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not holds:
        raise GuestError(otherwise)
