"""From a claimed value to an array of the shape wanted: what is wrong with its form, and can it be judged?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.i18n import _
from graders.sandbox.program import Value

Array = NDArray[Any]
Tree = Array | list[Array]


@dataclass(slots=True)
class Form:
    """One array of an output.

    label: "dw", or "dweights[1]" in a list. wanted: the oracle's array. array: what came, in the wanted shape
    and its own dtype, None when it cannot be compared. complaint: what is wrong with its form ("" if nothing).
    """

    label: str
    wanted: Array
    array: Array | None
    complaint: str = ""
    hint: str = ""
    misshapen: bool = False


def conform(label: str, value: Value, wanted: Tree, dtype: str = "float64") -> list[Form]:
    """The forms of an output: one, or one for each array of a list."""
    if not isinstance(wanted, list):
        return [_one(label, value, wanted, dtype)]
    names = [f"{label}[{index}]" for index in range(len(wanted))]
    items = list(_items(value))
    if value.kind != "list" or len(items) != len(wanted):
        text = _("is {got}, but should be a list of {count} arrays").format(got=describe(value), count=len(wanted))
        if len(items) != len(wanted) or not wanted:
            return [Form(label, wanted[0] if wanted else np.zeros(0), None, text)]
        forms = [_one(name, item, array, dtype) for name, item, array in zip(names, items, wanted, strict=True)]
        return [Form(label, wanted[0], forms[0].array, text), *forms[1:]]
    return [_one(name, item, array, dtype) for name, item, array in zip(names, items, wanted, strict=True)]


def _items(value: Value) -> Iterator[Value]:
    if value.kind == "list":
        yield from value.items
    elif value.array is not None and value.array.ndim:
        yield from (Value("array", part) for part in value.array)


def _one(label: str, value: Value, wanted: Array, dtype: str) -> Form:
    if value.array is None:
        return _unwrapped(label, value, wanted, dtype)
    array = value.array
    if array.dtype.kind not in "fiub":
        return Form(label, wanted, None, _dtype_complaint(array, wanted, dtype))
    if array.shape == wanted.shape:
        plain = is_number(value) and wanted.dtype.kind == "f"
        complaint = "" if plain else _dtype_complaint(array, wanted, dtype) or _byte_order(value)
        return Form(label, wanted, array, complaint)
    complaint = _("has shape {got}, but should be {wanted}").format(got=array.shape, wanted=wanted.shape)
    same_but_for_ones = _squeezed(array.shape) == _squeezed(wanted.shape)
    hint = _shape_hint(array.shape, wanted.shape)
    return Form(
        label,
        wanted,
        array.reshape(wanted.shape) if same_but_for_ones else None,
        complaint,
        hint,
        misshapen=True,
    )


def _unwrapped(label: str, value: Value, wanted: Array, dtype: str) -> Form:
    """A list of numbers where an array is wanted costs its form only; anything else cannot be compared."""
    complaint = _("is {got}, but should be an array of shape {shape}").format(got=describe(value), shape=wanted.shape)
    if value.kind != "list":
        return Form(label, wanted, None, complaint)
    if not value.items and not wanted.size:
        return Form(label, wanted, wanted.copy(), complaint)
    only = value.items[0] if len(value.items) == 1 else value
    array = _stacked(only)
    if array is None or array.shape != wanted.shape:
        array = _stacked(value)
    return Form(label, wanted, array if array is not None and array.shape == wanted.shape else None, complaint)


def numbers(value: Value, is_list: bool) -> list[Array] | None:
    """The arrays of a value in whatever shape they came, None when one of them is not numeric.

    is_list: a list of arrays is wanted; where it is not, a list of rows counts as the array it stands for.
    """
    arrays = [_stacked(item) for item in (value.items if is_list else (value,))]
    numeric = [array for array in arrays if array is not None]
    return numeric if len(numeric) == len(arrays) and numeric else None


def _stacked(value: Value) -> Array | None:
    """The array a value is or, row by row, stands for; None when it is not numeric or ragged."""
    if value.kind != "list":
        return value.array if value.array is not None and value.array.dtype.kind in "fiub" else None
    rows = [row for row in map(_stacked, value.items) if row is not None]
    even = len(rows) == len(value.items) and len({row.shape for row in rows}) == 1
    return np.stack(rows) if even else None


def is_number(value: Value) -> bool:
    """Whether it is a number of Python's own: it has no dtype, and gives none to what it is multiplied with."""
    return value.kind in ("int", "float")


def describe(value: Value) -> str:
    """What a value is, for a message."""
    if value.kind == "list":
        return _("a list of {count}").format(count=len(value.items))
    if value.array is not None:
        return _("an array of shape {shape}").format(shape=value.array.shape)
    if value.kind == "none":
        return _("None (is a return missing?)")
    return _("a value of type {name}").format(name=value.type_name or value.kind)


def _dtype_complaint(array: Array, wanted: Array, dtype: str) -> str:
    should = np.dtype(dtype) if wanted.dtype.kind == "f" else wanted.dtype
    right = array.dtype == should if should.kind in "fb" else array.dtype.kind in "iu"
    if right or (array.ndim == 0 and array.dtype.kind == "f" and should == np.float64 == array.dtype):
        return ""
    name = should.name if should.kind in "fb" else _("an integer type")
    return _("has dtype {got}, but should be {wanted}").format(got=array.dtype.name, wanted=name)


def _byte_order(value: Value) -> str:
    return _("is not in this machine's byte order") if value.byte_order_swapped else ""


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _shape_hint(got: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    if len(got) > 1 and got == wanted[::-1]:
        return _("it is transposed")
    if len(got) == len(wanted) + 1 and _squeezed(got) == _squeezed(wanted):
        return _("a sum kept its axis (keepdims=True)")
    if len(got) == len(wanted) + 1 and got[1:] == wanted:
        return _("the sum over the batch is missing")
    return ""
