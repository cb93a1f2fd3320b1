"""`python -m converters RUN -o BUNDLE`: a training run becomes a bundle for the device."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

from converters.conversion import Precision
from firmware.errors import ContinuoError
from training.band.shards import BAND_SHARDS
from training.cli import SHARDS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; an error is one line with its remedy and exit code 2."""
    options = _parser().parse_args(arguments)
    # The converter reads TensorFlow's graphs, and Keras chooses its backend when it is first
    # imported; TensorFlow's own notes on start-up tell a trainer nothing.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _without_native_notes():
            import_module("converters.convert").main(
                options.run,
                options.output,
                title=options.title,
                corpora=options.corpora,
                shards=options.shards,
                other_python=options.runtime_check,
                precision=options.precision,
            )
    except ContinuoError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


@contextmanager
def _without_native_notes() -> Iterator[None]:
    """Keep back what TensorFlow's native code writes to stderr, unless something goes wrong."""
    with tempfile.TemporaryFile() as notes, ExitStack() as restore:
        visible = os.dup(2)
        restore.callback(os.close, visible)
        restore.callback(os.dup2, visible, 2)
        os.dup2(notes.fileno(), 2)
        try:
            yield
        except ContinuoError:
            raise
        except BaseException:
            notes.seek(0)
            os.write(visible, notes.read())
            raise


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m converters", description=__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a training run")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="BUNDLE", required=True, help="bundle folder to write"
    )
    parser.add_argument("--corpora", type=Path, metavar="DIR", help="folder of the corpora")
    parser.add_argument(
        "--shards",
        type=Path,
        metavar="DIR",
        help=f"folder of the shards it learned from (of tokens {SHARDS}, of a band {BAND_SHARDS})",
    )
    parser.add_argument(
        "--precision",
        type=Precision,
        choices=list(Precision),
        default=Precision.HALF,
        metavar="|".join(Precision),
        help="of a band: int8 all through, int8 weights alone, weights in half precision (the "
        "default), or float",
    )
    parser.add_argument("--title", default="", help="what the player reads")
    parser.add_argument(
        "--runtime-check",
        type=Path,
        metavar="PYTHON",
        help="also replay the golden arrays with tflite-runtime, which this Python has",
    )
    return parser
