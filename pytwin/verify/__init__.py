"""Reference cases: what is expected, from where, to what tolerance."""

from pytwin.verify.library import reference_dir

__all__ = ["reference_dir"]
