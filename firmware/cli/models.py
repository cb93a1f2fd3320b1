"""List, show, verify, install and remove model bundles."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from firmware.cli.answer import Answer, table
from firmware.cli.arguments import Parser, UsageError
from firmware.cli.bundles import bundle_folders
from firmware.config import load_config
from firmware.errors import BundleError, ContinuoError
from firmware.inference.bundle import (
    MODEL_FILE,
    Bundle,
    read_bundle,
    replay_golden,
)
from firmware.inference.runtime import installed_runtimes
from firmware.library.bundles import install_bundle, remove_bundle
from firmware.library.names import MODELS_FOLDER


def add_arguments(parser: Parser) -> None:
    """Describe the command line."""
    parser.epilog = (
        "examples:\n"
        "  continuo models list\n"
        "  continuo models show bach-arcnn --json\n"
        "  continuo models verify            every installed bundle on every installed runtime\n"
        "  continuo models verify ./my-own   a bundle in a folder\n"
        "  continuo models install ./my-own  checked and tried first; or a zip archive of it\n"
        "  continuo models remove my-own\n\n"
        "What is installed lies in the folder models of the library, and goes before a bundle of\n"
        "the same name that ships."
    )
    parser.add_argument(
        "action", choices=["list", "show", "verify", "install", "remove"], help="what to do"
    )
    parser.add_argument(
        "bundles",
        nargs="*",
        metavar="NAME_OR_DIR",
        help="installed bundles or folders (default: all that are installed, but for install and "
        "remove)",
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Do it."""
    action, bundles = arguments.action, arguments.bundles
    if action in _CHANGES:
        if not bundles:
            raise UsageError(f"{action} wants a bundle", remedy=f"continuo models {action} NAME")
        return _CHANGES[action](bundles, load_config().library / MODELS_FOLDER)
    return _ACTIONS[action](bundle_folders(bundles))


def _list(folders: list[Path]) -> Answer:
    rows, entries, broken = [], [], []
    for folder in folders:
        try:
            bundle = read_bundle(folder)
        except BundleError as error:
            broken.append({"folder": str(folder), "problem": error.message})
            rows.append([folder.name, "-", "-", "-", error.message])
            continue
        about = bundle.manifest
        size = len(bundle.content)
        rows.append(
            [about.name, about.technique, about.genre, f"{size / 1024:.0f} kB", about.title]
        )
        entries.append(
            {
                "name": about.name,
                "title": about.title,
                "technique": about.technique,
                "genre": about.genre,
                "serves": {key: list(values) for key, values in about.serves.items()},
                "architecture": about.architecture,
                "parameters": about.parameters,
                "bytes": size,
                "sha256": about.sha256,
                "folder": str(folder),
            }
        )
    return Answer(
        content={"bundles": entries, "unusable": broken},
        lines=table(["name", "technique", "genre", "size", "title"], rows)
        if rows
        else ["no bundle is installed"],
    )


def _install(sources: list[str], models: Path) -> Answer:
    done = [install_bundle(Path(source), models) for source in sources]
    return Answer(
        content={"installed": [manifest.name for manifest in done], "folder": str(models)},
        lines=[f"installed {m.name} for {m.technique}: {m.title}" for m in done]
        + ["a genre of its own is on the instrument's knobs when that is started again"],
    )


def _remove(names: list[str], models: Path) -> Answer:
    for name in names:
        remove_bundle(name, models)
    return Answer(content={"removed": names}, lines=[f"removed {name}" for name in names])


def _show(folders: list[Path]) -> Answer:
    bundles = [read_bundle(folder) for folder in folders]
    lines: list[str] = []
    for bundle in bundles:
        lines += _description(bundle)
    return Answer(
        content={"bundles": [asdict(bundle.manifest) for bundle in bundles]},
        lines=lines or ["no bundle is installed"],
    )


def _verify(folders: list[Path]) -> Answer:
    runtimes = installed_runtimes()
    rows: list[list[str]] = []
    checks: list[dict[str, Any]] = []
    for folder in folders:
        for runtime in runtimes:
            problem, difference, tolerance = _replayed(folder, runtime)
            rows.append([folder.name, runtime, problem or "ok"])
            checks.append(
                {
                    "bundle": folder.name,
                    "runtime": runtime,
                    "difference": difference,
                    "tolerance": tolerance,
                    "problem": problem,
                }
            )
    failed = [check for check in checks if check["problem"]]
    nothing = "" if folders else "no bundle is installed"
    nothing = nothing or ("" if runtimes else "no runtime is installed")
    return Answer(
        content={"runtimes": runtimes, "checks": checks},
        lines=table(["bundle", "runtime", "result"], rows) if rows else [],
        problem=nothing or (f"{len(failed)} of {len(checks)} checks failed" if failed else ""),
        remedy="install the package again, or convert the bundle again",
    )


def _replayed(folder: Path, runtime: str) -> tuple[str, float | None, float | None]:
    """What is wrong, the largest difference, and the one that is allowed."""
    try:
        found = replay_golden(read_bundle(folder), runtime=runtime)
    except ContinuoError as error:
        return error.message, None, None
    problem = f"differs by {found.difference:g}, {found.allowed:g} is allowed"
    return "" if found.passed else problem, found.difference, found.allowed


def _description(bundle: Bundle) -> list[str]:
    about = bundle.manifest
    rows = {
        "name": about.name,
        "title": about.title,
        "technique": str(about.technique),
        "genre": about.genre,
        "architecture": f"{about.architecture}, {about.parameters:,} weights, "
        f"{about.mmac:g} MMAC a pass",
        "file": f"{bundle.folder / MODEL_FILE} ({len(bundle.content):,} bytes)",
        **{f"serves {key}": ", ".join(values) for key, values in about.serves.items()},
        "sha256": about.sha256,
        "encoding": f"{about.encoding} {about.fingerprint}",
        **{
            f"{signature.name} {side}": ", ".join(
                f"{t.name} {list(t.shape)} {t.dtype}" for t in tensors
            )
            for signature in about.signatures
            for side, tensors in (("takes", signature.inputs), ("gives", signature.outputs))
        },
        "trained on": "; ".join(f"{c.name} ({c.licence})" for c in about.training.corpora),
        "training": f"{about.training.steps:,} steps, seed {about.training.seed}, "
        f"{about.training.backend}, revision {about.training.revision}",
        **{f"quality: {key}": str(value) for key, value in about.quality.items()},
    }
    width = max(map(len, rows))
    return [f"{key:<{width}}  {value}" for key, value in rows.items()] + [""]


_ACTIONS = {"list": _list, "show": _show, "verify": _verify}
_CHANGES = {"install": _install, "remove": _remove}
