"""One generation from a request: what the worker and the command line have in common."""

import numpy as np

from firmware.engine.bundles import choose_bundle
from firmware.engine.messages import GenerationRequest
from firmware.inference.bundle import read_bundle
from firmware.inference.ring import RingModel
from firmware.inference.runtime import LoadedModel
from firmware.techniques import generate
from firmware.techniques.conversation import Memory, answer
from firmware.techniques.progress import Generation

__all__ = ["GenerationRequest", "Memory", "choose_bundle", "start"]


def start(
    request: GenerationRequest, *, model: LoadedModel | None = None, memory: Memory | None = None
) -> Generation:
    """Begin a generation. The same request gives the same composition.

    Args:
        request: Melody, parameters, seed and bundle.
        model: The bundle's model where it is loaded already; else it is loaded here.
        memory: What this model remembers of a duet, if it is to be spared to read all of it.

    Returns:
        A generator that yields progress and returns the composition; closing it cancels.

    Raises:
        BundleError: If the bundle cannot be used.
        ModelRuntimeError: If no interpreter is installed or the model does not load.
    """
    if model is None:
        model = read_bundle(request.bundle_folder).load(threads=request.threads)
    rng = np.random.default_rng(request.seed)
    if request.turns is not None:
        assert isinstance(model, RingModel)  # the parameters are of extend
        memory = memory or Memory(model)
        return answer(request.melody, request.turns, request.parameters, memory, rng)
    return generate(request.melody, request.parameters, model, rng)
