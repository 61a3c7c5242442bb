"""Forecasts that keep their promises: how far a price may go, not where, and a score for each.

closes ─> features ─> pooled volatility by horizon ┐
     └──> GARCH(1,1), fitted to this stock ────────┴─> × conformal quantiles ─> fan ─> score
"""
