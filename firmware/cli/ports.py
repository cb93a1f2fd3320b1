"""List the MIDI ports of this machine."""

import argparse
import time
from contextlib import ExitStack, closing, suppress

from firmware.cli.answer import Answer, table
from firmware.cli.arguments import Parser
from firmware.config import Config, load_config
from firmware.devices.alsa_ports import AlsaSequencer, Listed
from firmware.devices.rtmidi_ports import (
    RtMidiInput,
    RtMidiOutput,
    choose_port,
    device_name,
    running_apis,
)
from firmware.errors import DeviceError


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
        for direction, found in zip(("input", "output"), _listed(api, config), strict=True):
            for name, is_wanted in found:
                used = is_wanted and api == apis[0]
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


def _listed(api: str, config: Config) -> tuple[tuple[Listed, ...], tuple[Listed, ...]]:
    """Inputs and outputs, asked of the library that the instrument takes: see `open_keyboards`."""
    if api == "alsa":
        with suppress(DeviceError):  # of an instrument without alsa-midi
            return _of_sequencer(config)
    source = RtMidiInput(api=api, wanted=config.midi_input, now_ns=time.monotonic_ns)
    with closing(source), closing(RtMidiOutput(api=api, wanted=config.midi_output)) as target:
        inputs, outputs = source.ports(), target.ports()
    return _marked(inputs, config.midi_input), _marked(outputs, config.midi_output)


def _of_sequencer(config: Config) -> tuple[tuple[Listed, ...], tuple[Listed, ...]]:
    sequencer = AlsaSequencer(
        midi_input=config.midi_input,
        midi_output=config.midi_output,
        now_ns=time.monotonic_ns,
    )
    with ExitStack() as stack:
        stack.callback(sequencer.output.close)
        for port in sequencer.inputs:
            stack.callback(port.close)
        return sequencer.listed()


def _marked(names: list[str], wanted: str) -> tuple[Listed, ...]:
    chosen = choose_port(names, wanted)
    return tuple((name, index == chosen) for index, name in enumerate(names))
