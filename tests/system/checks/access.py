"""Who may come in over SSH."""

import subprocess
from typing import Final

from tests.system.checks.check import Check, see
from tests.system.image import BUILD
from tests.system.machine import Guest, eventually


def lets_the_maker_in(guest: Guest) -> str:
    """SSH is off; with a key on the boot partition it is on, and the panel switches it off."""
    see(_ssh(guest, "maker")[0] != 0, "SSH is on without a key")
    key = BUILD / "key"
    key.unlink(missing_ok=True)
    key.with_suffix(".pub").unlink(missing_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key],  # noqa: S607
        check=True,
    )
    card = guest.run("ls /sys/class/net | grep -m1 ^enp").strip()
    guest.run(f"ip link set {card} up && ip address add 10.0.2.15/24 dev {card}")
    guest.run("mkdir -p /boot/firmware")
    guest.put("/boot/firmware/continuo-key.pub", key.with_suffix(".pub").read_bytes())
    guest.run("systemctl restart continuo-key && systemctl start ssh", timeout_s=180)
    see(eventually(lambda: _ssh(guest, "maker")[0] == 0, 90), _ssh(guest, "maker")[1])
    code, said = _ssh(
        guest, "maker", "PreferredAuthentications=password", "NumberOfPasswordPrompts=0"
    )
    see(code != 0 and "Permission denied (publickey)" in said, said)
    code, said = _ssh(guest, "root")
    see(code != 0 and "Permission denied" in said, said)
    guest.run("runuser -u continuo -- touch /var/lib/continuo/.switches/ssh-off")
    took_s = guest.wait("! systemctl is-active ssh", 60)
    guest.fails("systemctl start ssh && systemctl is-active ssh")
    guest.run(
        "rm /var/lib/continuo/.switches/ssh-off; "
        "runuser -u continuo -- touch /var/lib/continuo/.switches/ssh-on"
    )
    guest.wait("systemctl is-active ssh", 60)
    return f"by key, not by password, not as root; off {took_s:.1f} s after the panel's switch"


def _ssh(guest: Guest, user: str, *options: str) -> tuple[int, str]:
    command = ["ssh", "-p", str(guest.ssh_port), "-i", str(BUILD / "key"), "-o", "BatchMode=yes"]
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


CHECKS: Final = (Check(claim="SSH is for keys, and can be switched", show=lets_the_maker_in),)
