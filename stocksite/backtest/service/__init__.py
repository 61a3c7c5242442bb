"""Use cases of the lab.

runs      one backtest: made, judged, checked again, listed, compared, deleted
tries     what was tried before, which a run's verdict asks for
sweeps    a grid of them
attached  strategies that trade a portfolio: attach, pause, detach
trading   what attached strategies do after each close
parity    what they should have done, beside what they did
"""
