"""The version of the code, where every room may read it: manifests and exports print it."""

from __future__ import annotations

__version__ = "0.1.0"
