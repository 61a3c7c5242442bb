"""The backtest lab: ideas tried on history, with costs, and without fooling oneself.

Everything here but the room's models, service, views and jobs is rules: pure functions over arrays.
`engine` is the reference (a bar loop with the paper exchange's fill rules), `kernels` compute the
same money for whole grids at once, `honesty` says what the result is worth.
"""
