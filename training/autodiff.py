"""Gradients and compiled steps on either of Keras' backends that trainings use.

All that differs between TensorFlow and JAX in a training step is in this file.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import keras

from firmware.errors import ConfigError

Tensor = Any
"""A tensor of the backend."""

Loss = Callable[[], tuple[Tensor, Any]]
"""Computes a loss, and whatever else is to be known of it."""


class Autodiff(Protocol):
    """What a training step needs of a backend."""

    def compiled(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """A function of arrays that may change variables, compiled."""

    def gradients(
        self, loss: Loss, variables: Sequence[keras.Variable]
    ) -> tuple[Any, list[Tensor]]:
        """What `loss` returns beside the loss, and the loss's gradients by the variables."""

    def slopes(self, function: Callable[..., Tensor], arguments: Sequence[Tensor]) -> list[Tensor]:
        """Gradients of the sum of a function's values by its arguments; they have gradients too."""


def autodiff(variables: Sequence[keras.Variable]) -> Autodiff:
    """The backend's.

    Args:
        variables: All that steps read or change, those of optimizers too.

    Raises:
        ConfigError: If Keras runs on a backend that steps cannot be written for.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _TensorFlow()
    if backend == "jax":
        return _Jax(variables)
    raise ConfigError(
        f"Keras runs on {backend}, which this training is not written for",
        remedy="set KERAS_BACKEND to tensorflow or jax",
    )


class _TensorFlow:
    def compiled(self, step: Callable[..., Any]) -> Callable[..., Any]:
        import tensorflow  # noqa: PLC0415 - a machine with JAX may have none

        compiled: Callable[..., Any] = tensorflow.function(step, autograph=False)
        return compiled

    def gradients(
        self, loss: Loss, variables: Sequence[keras.Variable]
    ) -> tuple[Any, list[Tensor]]:
        import tensorflow  # noqa: PLC0415 - as above

        with tensorflow.GradientTape() as tape:
            value, beside = loss()
        values = [variable.value for variable in variables]
        return beside, tape.gradient(value, values, unconnected_gradients="zero")

    def slopes(self, function: Callable[..., Tensor], arguments: Sequence[Tensor]) -> list[Tensor]:
        import tensorflow  # noqa: PLC0415 - as above

        with tensorflow.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(arguments)
            value = keras.ops.sum(function(*arguments))
        return list(tape.gradient(value, arguments, unconnected_gradients="zero"))


class _Jax:
    """JAX's functions are pure: variables go in as arguments, and come out with their changes."""

    def __init__(self, variables: Sequence[keras.Variable]) -> None:
        self._variables = tuple(variables)

    def compiled(self, step: Callable[..., Any]) -> Callable[..., Any]:
        import jax  # noqa: PLC0415 - a machine with TensorFlow may have none

        def pure(values: list[Tensor], *arguments: Any) -> tuple[Any, list[Tensor]]:
            state = list(zip(self._variables, values, strict=True))
            with keras.StatelessScope(state_mapping=state) as scope:
                said = step(*arguments)
            after = [
                value if (changed := scope.get_current_value(variable)) is None else changed
                for variable, value in state
            ]
            return said, after

        compiled = jax.jit(pure)

        def call(*arguments: Any) -> Any:
            said, values = compiled([variable.value for variable in self._variables], *arguments)
            for variable, value in zip(self._variables, values, strict=True):
                variable.assign(value)
            return said

        return call

    def gradients(
        self, loss: Loss, variables: Sequence[keras.Variable]
    ) -> tuple[Any, list[Tensor]]:
        import jax  # noqa: PLC0415 - as above

        # A scope does not know what the one around it knows.
        state = [(variable, variable.value) for variable in self._variables]

        def pure(values: list[Tensor]) -> tuple[Tensor, Any]:
            changed = list(zip(variables, values, strict=True))
            with keras.StatelessScope(state_mapping=[*state, *changed]):
                return loss()

        values = [variable.value for variable in variables]
        slopes, beside = jax.grad(pure, has_aux=True)(values)
        return beside, list(slopes)

    def slopes(self, function: Callable[..., Tensor], arguments: Sequence[Tensor]) -> list[Tensor]:
        import jax  # noqa: PLC0415 - as above

        def total(values: list[Tensor]) -> Tensor:
            return keras.ops.sum(function(*values))

        return list(jax.grad(total)(list(arguments)))
