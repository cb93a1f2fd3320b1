"""Every shipped bundle is proven on both runtimes; a damaged one is refused by name."""

import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware.errors import (
    BundleError,
    BundleFingerprintError,
    BundleHashError,
    BundleSchemaError,
    BundleTensorError,
    ModelRuntimeError,
)
from firmware.inference.bundle import read_bundle, replay_golden, shipped_bundles
from firmware.inference.runtime import installed_runtimes
from firmware.parameters import Technique

Array = NDArray[Any]
REPOSITORY = Path(__file__).parents[2]
SHIPPED = shipped_bundles()

REPLAY = """
import sys
from pathlib import Path
from firmware.inference.bundle import replay_golden, read_bundle
from firmware.inference.runtime import installed_runtimes
print(installed_runtimes()["tflite-runtime"])
print(replay_golden(read_bundle(Path(sys.argv[1])), runtime="tflite-runtime").passed)
"""


def change_manifest(folder: Path, **changes: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def tflite_python() -> Path | None:
    """A Python that has tflite-runtime, or None."""
    named = os.environ.get("CONTINUO_TFLITE_PYTHON")
    path = Path(named) if named else REPOSITORY / ".venv-tflite" / "bin" / "python"
    return path if path.exists() else None


def test_there_is_a_bundle_to_play_with() -> None:
    assert SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_bundle_is_whole_and_says_what_it_said(name: str) -> None:
    """Named like its folder, below its size, with licences, within its golden tolerance."""
    bundle = read_bundle(SHIPPED[name])
    assert bundle.manifest.name == name
    # Of an AR-CNN a pass over eight bars, of a Transformer-XL one token and no more memory, of a
    # band a window of four bars.
    megabytes, mmac = {
        Technique.ENHANCE: (1, 489),
        Technique.ACCOMPANY: (7, 1000),
        Technique.EXTEND: (6, 10),
    }[bundle.manifest.technique]
    assert len(bundle.content) <= megabytes * 1024 * 1024
    assert bundle.manifest.mmac <= mmac
    assert all(corpus.licence for corpus in bundle.manifest.training.corpora)
    assert replay_golden(bundle, runtime="litert").passed


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_bundle_agrees_on_tflite_runtime(name: str) -> None:
    python = tflite_python()
    if python is None:
        pytest.skip(
            "no Python with tflite-runtime: neither .venv-tflite nor CONTINUO_TFLITE_PYTHON"
        )
    done = subprocess.run(
        (str(python), "-c", REPLAY, str(SHIPPED[name])),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2.14.0", "True"]


def test_another_schema_is_refused(bundle_folder: Path) -> None:
    change_manifest(bundle_folder, schema=1)
    with pytest.raises(BundleSchemaError, match="schema 1"):
        read_bundle(bundle_folder)


def test_another_fingerprint_is_refused_naming_both(bundle_folder: Path) -> None:
    expected = read_bundle(bundle_folder).manifest.fingerprint
    change_manifest(bundle_folder, fingerprint="0123456789abcdef")
    with pytest.raises(BundleFingerprintError, match=f"0123456789abcdef.*{expected}"):
        read_bundle(bundle_folder)
    change_manifest(bundle_folder, encoding="whistling")
    with pytest.raises(BundleFingerprintError, match="no encoding named 'whistling'"):
        read_bundle(bundle_folder)


def test_another_model_is_refused_by_its_hash(bundle_folder: Path) -> None:
    content = bytearray((bundle_folder / "model.tflite").read_bytes())
    content[len(content) // 2] ^= 1
    (bundle_folder / "model.tflite").write_bytes(content)
    with pytest.raises(BundleHashError, match="hash"):
        read_bundle(bundle_folder)
    (bundle_folder / "model.tflite").unlink()
    with pytest.raises(BundleHashError, match="no readable"):
        read_bundle(bundle_folder)


def test_a_broken_model_with_the_right_hash_is_one_error(bundle_folder: Path) -> None:
    rubbish = b"TFL3 rubbish" * 100
    (bundle_folder / "model.tflite").write_bytes(rubbish)
    change_manifest(bundle_folder, sha256=hashlib.sha256(rubbish).hexdigest())
    with pytest.raises(ModelRuntimeError, match="cannot load"):
        read_bundle(bundle_folder).load()


@pytest.mark.parametrize(
    "change", [{"name": "plains"}, {"shape": [1, 2]}, {"dtype": "float32"}, {"scale": 0.5}]
)
def test_tensors_other_than_the_manifests_are_refused(
    bundle_folder: Path, change: dict[str, Any]
) -> None:
    (signature,) = json.loads((bundle_folder / "manifest.json").read_text())["signatures"]
    inputs = [signature["inputs"][0] | change]
    change_manifest(bundle_folder, signatures=[signature | {"inputs": inputs}])
    with pytest.raises(BundleTensorError):
        read_bundle(bundle_folder).load()


@pytest.mark.parametrize("change", [lambda some: some[1:], lambda some: [*some, some[0]]])
def test_tensors_that_the_manifest_leaves_out_or_repeats_are_refused(
    bundle_folder: Path, change: Callable[[list[Any]], list[Any]]
) -> None:
    """A technique asks for its outputs by name, and must not find one missing later."""
    (signature,) = json.loads((bundle_folder / "manifest.json").read_text())["signatures"]
    for key in ("inputs", "outputs"):
        change_manifest(bundle_folder, signatures=[signature | {key: change(signature[key])}])
        with pytest.raises(BundleTensorError, match="its manifest says"):
            read_bundle(bundle_folder).load()


@pytest.mark.parametrize(
    "change",
    [
        lambda _: [],
        lambda signature: [signature, signature],
        lambda signature: [signature | {"name": "other"}],
    ],
)
def test_another_way_to_run_the_model_than_the_file_has_is_refused(
    bundle_folder: Path, change: Callable[[dict[str, Any]], list[Any]]
) -> None:
    (signature,) = json.loads((bundle_folder / "manifest.json").read_text())["signatures"]
    change_manifest(bundle_folder, signatures=change(signature))
    with pytest.raises(BundleTensorError, match="signature"):
        read_bundle(bundle_folder).load()


def test_golden_arrays_that_differ_are_noticed(bundle_folder: Path) -> None:
    path = bundle_folder / "golden.npz"
    with np.load(path) as golden:
        arrays: dict[str, Any] = {name: golden[name] for name in golden.files}
    arrays["output_pitch_logits"][0, 3, 3, 3] += 100.0
    np.savez_compressed(path, **arrays)
    assert replay_golden(read_bundle(bundle_folder)).difference > 50.0
    path.write_bytes(b"no arrays")
    with pytest.raises(BundleError, match=r"golden\.npz"):
        replay_golden(read_bundle(bundle_folder))


def without_cases(_: str, values: Array) -> Array:
    return values[:0]


def of_one_case(name: str, values: Array) -> Array:
    return values[:1] if name.startswith("output") else values


def of_another_shape(name: str, values: Array) -> Array:
    return values[:, :2] if name.startswith("output") else values


def of_words(_: str, values: Array) -> Array:
    return np.full(values.shape, "x")


def of_one_number(_: str, __: Array) -> Array:
    return np.array(1.0)


@pytest.mark.parametrize(
    "damage", [without_cases, of_one_case, of_another_shape, of_words, of_one_number]
)
def test_golden_arrays_that_prove_nothing_are_refused(
    bundle_folder: Path, damage: Callable[[str, Array], Array]
) -> None:
    path = bundle_folder / "golden.npz"
    with np.load(path) as golden:
        arrays: dict[str, Any] = {name: damage(name, golden[name]) for name in golden.files}
    np.savez(path, **arrays)
    with pytest.raises(BundleError, match=r"no usable golden\.npz"):
        replay_golden(read_bundle(bundle_folder))


def test_a_golden_number_that_is_none_is_a_difference(bundle_folder: Path) -> None:
    """Whatever it is compared with: a difference that is no number is within no tolerance."""
    path = bundle_folder / "golden.npz"
    with np.load(path) as golden:
        arrays: dict[str, Any] = {name: golden[name] for name in golden.files}
    arrays["output_pitch_logits"][0, 3, 3, 3] = np.nan
    np.savez(path, **arrays)
    bundle = read_bundle(bundle_folder)
    assert not replay_golden(bundle).passed


@pytest.mark.parametrize("keep", [0, 5000, -4])
def test_a_golden_file_that_breaks_off_is_refused(bundle_folder: Path, keep: int) -> None:
    path = bundle_folder / "golden.npz"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BundleError, match=r"no usable golden\.npz"):
        replay_golden(read_bundle(bundle_folder))


def test_a_damaged_array_in_the_golden_file_is_refused(bundle_folder: Path) -> None:
    path = bundle_folder / "golden.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"no usable golden\.npz"):
        replay_golden(read_bundle(bundle_folder))


def test_a_pipe_is_no_model_and_keeps_nobody_waiting(bundle_folder: Path) -> None:
    (bundle_folder / "model.tflite").unlink()
    os.mkfifo(bundle_folder / "model.tflite")
    with pytest.raises(BundleHashError, match="no readable"):
        read_bundle(bundle_folder)


def test_wrong_inputs_are_refused_by_name(bundle_folder: Path) -> None:
    model = read_bundle(bundle_folder).load_grid()
    with pytest.raises(BundleTensorError, match="planes"):
        model.run(plains=np.zeros((128, 48, 16), np.float32))
    with pytest.raises(BundleTensorError, match="was given"):
        model.run(planes=np.zeros((64, 48, 16), np.float32))


def test_a_model_keeps_no_memory_of_what_it_was_given(bundle_folder: Path) -> None:
    """The result depends on the input alone, and belongs to the caller."""
    model = read_bundle(bundle_folder).load_grid()
    rng = np.random.default_rng(0)
    first = (rng.random((128, 48, 16)) < 0.2).astype(np.float32)
    once = model.run(planes=first)
    kept = {name: values.copy() for name, values in once.items()}
    model.run(planes=np.zeros_like(first))
    again = model.run(planes=first)
    for name, values in kept.items():
        assert (again[name] == values).all()
        assert (once[name] == values).all()


def test_an_unknown_or_absent_runtime_is_named(bundle_folder: Path) -> None:
    bundle = read_bundle(bundle_folder)
    with pytest.raises(ModelRuntimeError, match="no runtime 'abacus'"):
        bundle.load(runtime="abacus")
    if "tflite-runtime" not in installed_runtimes():
        with pytest.raises(ModelRuntimeError, match="tflite-runtime is not installed"):
            bundle.load(runtime="tflite-runtime")
