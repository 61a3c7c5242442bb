"""The market's use cases: the clock, quotes, stocks, bars, search, and loading the sample."""
