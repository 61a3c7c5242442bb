"""Portfolios: the ledger, orders and fills, positions, and what they earned."""
