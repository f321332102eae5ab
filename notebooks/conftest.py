"""What nbval does not compare: pixels, and numbers that a lesson prints behind "≈"."""

from pathlib import Path


def pytest_configure(config):
    """Names the patterns, unless the command line names others."""
    if getattr(config.option, "nbval_sanitize_with", "") is None:
        config.option.nbval_sanitize_with = str(Path(__file__).with_name("nbval.cfg"))
