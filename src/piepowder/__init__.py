"""Piepowder: governance for a marketplace's third-party apps. `docs/architecture.md` is the map."""

__version__ = "0.1.0"
