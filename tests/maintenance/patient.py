"""A computer that a doctor looks at."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from firmware.config import Config
from firmware.maintenance.doctor import examine
from firmware.maintenance.findings import Found, Verdict
from firmware.maintenance.lines import Line
from firmware.maintenance.probe import Probe, Reply, Said
from tests.devices.proc_asound import running

OK, WARNING, FAULT, ABSENT = Verdict.OK, Verdict.WARNING, Verdict.FAULT, Verdict.ABSENT
MOUNTS = "/dev/mmcblk0p2 / ext4 {root} 0 0\n/dev/mmcblk0p3 {library} ext4 {options} 0 0\n"


class Patient:
    """A Raspberry Pi that is well, until something is broken."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.config = Config(library=Path("/var/lib/continuo"), board="full")
        self.programs = {
            "vcgencmd": Said(code=0, text="throttled=0x0\n"),
            "fluidsynth": Said(code=0, text="2.3.1"),
            "timedatectl": Said(code=0, text="yes\n"),
            "systemctl": Said(code=0, text="LoadState=not-found\n"),
        }
        self.addresses = {0x3C: Reply.ANSWERS}
        self.taken: dict[int, str] = {}
        self.low: set[int] = set()
        self.packages: dict[str, str] | None = None
        self.plays, self.frames = True, 0
        self.now = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
        for path, text in (
            ("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0"),
            ("proc/asound/cards", " 0 [Headphones     ]: bcm2835 - bcm2835 Headphones\n"),
            (
                "proc/asound/seq/clients",
                'Client   0 : "System" [Kernel Legacy]\nClient  14 : "Midi Through" [Kernel]\n'
                'Client  20 : "AKM322" [Kernel Legacy]\nClient 128 : "FLUID Synth" [User Legacy]\n',
            ),
            ("proc/asound/card0/pcm0p/sub0/status", running(0)),
            ("etc/default/continuo-sound", "DEVICE=plughw:0\n"),
            ("sys/class/thermal/thermal_zone0/temp", "48312\n"),
            ("sys/fs/ext4/mmcblk0p3/errors_count", "0\n"),
            ("dev/i2c-1", ""),
            ("dev/snd/seq", ""),
            ("dev/gpiochip0", ""),
            ("var/lib/continuo/melodies/x.mid", ""),
        ):
            self.write(path, text)
        self.mount()

    def write(self, path: str, text: str | bytes) -> None:
        """Put a file into the patient."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())

    def mount(self, *, root: str = "ro,relatime", options: str = "rw,noatime") -> None:
        """Say how the disks are mounted."""
        text = MOUNTS.format(root=root, library=self.config.library, options=options)
        self.write("proc/mounts", text)

    def board(self, text: str) -> None:
        """Give it a board of its own."""
        self.write("board.toml", text)
        self.config = replace(self.config, board=str(self.root / "board.toml"))

    def examined(self, name: str) -> Found:
        """What a check finds."""
        probe = Probe(
            root=self.root,
            run=lambda program, *_: self.programs.get(program),
            i2c=lambda _, __, address: self.addresses.get(address, Reply.SILENT),
            lines=self.lines,
            package=lambda name: "1" if self.packages is None else self.packages.get(name),
            now=lambda: self.now,
            wait=self.wait,
        )
        ((found, finding),) = examine(probe, self.config, [name])
        assert found == name
        assert bool(finding.remedy) == (finding.verdict in (WARNING, FAULT)), finding
        return finding

    def wait(self, seconds: float) -> None:
        """Let the sound card play, if it does."""
        assert seconds > 0
        self.frames += round(seconds * 48_000) if self.plays else 0
        self.write("proc/asound/card0/pcm0p/sub0/status", running(self.frames))

    def lines(
        self, _: Path, inputs: Iterable[int], outputs: Iterable[int]
    ) -> Mapping[int, Line] | None:
        """The GPIO chip."""
        found = {pin: Line(user=self.taken.get(pin, "")) for pin in (*inputs, *outputs)}
        return found | {
            pin: Line(is_high=pin not in self.low) for pin in inputs if not found[pin].user
        }


def assert_found(found: Found, verdict: Verdict, said: str, remedy: str = "") -> None:
    """It is judged so, says so and helps so."""
    assert found.verdict is verdict, found
    assert said in found.sentence
    assert remedy in found.remedy
