"""Real data: irises and digits as scikit-learn ships them, MNIST's files, the English of Python's own help."""

import gzip
from pathlib import Path

import numpy as np

from reference.namespace import Array


def iris() -> tuple[Array, Array, Array, Array]:
    """The first 40 flowers of each species to train, the last 10 to test: x, y, x_test, y_test, standardised."""
    from sklearn.datasets import load_iris

    x, y = load_iris(return_X_y=True)
    test = np.arange(150) % 50 >= 40
    x = (x - x[~test].mean(0)) / x[~test].std(0)
    return x[~test], y[~test], x[test], y[test]


def digits() -> tuple[Array, Array, Array, Array]:
    """8 x 8 digits, (N, 1, 8, 8) from 0 to 1: x, y, x_test, y_test; the last 297 to test."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    x = images.reshape(-1, 1, 8, 8) / 16
    return x[:1500], labels[:1500], x[1500:], labels[1500:]


def enlarged(x: Array) -> Array:
    """8 x 8 images as large as MNIST's: every pixel three by three times, and a border of two zeros."""
    return np.pad(x.repeat(3, axis=2).repeat(3, axis=3), ((0, 0), (0, 0), (2, 2), (2, 2)))


def mnist(folder: str) -> tuple[Array, Array, Array, Array]:
    """MNIST's four IDX files, packed or not, (N, 1, 28, 28) from 0 to 1.

    Raises:
        ValueError: a file is missing, or is not what IDX says it should be.
    Source: LeCun, The MNIST database, the file format.
    """
    parts = []
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        parts.append(read_idx(Path(folder) / f"{name}-ubyte"))
    x, y, x_test, y_test = parts
    return x[:, None] / 255, y.astype(np.int64), x_test[:, None] / 255, y_test.astype(np.int64)


def read_idx(path: Path) -> Array:
    """One IDX file of unsigned bytes, `path` or `path`.gz; ValueError says what is wrong."""
    packed = path.with_name(path.name + ".gz")
    if not path.is_file() and not packed.is_file():
        raise ValueError(f"{path} is missing, but should be an IDX file, packed (.gz) or not")
    content = path.read_bytes() if path.is_file() else gzip.decompress(packed.read_bytes())
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path} begins with {content[:4]!r}, but should be an IDX file of unsigned bytes")
    axes = content[3]
    shape = np.frombuffer(content, ">u4", axes, 4).astype(np.int64)
    body = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
    if body.size != shape.prod():
        raise ValueError(f"{path} holds {body.size} bytes, but should hold {shape.prod()}")
    return body.reshape(shape)


def english(length: int) -> str:
    """The beginning of Python's own help texts, which every CPython ships."""
    from pydoc_data.topics import topics

    text = " ".join(" ".join(topics[name].split()) for name in sorted(topics))
    return text[:length]
