"""Use cases of administrators. Every change is written to the audit by whoever calls it."""
