"""The market: stocks, bars, quotes, corporate actions, the clock that replays them."""
