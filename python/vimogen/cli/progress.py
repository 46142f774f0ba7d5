"""Progress bar of long commands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar


@contextmanager
def progress(label: str, *, hidden: bool, stage: str | None = None) -> Iterator[Callable[[str, int, int], None] | None]:
    """Give a callback that moves a progress bar on standard error, or None if that is not a terminal.

    With `stage`, steps of other stages are ignored.
    """
    if hidden or not sys.stderr.isatty():
        yield None
        return
    bar: ProgressBar[int] | None = None

    def show(name: str, step: int, total: int) -> None:
        nonlocal bar
        if stage is not None and name != stage:
            return
        if bar is None:
            bar = click.progressbar(length=total, label=label, file=sys.stderr, show_pos=True)
            bar.__enter__()
        bar.update(step - bar.pos)

    try:
        yield show
    finally:
        if bar is not None:
            bar.__exit__(None, None, None)
