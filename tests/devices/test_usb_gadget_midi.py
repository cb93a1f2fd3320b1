"""A computer on the cable hears what is played, and holds nothing up when it does not listen."""

import fcntl
import os
import termios
import threading
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.devices.midi_ports import SimulatedSynthesizer
from firmware.devices.usb_gadget_midi import SILENCE, GadgetMidi, LinuxCable, WithComputer
from firmware.errors import DeviceError
from firmware.midi.messages import ControlChange, MidiMessage, MidiParser, NoteOff, NoteOn, to_bytes

C, E = NoteOn(pitch=60, velocity=80), NoteOn(pitch=64, velocity=80)


class Computer:
    """The other end of the cable: a pipe of the smallest size, and a program that may read."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "midiC1D0"
        os.mkfifo(self._path)
        self._program = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        self.buffer_bytes: int = fcntl.fcntl(self._program, fcntl.F_SETPIPE_SZ, 4096)
        self.is_awake = True
        self.has_gadget = True

    def device(self) -> Path | None:
        """See `Cable.device`."""
        return self._path if self.has_gadget else None

    def is_host_there(self) -> bool:
        """See `Cable.is_host_there`."""
        return self.is_awake

    def waiting_bytes(self) -> int:
        """See `Cable.waiting_bytes`."""
        return int(array("i", fcntl.ioctl(self._program, termios.FIONREAD, b"\0" * 4))[0])

    def read(self) -> bytes:
        """What the program hears when it reads."""
        heard = b""
        while True:
            try:
                content = os.read(self._program, 65536)
            except BlockingIOError:
                return heard
            if not content:
                return heard
            heard += content

    def messages(self) -> list[MidiMessage]:
        """What it means."""
        return list(MidiParser().feed(self.read()))

    def close(self) -> None:
        """Pull the cable."""
        os.close(self._program)


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Computer]:
    computer = Computer(tmp_path)
    yield computer
    computer.close()


@pytest.fixture
def gadget(computer: Computer) -> Iterator[GadgetMidi]:
    gadget = GadgetMidi(computer)
    gadget.poll()
    yield gadget
    gadget.close()


def test_a_computer_hears_silence_first_and_then_every_note(
    computer: Computer, gadget: GadgetMidi
) -> None:
    gadget.send(C)
    gadget.send(E)
    assert computer.read() == SILENCE + to_bytes(C) + to_bytes(E)
    assert gadget.dropped == 0


def test_a_program_that_does_not_read_loses_notes_but_keeps_none_hanging(
    computer: Computer, gadget: GadgetMidi
) -> None:
    """The buffer is full: what comes now is dropped and counted, and nobody waits."""
    sent = 0
    while gadget.dropped == 0:
        gadget.send(C)
        sent += 1
    assert sent > computer.buffer_bytes // 3 - len(SILENCE)
    for _ in range(10):
        gadget.send(NoteOff(pitch=60))
    assert gadget.dropped == 11
    heard = computer.messages()
    assert heard.count(C) in {sent - 1, sent}  # the last may be through by half
    gadget.send(E)
    rest = computer.read()
    assert rest.endswith(SILENCE + to_bytes(E))
    assert gadget.dropped == 11


def test_a_message_that_went_by_half_is_ended_before_the_next(
    computer: Computer, gadget: GadgetMidi
) -> None:
    gadget.send(C)
    computer.read()
    while gadget.dropped == 0:
        gadget.send(C)
    first = computer.read()
    gadget.send(E)
    heard = list(MidiParser().feed(first + computer.read()))
    silence = list(MidiParser().feed(SILENCE))
    assert heard[-len(silence) - 1 :] == [*silence, E]
    assert set(heard[: -len(silence) - 1]) == {C}


def test_a_message_that_the_kernel_takes_by_half_is_ended_too(
    computer: Computer, gadget: GadgetMidi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe never does that; the kernel's MIDI buffer does when it is nearly full."""
    gadget.send(C)
    computer.read()
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:1]))
        gadget.send(C)
    assert gadget.dropped == 1
    gadget.send(E)
    assert computer.read() == to_bytes(C) + SILENCE + to_bytes(E)


def test_a_computer_that_sleeps_hears_nothing_old_when_it_wakes(
    computer: Computer, gadget: GadgetMidi
) -> None:
    gadget.send(C)
    computer.read()
    computer.is_awake = False
    gadget.poll()
    gadget.send(E)
    assert computer.read() == b""
    computer.is_awake = True
    gadget.poll()
    gadget.send(C)
    assert computer.read() == SILENCE + to_bytes(C)
    assert gadget.dropped == 0, "nobody was there to lose anything"


def test_a_program_that_begins_to_read_hears_nothing_old(
    computer: Computer, gadget: GadgetMidi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe forgets nothing when it is told to: here it is read until it is empty."""
    gadget.send(C)
    computer.read()
    monkeypatch.setattr(fcntl, "ioctl", forgetting(computer))
    gadget.poll()
    gadget.send(C)
    gadget.poll()
    assert computer.waiting_bytes() == len(to_bytes(C)), "perhaps it is read in a moment"
    gadget.poll()
    assert computer.read() == SILENCE, "it was not, and is old by now"
    gadget.send(E)
    assert computer.read() == to_bytes(E)


def test_a_program_that_reads_slowly_loses_nothing(computer: Computer, gadget: GadgetMidi) -> None:
    heard = b""
    sent = [NoteOn(pitch=pitch, velocity=80) for pitch in range(40, 60)]
    for note in sent:
        gadget.send(note)
        gadget.poll()
        heard += os.read(computer._program, 7)
    heard += computer.read()
    assert heard == SILENCE + b"".join(map(to_bytes, sent))


def forgetting(computer: Computer) -> Callable[..., object]:
    """A kernel that empties the buffer of a pipe as that of a raw MIDI device."""
    real = fcntl.ioctl

    def ioctl(descriptor: int, request: int, *more: Any) -> object:
        if request == termios.FIONREAD:
            return real(descriptor, request, *more)
        computer.read()
        return 0

    return ioctl


def test_a_gadget_that_was_taken_back_is_opened_again(
    computer: Computer, gadget: GadgetMidi
) -> None:
    computer.close()  # as a device that is gone, the pipe has no reader: EPIPE
    gadget.send(C)
    gadget.send(C)
    computer._program = os.open(computer._path, os.O_RDONLY | os.O_NONBLOCK)
    gadget.poll()
    gadget.send(E)
    assert computer.read() == SILENCE + to_bytes(E)


def test_without_a_gadget_everything_goes_nowhere(computer: Computer) -> None:
    computer.has_gadget = False
    gadget = GadgetMidi(computer)
    gadget.poll()
    gadget.send(C)
    assert (computer.read(), gadget.dropped) == (b"", 0)
    gadget.close()


def test_its_end_silences_what_sounds(computer: Computer) -> None:
    gadget = GadgetMidi(computer)
    gadget.poll()
    gadget.send(C)
    computer.read()
    gadget.close()
    assert computer.read() == SILENCE


def test_its_end_waits_for_no_reader(
    computer: Computer, gadget: GadgetMidi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel does not close a device before what was written to it is fetched or forgotten."""
    gadget.send(C)
    gadget.poll()
    kept: list[int] = []
    close = os.close

    def close_device(descriptor: int) -> None:
        kept.append(computer.waiting_bytes())
        close(descriptor)

    monkeypatch.setattr(fcntl, "ioctl", forgetting(computer))
    monkeypatch.setattr(os, "close", close_device)
    gadget.close()
    assert kept == [0]


def test_silence_ends_held_notes_on_every_channel() -> None:
    said = list(MidiParser().feed(SILENCE))
    for channel in range(16):
        for control in (64, 120, 123):
            assert ControlChange(control=control, value=0, channel=channel) in said


def test_the_synthesizers_failure_is_told_and_the_computer_hears_nevertheless(
    computer: Computer,
) -> None:
    synthesizer = SimulatedSynthesizer(lambda: 0)
    both = WithComputer(synthesizer, GadgetMidi(computer))
    both.open()
    both.send(C)
    assert synthesizer.sounding == {(0, 60)}
    synthesizer.unplug()
    with pytest.raises(DeviceError):
        both.send(E)
    change = both.poll()
    assert change is not None
    assert not change.is_there
    assert both.name is None
    assert computer.read() == SILENCE + to_bytes(C) + to_bytes(E)
    both.close()


def test_the_kernels_files_tell_device_and_state(tmp_path: Path) -> None:
    cable = LinuxCable(tmp_path, tmp_path / "usb_gadget", tmp_path / "udc")
    assert cable.device() is None
    assert not cable.is_host_there()
    (tmp_path / "proc/asound").mkdir(parents=True)
    (tmp_path / "proc/asound/cards").write_text(
        " 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones\n"
        "                      bcm2835 Headphones\n"
        " 2 [continuo       ]: f_midi - f_midi\n"
        "                      MIDI Gadget\n"
    )
    (tmp_path / "usb_gadget/continuo").mkdir(parents=True)
    (tmp_path / "usb_gadget/continuo/UDC").write_text("fe980000.usb\n")
    (tmp_path / "udc/fe980000.usb").mkdir(parents=True)
    (tmp_path / "udc/fe980000.usb/state").write_text("configured\n")
    assert cable.device() == tmp_path / "dev/snd/midiC2D0"
    assert cable.is_host_there()
    assert cable.waiting_bytes() == 0, "nothing is told of it"
    (tmp_path / "proc/asound/card2").mkdir()
    (tmp_path / "proc/asound/card2/midi0").write_text(
        "f_midi\n\nOutput 0\n  Tx bytes     : 3976\n  Owner PID    : 644\n  Mode         : native\n"
        "  Buffer size  : 4096\n  Avail        : 4087\nInput 0\n  Rx bytes     : 0\n"
        "  Owner PID    : 644\n  Buffer size  : 4096\n  Avail        : 5\n  Overruns     : 0\n"
    )
    assert cable.waiting_bytes() == 9


def test_what_the_computer_plays_is_not_said_back_to_it(computer: Computer) -> None:
    midi = GadgetMidi(computer)
    midi.poll()
    midi.send(C)
    with midi.speaking():
        midi.send(E)
        elsewhere = threading.Thread(target=midi.send, args=(NoteOff(pitch=60),))
        elsewhere.start()
        elsewhere.join()
    midi.send(E)
    heard = [message for message in computer.messages() if isinstance(message, NoteOn | NoteOff)]
    assert heard == [C, NoteOff(pitch=60), E]
    midi.close()
