"""Tell what the instrument does: playing, technique, take, ports, computer."""

import argparse
from typing import Any

from firmware.cli.answer import Answer
from firmware.cli.arguments import Parser
from firmware.cli.instrument import ask_instrument, facts
from firmware.parameters import Technique


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "Asks the instrument that runs, over its control socket, for which one must be of its\n"
        "user or group.\n\n"
        "examples:\n  continuo status\n  continuo status --json"
    )


def run(_: argparse.Namespace) -> Answer:
    """Ask."""
    status = ask_instrument("status")
    return Answer(content=status, lines=facts(_rows(status)))


def _rows(status: dict[str, Any]) -> dict[str, object]:
    ports, system = status["ports"], status["system"] or {}
    generating = status["generating"]
    doing = status["state"]
    if generating:
        doing = f"{doing}, {generating['done']} of {generating['total']} passes"
    used, memory = system.get("memory_used_mb"), system.get("memory_mb")
    return {
        "state": f"{doing} (safe mode)" if status["is_safe"] else doing,
        "message": status["notice"],
        "technique": "duet" if status["is_duet"] else status["technique"],
        "parameters": ", ".join(f"{k} {v}" for k, v in status["parameters"].items()),
        "tempo": f"{status['tempo_bpm']:g} bpm, {status['beats_per_bar']} beats a bar",
        "take": _take(status["take"], status["takes"]),
        "keyboards": ", ".join(ports["keyboards"]) or "none",
        "synthesizer": ports["synthesizer"] or "none",
        "model process": status["worker"]["pid"] or "not running",
        "models": ", ".join(status["bundles"]) or "none",
        "unusable models": ", ".join(status["unusable_bundles"]),
        "running for": _span(status["uptime_s"]),
        "lost events": status["dropped_events"] or None,
        "processor": _with_unit(system.get("cpu_percent"), "% busy"),
        "memory": f"{used} of {memory} MB" if used is not None else None,
        "temperature": _with_unit(system.get("temperature_c"), " °C"),
        "disk": _with_unit(system.get("disk_free_mb"), " MB free"),
        "library": status["library"],
        "network": system.get("address"),
        "Continuo": status["continuo"],
        "problem": status["problem"],
    }


def _take(take: dict[str, Any] | None, count: int) -> str:
    if take is None:
        return "none yet"
    made = f", {Technique(take['technique']).past}" if take["technique"] else ""
    kept = f", kept as {take['saved_as']}" if take["saved_as"] else ""
    return f"{take['number']} of {count}: {take['melody']}, {take['bars']} bars{made}{kept}"


def _span(seconds: int) -> str:
    minutes, hours = seconds // 60 % 60, seconds // 3600
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds % 60} s"


def _with_unit(value: object, unit: str) -> str | None:
    return None if value is None else f"{value}{unit}"
