"""Shared HTTP: everything the rooms' pages and JSON routes have in common."""
