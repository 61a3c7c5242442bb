"""Use cases of the portfolios room, by noun: books, cash, orders, matching, snapshots, proof."""
