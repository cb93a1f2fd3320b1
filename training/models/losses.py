"""What the AR-CNN is trained to make small.

Both losses are averages over the chosen cells of a crop, so that a crop with one masked
cell weighs as much as one with all of them (the orderless loss).

Letters: B batch, T time steps, P pitch classes of the grid, V voices.

Reference:
    B. Uria, I. Murray, H. Larochelle, "A Deep and Tractable Density Estimator"
    (ICML 2014), for the orderless loss.
"""

import keras
from keras import ops


def masked_cell_loss(
    target: keras.KerasTensor, pitch_logits: keras.KerasTensor
) -> keras.KerasTensor:
    """Nats per masked cell, averaged within each crop.

    Args:
        target: (B, T, V, 2), a cell's true class and its weight.
        pitch_logits: (B, T, P, V).

    Returns:
        (B,)
    """
    classes, weight = ops.cast(target[..., 0], "int32"), target[..., 1]
    # (B, T, P, V) -> (B, T, V, P)
    log_probability = ops.log_softmax(ops.transpose(pitch_logits, (0, 1, 3, 2)), axis=-1)
    said = ops.take_along_axis(log_probability, classes[..., None], axis=-1)[..., 0]
    return -ops.sum(said * weight, axis=(1, 2))


def attack_loss(target: keras.KerasTensor, attack_logits: keras.KerasTensor) -> keras.KerasTensor:
    """Nats per judged cell: is a pitch that goes on struck again?

    Args:
        target: (B, T, V, 3), a cell's true class, 1 where it is struck, and its weight.
        attack_logits: (B, T, P, V), read at the pitch that sounds.

    Returns:
        (B,)
    """
    classes, struck, weight = ops.cast(target[..., 0], "int32"), target[..., 1], target[..., 2]
    each_pitch = ops.transpose(attack_logits, (0, 1, 3, 2))
    logit = ops.take_along_axis(each_pitch, classes[..., None], axis=-1)[..., 0]
    return ops.sum((ops.softplus(logit) - struck * logit) * weight, axis=(1, 2))
