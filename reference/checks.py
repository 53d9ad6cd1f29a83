"""What a bad argument is told: its name, what it is, and what it should be."""

from collections.abc import Sequence

from reference.namespace import Array, array_namespace


def require(holds: bool, name: str, got: object, wanted: str) -> None:
    """Raise ValueError("<name> is <got>, but should be <wanted>") unless `holds`."""
    if not holds:
        raise ValueError(f"{name} is {got}, but should be {wanted}")


def require_shape(name: str, array: Array, axes: tuple[int | str, ...]) -> None:
    """Raise ValueError unless `array` has the shape `axes`, in which a letter stands for any size."""
    shape = tuple(array.shape)
    if shape == axes:
        return
    fits = len(shape) == len(axes) and all(
        isinstance(wanted, str) or size == wanted for size, wanted in zip(shape, axes, strict=True)
    )
    if not fits:
        wanted = ", ".join(map(str, axes)) + ("," if len(axes) == 1 else "")
        raise ValueError(f"{name} has shape {shape}, but should be ({wanted})")


def require_values(name: str, holds: Array, wanted: str) -> None:
    """Raise ValueError unless the boolean array `holds` is true everywhere."""
    if not bool(array_namespace(holds).all(holds)):
        raise ValueError(f"{name} has values that are not {wanted}")


def require_labels(labels: Array, num_classes: int, samples: int | str = "N") -> None:
    """Raise ValueError unless `labels` is `samples` integers in 0 .. num_classes - 1."""
    require_shape("labels", labels, (samples,))
    integral = array_namespace(labels).isdtype(labels.dtype, "integral")
    require(integral, "labels", f"of dtype {labels.dtype}", "of an integer dtype")
    require_values("labels", (labels >= 0) & (labels < num_classes), f"in 0 .. {num_classes - 1}")


def require_layers(weights: Sequence[Array], biases: Sequence[Array], inputs: int) -> None:
    """Raise ValueError unless the layers take `inputs` features in and each fits the one before it."""
    require(len(weights) > 0, "weights", "empty", "one matrix a layer")
    require(len(biases) == len(weights), "biases", f"{len(biases)} vectors", f"{len(weights)}, one a layer")
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
        require_shape(f"weights[{layer}]", w, (inputs, "M"))
        require_shape(f"biases[{layer}]", b, (w.shape[1],))
        inputs = w.shape[1]
