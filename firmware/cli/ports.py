"""List the MIDI ports of this machine."""

import argparse
import time
from contextlib import closing

from firmware.cli.answer import Answer, table
from firmware.cli.arguments import Parser
from firmware.config import load_config
from firmware.devices.rtmidi_ports import (
    RtMidiInput,
    RtMidiOutput,
    choose_port,
    device_name,
    running_apis,
)


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "The ports that the instrument would use are marked; midi_input and midi_output in the\n"
        "settings file choose others, by a part of the name."
    )


def run(_: argparse.Namespace) -> Answer:
    """Ask every MIDI system that runs here."""
    config = load_config()
    rows: list[list[str]] = []
    ports: list[dict[str, object]] = []
    apis = running_apis()
    for api in apis:
        source = RtMidiInput(api=api, wanted=config.midi_input, now_ns=time.monotonic_ns)
        target = RtMidiOutput(api=api, wanted=config.midi_output)
        with closing(source), closing(target):
            for direction, names, wanted in (
                ("input", source.ports(), config.midi_input),
                ("output", target.ports(), config.midi_output),
            ):
                chosen = choose_port(names, wanted)
                for index, name in enumerate(names):
                    used = api == apis[0] and index == chosen
                    rows.append([api, direction, device_name(name), "used" if used else ""])
                    ports.append(
                        {"api": api, "direction": direction, "name": device_name(name)}
                        | {"port": name, "used": used}
                    )
    nothing = (
        ["there is no MIDI port; is a keyboard plugged in?"]
        if apis
        else ["no MIDI system runs on this machine (neither ALSA's sequencer nor JACK)"]
    )
    return Answer(
        content={"apis": list(apis), "ports": ports},
        lines=table(["system", "direction", "name", ""], rows) if rows else nothing,
    )
