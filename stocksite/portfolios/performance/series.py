"""The boundary between money and research: numbers become float64 arrays here, once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Numbers = Sequence[Decimal] | Sequence[float] | FloatArray

TRADING_DAYS: Final = 252
"""Sessions in a year, by convention."""


def floats(values: Numbers, *, name: str, size: int | None = None) -> FloatArray:
    """A one-dimensional float64 array of finite numbers, `size` of them if given.

    Raises ValueError naming the series and the first place where it is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} is a series, not an array of shape {array.shape}")
    if size is not None and array.size != size:
        raise ValueError(f"{name} has {array.size} values and {size} are needed")
    finite = np.isfinite(array)
    if not finite.all():
        raise ValueError(f"{name} is not finite at {int(np.argmin(finite))}")
    return array
