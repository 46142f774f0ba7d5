"""Converting many motion files: what becomes of each, and of all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

from .. import Motion, VimogenError
from . import formats
from .progress import progress
from .reading import found, length


@dataclass
class Converted:
    """A file that was read and written in other formats, or the reason why not."""

    source: str
    files: list[str] = field(default_factory=list)
    frames: int = 0
    fps: float = 0.0
    found: dict[str, Any] | None = None
    reason: str | None = None
    text: str = ""

    @classmethod
    def of(cls, source: Path, targets: Sequence[Path], motion: Motion, read: Motion) -> Converted:
        """Describe a motion that was written; `read` is what the file held."""
        kept: Any = read.source
        changed = (len(motion), motion.fps) != (len(read), read.fps)
        text = f"{found(read)} -> {', '.join(map(str, targets))}" + (f": {length(motion)}" if changed else "")
        return cls(str(source), [str(path) for path in targets], len(motion), motion.fps, kept, text=text)

    def lines(self) -> Iterator[tuple[str, bool]]:
        """Lines for people, and whether they are of trouble."""
        if self.reason is not None:
            yield f"{self.source}: not converted: {self.reason}", True
            return
        yield f"{self.source}: {self.text}", False
        yield from ((f"{self.source}: warning: {doubt}", True) for doubt in self.doubts)

    @property
    def doubts(self) -> list[str]:
        """Doubts of the reader."""
        doubts: list[str] = self.found["warnings"] if self.found else []
        return doubts

    def report(self) -> dict[str, Any]:
        """Content for programs."""
        rows = asdict(self)
        del rows["text"]
        return rows


def targets(sources: Sequence[Path], out: Path, endings: Sequence[str]) -> list[tuple[Path, list[Path]]]:
    """List the files to read with those to write, each of its own name."""
    jobs = [
        (source, [out / place.with_name(f"{place.stem}.{ending}") for ending in endings])
        for source, place in formats.motion_files(sources)
    ]
    if not jobs:
        raise click.UsageError(
            f"no motion file among {', '.join(map(str, sources))}; read are {' '.join(formats.READS)}"
        )
    counts = Counter(path for _, paths in jobs for path in paths)
    twice = next((path for path, count in counts.items() if count > 1), None)
    if twice is not None:
        named = [str(source) for source, paths in jobs if twice in paths]
        raise click.UsageError(f"{' and '.join(named)} would both become {twice}; convert them into two folders")
    own = {source.resolve() for source, _ in jobs}
    over = next((path for path in counts if path.resolve() in own), None)
    if over is not None:
        raise click.UsageError(f"{over} is itself a source and would be written over; use another --out")
    return jobs


def convert_all(
    jobs: Sequence[tuple[Path, list[Path]]],
    convert: Callable[[Path, Sequence[Path]], Converted],
    *,
    quiet: bool,
    as_json: bool,
) -> list[Converted]:
    """Convert files on all cores, go on past bad ones, and print a line for each; none with `as_json`."""

    def one(job: tuple[Path, list[Path]]) -> Converted:
        try:
            return convert(*job)
        except (VimogenError, OSError, OverflowError) as error:
            return Converted(str(job[0]), reason=str(error))

    done: list[Converted] = []
    with progress("converting", hidden=quiet or as_json) as bar, ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for result in pool.map(one, jobs):
                done.append(result)
                if bar is not None:
                    bar("", len(done), len(jobs))
                elif not as_json:
                    _print(result)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if bar is not None:
        for result in done:
            _print(result)
    return done


def _print(result: Converted) -> None:
    for line, trouble in result.lines():
        click.echo(line, err=trouble)


def summary(done: Sequence[Converted], out: Path) -> str:
    """Sum up in a line."""
    failed = sum(result.reason is not None for result in done)
    doubted = sum(bool(result.doubts) for result in done)
    text = f"{len(done) - failed} of {len(done)} files converted into {out}"
    text += f", {failed} not" if failed else ""
    return text + (f"; {doubted} with warnings" if doubted else "")
