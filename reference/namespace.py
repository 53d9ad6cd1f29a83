"""Which array library the arguments belong to, and the little that its standard leaves to us."""

from typing import Any

import numpy as np

Array = Any
"""An array of any library that follows the array API standard."""

Cache = Any
"""What a forward keeps for its backward: nobody else looks inside."""


def array_namespace(*arrays: Array) -> Any:
    """The namespace (`xp`) of the library that `arrays` belong to.

    Args:
        arrays: at least one array; NumPy scalars count as NumPy's.
    Returns:
        xp: a module that follows the array API standard.
    Raises:
        TypeError: one of them is no array, or they belong to different libraries.
    Source: Python array API standard, version 2024.12.
    """
    for array in arrays:
        if not isinstance(array, (np.ndarray, np.generic)):
            break
    else:
        return np
    # Only other libraries need the compatibility layer: where there is NumPy alone, it is never missed.
    from array_api_compat import array_namespace as namespace_of

    return namespace_of(*arrays)


def in_dtype_of(array: Array, like: Array) -> Array:
    """`array` in the dtype of `like`; `array` itself where it has that dtype already."""
    if array.dtype == like.dtype:
        return array
    return array_namespace(array).astype(array, like.dtype)
