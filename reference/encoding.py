"""From labels and pixels to what a network reads."""

from reference.checks import require, require_labels
from reference.namespace import Array, array_namespace


def label_mask(labels: Array, num_classes: int) -> Array:
    """(N, C) bool: true in row n at column labels[n] only. The labels are in range."""
    xp = array_namespace(labels)
    return labels[:, None] == xp.arange(num_classes, device=labels.device)[None, :]


def at_labels(scores: Array, labels: Array) -> Array:
    """(N,) the score of each row's own label, scores[n, labels[n]]. The labels are in range."""
    rows = array_namespace(labels).arange(labels.shape[0], device=labels.device)
    return scores[rows, labels]


def one_hot(labels: Array, num_classes: int) -> Array:
    """One-hot encoding: row n is all 0 but for a 1 at column labels[n].

    Args:
        labels: (N,) int, in 0 .. num_classes - 1.
        num_classes: C, at least 1.
    Returns:
        encoded: (N, C) float64.
    Raises:
        ValueError: num_classes is less than 1, or labels is not a vector of integers in range.
    Convention: classes count from 0, so that label 3 of 9 is [0, 0, 0, 1, 0, 0, 0, 0, 0].
    Source: USTC lectures, data for a first network.
    """
    xp = array_namespace(labels)
    require(num_classes >= 1, "num_classes", num_classes, "at least 1")
    require_labels(labels, num_classes)
    return xp.astype(label_mask(labels, num_classes), xp.float64)


def scale_pixels(pixels: Array) -> Array:
    """Scale 8-bit pixels to [0, 1], pixels / 255.

    Args:
        pixels: (N, D) uint8.
    Returns:
        scaled: (N, D) float64; 0 stays 0, and 255 becomes 1.
    Raises:
        ValueError: pixels is not of dtype uint8.
    Source: USTC lectures, data for a first network.
    """
    xp = array_namespace(pixels)
    require(pixels.dtype == xp.uint8, "pixels", f"of dtype {pixels.dtype}", "of dtype uint8")
    return xp.astype(pixels, xp.float64) / 255
