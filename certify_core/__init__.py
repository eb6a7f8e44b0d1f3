"""Certify: a small core that knows how certificates live, and plugins that know the world."""

__version__ = "0.1.0"
