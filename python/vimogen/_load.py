"""Loads the compiled module with an allocator that keeps freed memory for a second.

A training step frees its activations and the next one allocates as many: returning pages in between costs up to a
quarter of the time. The allocator reads its setting from the environment while it is loaded; a user's own counts.
"""

import os

_SETTING = "MIMALLOC_PURGE_DELAY"  # milliseconds

if _SETTING in os.environ:
    from . import _vimogen
else:
    os.environ[_SETTING] = "1000"
    try:
        from . import _vimogen
    finally:
        del os.environ[_SETTING]  # not for the programs that this one starts

__all__ = ["_vimogen"]
