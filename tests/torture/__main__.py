"""A stress run: threads, forks, kills during saves, full disks, damaged files, a server, random calls of C.

``make torture`` runs it for half an hour (``TORTURE_SECONDS=`` for less). Rounds of all kinds take turns, each in
processes of its own with a time limit. The time includes all preparations; no round begins after it. The round in
progress ends then, so the run takes longer by its start and its last action. It counts hangs, crashes and silent wrong
results; the exit code is 1 if there is one. ``--docs`` puts the figures into the book.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs/src/how-to/threads-and-processes.md"
# The lines of the page between which the figures stand.
MARKS = "<!-- make torture -->", "<!-- end -->"
# A character, as actions.py writes it.
HERO = "hero.glb"
# Time limit of a round, in seconds beyond its work: a loaded machine is slow.
PATIENCE = 300.0
KILLS = ("save", "organize", "prepare", "encode", "train", "dress", "finetune")


@dataclass
class Count:
    """Figures of a kind of round."""

    rounds: int = 0
    actions: int = 0
    errors: int = 0
    hangs: int = 0
    crashes: int = 0
    wrong: int = 0
    notes: list[str] = field(default_factory=list)

    def row(self, name: str) -> str:
        """A line of the table of figures."""
        figures = (self.rounds, self.actions, self.errors, self.hangs, self.crashes, self.wrong)
        return f"| {name} | " + " | ".join(f"{figure:,}" for figure in figures) + " |"


class Run:
    """A stress run."""

    def __init__(self, artifacts: Path, seed: int, seconds: float, length: float) -> None:
        self.artifacts = artifacts
        self.seed = seed
        self.begin = time.monotonic()
        self.seconds = seconds
        # A short run has short rounds, so that all kinds have their turn.
        self.length = max(1.0, min(length, seconds / 20))
        self.rng = random.Random(seed)
        self.counts: dict[str, Count] = {}
        self.skipped: dict[str, str] = {}

    def left(self) -> float:
        """Seconds until the time is over."""
        return self.begin + self.seconds - time.monotonic()

    def kind(self, name: str) -> Count:
        """The figures of a kind."""
        return self.counts.setdefault(name, Count())

    def python(self, name: str, words: list[str], limit: float, threads: int | None = None) -> str | None:
        """Standard output of a Python program that ends in time and well; else None, and it is counted."""
        env = {**os.environ, "RAYON_NUM_THREADS": str(threads or self.rng.choice([1, 2, 4, 16]))}
        return self.command(name, [sys.executable, *words], limit, env)

    def command(self, name: str, words: list[str], limit: float, env: dict[str, str]) -> str | None:
        """As :meth:`python`, for any program."""
        count = self.kind(name)
        with subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, start_new_session=True
        ) as process:
            try:
                out, err = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                count.hangs += 1
                count.notes.append(f"{' '.join(words[1:])} did not end in {limit:.0f} s")
                return None
        if process.returncode:
            count.crashes += 1
            count.notes.append(f"{' '.join(words[1:])} ended with {process.returncode}: {err.strip()[-2000:]}")
            return None
        if name == "forks" and err.strip():
            count.notes.append(err.strip()[-3000:])
        if name == "full disk" and err.strip():
            count.wrong += 1
            count.notes.append(f"it wrote to standard error: {err.strip()[-500:]}")
        return out

    def work(self, name: str, kind: str, seconds: float, folder: Path) -> None:
        """A round of work.py."""
        words = [str(HERE / "work.py"), kind, str(self.rng.randrange(2**31)), str(seconds), str(folder)]
        out = self.python(name, words, seconds + PATIENCE)
        count = self.kind(name)
        count.rounds += 1
        if out is not None:
            result = json.loads(out.splitlines()[-1])
            count.actions += result["actions"]
            count.errors += result["errors"]
            count.hangs += result["hangs"]
            count.wrong += len(result["wrong"])
            count.notes += result["wrong"]

    def kill(self, what: str, folder: Path) -> None:
        """Kill a program that writes, several times, and check what it leaves."""
        count = self.kind("kills")
        place = Path(tempfile.mkdtemp(dir=folder))
        for name in ("clip.npz", HERO):
            shutil.copy(folder / name, place)
        words = [sys.executable, str(HERE / "kills.py"), what, str(place)]
        count.rounds += 1
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout and process.stderr
            if process.stdout.readline().strip() != "ready":
                count.crashes += 1
                count.notes.append(f"{what}: {process.stderr.read()[-2000:]}")
                return
            time.sleep(self.rng.random() * self.rng.choice([0.1, 1.0, 3.0]))
            if process.poll() is not None:
                count.crashes += 1
                count.notes.append(f"{what} ended with {process.returncode}: {process.stderr.read()[-2000:]}")
            process.kill()
            process.communicate()
        count.actions += 1
        out = self.python("kills", [str(HERE / "kills.py"), what, str(place), "check"], PATIENCE)
        if out is not None:
            wrong = json.loads(out.splitlines()[-1])
            count.wrong += len(wrong)
            count.notes += [f"{what}: {fault}" for fault in wrong]
        if not count.notes:
            shutil.rmtree(place)

    def full(self, seconds: float, folder: Path) -> None:
        """Fill a small disk."""
        disk = folder / "disk"
        disk.mkdir(exist_ok=True)
        size = self.rng.choice(["64k", "150k", "300k", "4m"])
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], capture_output=True, text=True, check=False
        )
        if done.returncode:
            self.skipped["full disk"] = f"a small disk needs root and mount: {done.stderr.strip()}"
            return
        try:
            self.work("full disk", "full", seconds, folder)
        finally:
            subprocess.run(["umount", disk], check=False)

    def calls(self, program: Path | None, name: str, seconds: float, folder: Path) -> None:
        """Random calls of the C interface."""
        if program is None:
            return
        place = Path(tempfile.mkdtemp(dir=folder))
        seed, threads = self.rng.randrange(2**31), self.rng.choice([1, 2, 4, 8])
        words = [str(program), str(seed), str(seconds), str(place), str(threads)]
        # The library's own allocator would hide errors from AddressSanitizer.
        env = {**os.environ, "VIMOGEN_SYSTEM_ALLOCATOR": "1", "RAYON_NUM_THREADS": "2"}
        out = self.command(name, words, seconds + PATIENCE, env)
        count = self.kind(name)
        count.rounds += 1
        if out is not None:
            calls, errors, wrong = (int(word) for word in out.split())
            count.actions, count.errors, count.wrong = count.actions + calls, count.errors + errors, count.wrong + wrong
        shutil.rmtree(place)

    def turn(self, number: int, folder: Path, programs: dict[str, Path | None]) -> None:
        """A round of each kind, until the time is over."""
        kills = [KILLS[number % len(KILLS)], KILLS[(number + 2) % len(KILLS)]]
        rounds: list[Callable[[float], None]] = [
            lambda seconds: self.work("threads", "threads", seconds, folder),
            lambda seconds: self.work("forks", "forks", seconds, folder),
            lambda _: self.kill(kills[0], folder),
            lambda _: self.kill(kills[1], folder),
            lambda seconds: self.work("damaged files", "damaged", seconds, folder),
            lambda seconds: self.full(seconds / 2, folder),
            lambda seconds: self.work("server", "server", seconds, folder),
            *(self.caller(name, program, folder) for name, program in programs.items()),
        ]
        for work in rounds:
            if self.left() > 0:
                work(min(self.length, self.left()))

    def caller(self, name: str, program: Path | None, folder: Path) -> Callable[[float], None]:
        """A round of :meth:`calls`."""
        return lambda seconds: self.calls(program, name, seconds, folder)

    def report(self) -> str:
        """The figures in the form in which the book has them, and what was skipped."""
        minutes = (time.monotonic() - self.begin) / 60
        words = f"A run of {minutes:.0f} minutes on {os.cpu_count()} cores of {machine()}, seed {self.seed}:"
        skipped = (f"\nSkipped, {name}: {reason}." for name, reason in self.skipped.items())
        return "\n".join([words, "", self.table(), *skipped]) + "\n"

    def table(self) -> str:
        """The figures as a table."""
        head = "| kind | rounds | actions | errors, as they should be | hangs | crashes | silent wrong results |"
        rows = [count.row(name) for name, count in self.counts.items()]
        whole = Count(**{key: sum(getattr(c, key) for c in self.counts.values()) for key in _FIGURES})
        return "\n".join([head, "|---|---|---|---|---|---|---|", *rows, whole.row("all")])

    def is_clean(self) -> bool:
        """Whether there was no hang, no crash and no wrong result."""
        return not any(count.hangs or count.crashes or count.wrong for count in self.counts.values())


_FIGURES = ("rounds", "actions", "errors", "hangs", "crashes", "wrong")


def machine() -> str:
    """The processor's name."""
    names = re.findall(r"model name\s*:\s*(.*)", _read(Path("/proc/cpuinfo")))
    return re.sub(r"\((R|TM)\)", "", names[0]) if names else platform.processor() or platform.machine()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def put_into_page(report: str) -> None:
    """Replace the figures in the book."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    PAGE.write_text(f"{before}{MARKS[0]}\n\n{report}\n{MARKS[1]}{after}", encoding="utf-8")


def built(artifacts: Path, folder: Path, sanitizer: str) -> tuple[Path | None, str]:
    """Build the program of random calls against the static library; the reason where that fails."""
    library = artifacts / "debug" / "libvimogen.a"
    if sanitizer == "thread":
        # Locks of Rust code that is not built with it are unknown to it: it would report races that are none.
        return None, "it needs all Rust code, also Rust's own library, built with it, which a stable Rust cannot do"
    script = (ROOT / "vimogen-capi/install/install.sh").read_text(encoding="utf-8")
    system = [
        word for word in re.findall(r'system="(.*)"', script)[sys.platform != "darwin"].split() if word[:2] == "-l"
    ]
    program = folder / f"calls-{sanitizer}"
    words = ["cc", "-std=c11", "-g", "-O1", f"-fsanitize={sanitizer}", "-fno-omit-frame-pointer", f"-I{ROOT}/include"]
    words += [str(HERE / "calls.c"), "-o", str(program), str(library), *system]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None, "there is no C compiler"
    if done.returncode:
        return None, f"it does not build: {done.stderr.strip().splitlines()[-1] if done.stderr else done.returncode}"
    return program, ""


@contextlib.contextmanager
def folder_of_run(kept: Path | None) -> Iterator[Path]:
    """A folder for the files of the run, which goes with it unless it is named."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="vimogen-torture-") as name:
        yield Path(name)


def main() -> int:
    """Run until the time is over and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifacts", type=Path, default=ROOT / "target", help="cargo's target folder")
    parser.add_argument("--seconds", type=float, default=1800.0, help="length of the run")
    parser.add_argument("--round", type=float, default=8.0, help="maximum length of a round of work, seconds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where files are kept")
    parser.add_argument("--report", type=Path, help="file for the figures, as the book has them")
    parser.add_argument("--docs", action="store_true", help="put the figures into the book")
    options = parser.parse_args()
    run = Run(options.artifacts.resolve(), options.seed, options.seconds, options.round)
    with folder_of_run(options.folder) as folder:
        if run.python("prepare", ["-c", "import actions, pathlib, sys; actions.prepare(pathlib.Path(sys.argv[1]))",
                                  str(folder)], PATIENCE, threads=1) is None:  # fmt: skip
            print("\n".join(run.kind("prepare").notes))
            return 1
        del run.counts["prepare"]
        programs = {}
        for name, sanitizer in {"C, AddressSanitizer": "address", "C, ThreadSanitizer": "thread"}.items():
            programs[name], reason = built(run.artifacts, folder, sanitizer)
            if reason:
                run.skipped[name] = reason
        turn = 0
        while run.left() > 0:
            run.turn(turn, folder, programs)
            turn += 1
            state = "clean" if run.is_clean() else "FAULTS"
            print(f"turn {turn}: {state}, {max(0, run.left()):.0f} s left", file=sys.stderr, flush=True)
    report = run.report()
    print(report)
    # The book does not have the faults.
    print("\n\n".join(f"{name}: {note}" for name, count in run.counts.items() for note in count.notes))
    if options.report:
        options.report.write_text(report, encoding="utf-8")
    if options.docs:
        put_into_page(report)
    return 0 if run.is_clean() else 1


if __name__ == "__main__":
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    sys.exit(main())
