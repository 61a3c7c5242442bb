"""Sweeps: the money of thousands of parameter combinations at once, equal to the bar loop's."""
