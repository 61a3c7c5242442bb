"""Plateau, not peak: the cell of a heatmap whose neighbourhood is good, not just itself."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from stocksite.backtest.bars import Floats


def neighbourhood(values: Floats) -> Floats:
    """Mean of each cell and its neighbours (3 per axis), missing ones (NaN) left out.

    Cells that are NaN themselves stay NaN. Any number of axes.
    """
    padded = np.pad(values, 1, constant_values=np.nan)
    windows = sliding_window_view(padded, (3,) * values.ndim)
    axes = tuple(range(values.ndim, 2 * values.ndim))
    known = ~np.isnan(windows)
    count = known.sum(axis=axes)
    total = np.where(known, windows, 0.0).sum(axis=axes)
    mean = np.divide(total, count, out=np.full(values.shape, np.nan), where=count > 0)
    return np.where(np.isnan(values), np.nan, mean)


def plateau(values: Floats) -> tuple[int, ...] | None:
    """Where the neighbourhood's mean is highest.

    None when every cell is NaN. Cells with fewer than half their neighbours are passed over
    while there are others: a corner has too few witnesses.
    """
    means = neighbourhood(values)
    if np.isnan(means).all():
        return None
    padded = np.pad(~np.isnan(values), 1, constant_values=False)
    windows = sliding_window_view(padded, (3,) * values.ndim)
    witnesses = windows.sum(axis=tuple(range(values.ndim, 2 * values.ndim)))
    enough = witnesses * 2 > min(3**values.ndim, int(witnesses.max()))
    ranked = np.where(enough & ~np.isnan(means), means, -np.inf)
    if not np.isfinite(ranked).any():
        ranked = np.where(np.isnan(means), -np.inf, means)
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(ranked)), values.shape))
