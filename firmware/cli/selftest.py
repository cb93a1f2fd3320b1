"""Replay every installed model's golden arrays on every installed runtime and time it.

With --panel the wiring is tested instead: press, turn and look as it asks, and it says what is
wired wrongly. That needs the panel for itself: sudo systemctl stop continuo.
"""

import argparse
import statistics
import sys
from time import perf_counter
from typing import Any

from firmware.cli.answer import Answer, table
from firmware.cli.arguments import Parser, UsageError, checked_count
from firmware.cli.bundles import bundle_folders
from firmware.cli.wiring import ask_for_parts
from firmware.config import load_config
from firmware.errors import ContinuoError
from firmware.inference.bundle import Bundle, read_bundle, replay_golden
from firmware.inference.runtime import installed_runtimes

WARM_UP_PASSES = 2
MAX_PASSES = 100_000
MAX_THREADS = 16
"""As in the settings; with thousands of threads the interpreter ends the process."""


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "The difference is between this machine's outputs and those that the model was shipped\n"
        "with; latency is one pass through the model.\n\n"
        "examples:\n  continuo selftest\n  continuo selftest --passes 100 --threads 4 --json\n"
        "  continuo selftest --panel\n"
        "  continuo selftest --panel --only buttons --only encoders.menu"
    )
    parser.add_argument("bundles", nargs="*", metavar="NAME_OR_DIR", help="only these bundles")
    parser.add_argument(
        "--passes",
        default="20",
        metavar="N",
        help="passes to time (default: 20)",
    )
    parser.add_argument(
        "--threads",
        default="1",
        metavar="N",
        help="threads of the model (default: 1)",
    )
    parser.add_argument(
        "--panel", action="store_true", help="test the wiring, as the front panel's page does"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PART",
        help="with --panel only this: display, buttons, encoders, leds, potentiometers, or one "
        "of them, as encoders.menu; may be given several times",
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Replay and time, or test the wiring."""
    if arguments.panel:
        return _ask_for_parts(arguments)
    if arguments.only:
        raise UsageError("--only is about the panel", remedy="continuo selftest --panel --only …")
    passes = checked_count("--passes", arguments.passes, 1, MAX_PASSES)
    threads = checked_count("--threads", arguments.threads, 1, MAX_THREADS)
    runtimes = installed_runtimes()
    rows: list[list[str]] = []
    results: list[dict[str, Any]] = []
    for folder in bundle_folders(arguments.bundles):
        for runtime in runtimes:
            result = {"bundle": folder.name, "runtime": f"{runtime} {runtimes[runtime]}"}
            try:
                result |= _tested(read_bundle(folder), runtime, passes, threads)
            except ContinuoError as error:
                result |= {"problem": error.message}
            results.append(result)
            rows.append(_row(result))
    failed = [result for result in results if result["problem"]]
    problem = f"{len(failed)} of {len(results)} tests failed" if failed else ""
    if not results:
        problem = "no runtime is installed" if not runtimes else "no bundle is installed"
    return Answer(
        content={"results": results},
        lines=table(["bundle", "runtime", "result", "difference", "median", "p90"], rows),
        problem=problem,
        remedy="install the package again",
    )


def _ask_for_parts(arguments: argparse.Namespace) -> Answer:
    if arguments.bundles:
        raise UsageError("--panel tests no bundle", remedy="leave one of them out")
    output = sys.stderr if arguments.json else sys.stdout
    return ask_for_parts(load_config(), arguments.only, output=output)


def _tested(bundle: Bundle, runtime: str, passes: int, threads: int) -> dict[str, Any]:
    replay = replay_golden(bundle, runtime=runtime)
    model = bundle.load(threads=threads, runtime=runtime)
    times_ms: list[float] = []
    for index in range(WARM_UP_PASSES + passes):
        began = perf_counter()
        model.rehearse()
        if index >= WARM_UP_PASSES:
            times_ms.append((perf_counter() - began) * 1000)
    times_ms.sort()
    return {
        "problem": "" if replay.passed else f"differs by {replay.difference:g}",
        "difference": replay.difference,
        "tolerance": replay.allowed,
        "median_ms": round(statistics.median(times_ms), 3),
        "p90_ms": round(times_ms[int(0.9 * (len(times_ms) - 1))], 3),
    }


def _row(result: dict[str, Any]) -> list[str]:
    figures = ["-", "-", "-"]
    if "difference" in result:
        figures = [
            f"{result['difference']:.4g} of {result['tolerance']:g}",
            f"{result['median_ms']:.2f} ms",
            f"{result['p90_ms']:.2f} ms",
        ]
    return [result["bundle"], result["runtime"], result["problem"] or "ok", *figures]
