"""The whole instrument as a process between the real ports of another one."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from firmware.midi.messages import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    ControlChange,
    MidiMessage,
    MidiParser,
    NoteOff,
    NoteOn,
    to_bytes,
)

Ask = Callable[..., object]
ROOT = Path(__file__).parents[2]
KEYS = 15  # the channel of what is played


def test_a_key_is_heard_through_it_and_a_signal_silences_what_is_held(
    peer: Connection, ask: Ask, eventually: Callable[[Callable[[], bool]], bool], tmp_path: Path
) -> None:
    """SIGTERM comes while a key is down: its note-off and the silencing still reach the port."""
    config = tmp_path / "config.toml"
    config.write_text('midi_input = "peer keys"\nmidi_output = "peer ears"\n')
    environ = {
        **os.environ,
        "CONTINUO_CONFIG": str(config),
        "CONTINUO_HOME": str(tmp_path / "library"),
        "PYTHONPATH": str(ROOT),
    }

    def heard() -> list[MidiMessage]:
        report = ask(peer, "report")
        assert isinstance(report, list)
        return MidiParser().feed(b"".join(content for _, content in report))

    struck = NoteOn(pitch=60, velocity=99, channel=KEYS)
    with subprocess.Popen(
        [sys.executable, "-m", "firmware", "run", "--simulate"],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stdout is not None
            ready = next(line for line in running.stdout if "Continuo is ready" in line)
            assert "Peer keys:out" in ready
            assert "Peer ears:in" in ready
            ask(peer, "strike", [to_bytes(NoteOn(pitch=60, velocity=99))])
            assert eventually(lambda: heard() == [struck])
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=20)
        finally:
            running.kill()
    assert running.returncode == 0
    messages = heard()
    assert messages[:2] == [struck, NoteOff(pitch=60, channel=KEYS)]
    for control in (ALL_SOUND_OFF, ALL_NOTES_OFF):
        assert ControlChange(control=control, value=0, channel=KEYS) in messages
