"""One generation from a request: what the worker and the command line have in common."""

import numpy as np

from firmware.engine.bundles import choose_bundle
from firmware.engine.messages import GenerationRequest
from firmware.inference.bundle import read_bundle
from firmware.inference.runtime import LoadedModel
from firmware.techniques import generate
from firmware.techniques.progress import Generation

__all__ = ["GenerationRequest", "choose_bundle", "start"]


def start(request: GenerationRequest, *, model: LoadedModel | None = None) -> Generation:
    """Begin a generation. The same request gives the same composition.

    Args:
        request: Melody, parameters, seed and bundle.
        model: The bundle's model where it is loaded already; else it is loaded here.

    Returns:
        A generator that yields progress and returns the composition; closing it cancels.

    Raises:
        BundleError: If the bundle cannot be used.
        ModelRuntimeError: If no interpreter is installed or the model does not load.
    """
    if model is None:
        model = read_bundle(request.bundle_folder).load(threads=request.threads)
    rng = np.random.default_rng(request.seed)
    return generate(request.melody, request.parameters, model, rng)
