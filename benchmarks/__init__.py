"""What the site costs, measured: `make bench`, or `make bench ARGS=web` for one group.

Benchmarks print figures against what was asked; they are not tests and nothing fails by time.
"""
