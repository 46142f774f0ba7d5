"""The work of a round of the stress run in a process of its own: work.py KIND SEED SECONDS FOLDER.

Prints one line of JSON: ``actions`` done, ``errors`` that were expected, ``wrong`` results.
"""

from __future__ import annotations

import faulthandler
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import actions
import files
import server

import vimogen

# Seconds after which a forked child hangs.
PATIENCE = 120


def threads(rng: random.Random, end: float, folder: Path) -> dict[str, Any]:
    """A crowd of threads, some with small stacks, repeats actions whose results are known."""
    want = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    shared, lock = actions.Actions(folder), threading.Lock()
    threading.stack_size(rng.choice([256 * 1024, 1 << 20, 8 << 20]))
    done, wrong = [0], []

    def work(seed: int) -> None:
        own = random.Random(seed)
        while time.monotonic() < end:
            fault = shared.repeat(own, want)
            with lock:
                done[0] += 1
                wrong.extend([fault] if fault else [])

    crowd = [threading.Thread(target=work, args=(rng.random(),)) for _ in range(rng.choice([2, 4, 16, 64]))]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    return {"actions": done[0], "wrong": wrong}


def forks(rng: random.Random, end: float, folder: Path) -> dict[str, Any]:
    """Children of a process that has loaded everything repeat actions, some on several threads; some fork again."""
    want = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    shared = actions.Actions(folder)
    shared.repeat(rng, want)
    done, hangs, wrong = 0, 0, []

    def child(seed: float, again: bool) -> int:
        own = random.Random(seed)
        bad = sum(bool(shared.repeat(own, want)) for _ in range(3))
        if own.random() < 0.2:
            bad += crowd(own)
        if again:
            bad += wait(start(own.random(), again=False))
        return bad

    def crowd(own: random.Random) -> int:
        bad: list[str] = []
        work = [threading.Thread(target=lambda: bad.append(shared.repeat(own, want))) for _ in range(6)]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
        return len(work) - bad.count("")

    def start(seed: float, *, again: bool) -> int:
        # A fork leaves the thread behind that would print, and with it the lock that the next call waits for.
        faulthandler.cancel_dump_traceback_later()
        pid = os.fork()
        if pid == 0:
            # Where a child hangs is printed before the alarm ends it.
            faulthandler.dump_traceback_later(PATIENCE - 10)
            signal.alarm(PATIENCE)
            code = 99
            try:
                code = min(98, child(seed, again))
            finally:
                os._exit(code)
        return pid

    def wait(pid: int) -> int:
        _, status = os.waitpid(pid, 0)
        return 0 if status == 0 else 1

    while time.monotonic() < end:
        children = [start(rng.random(), again=rng.random() < 0.2) for _ in range(rng.choice([1, 2, 4]))]
        for pid in children:
            _, status = os.waitpid(pid, 0)
            done += 3
            if status == signal.SIGALRM:
                hangs += 1
            elif status:
                wrong.append(f"a forked child ended with {status}")
    return {"actions": done, "wrong": wrong, "hangs": hangs}


def damaged(rng: random.Random, end: float, folder: Path) -> dict[str, Any]:
    """Damaged files of every format: an error of vimogen, or the same motion, or for a flipped byte a finite one."""
    done = errors = 0
    wrong: list[str] = []
    samples = files.samples(folder)
    while time.monotonic() < end:
        sample = rng.choice(samples)
        how, data = files.damage(rng, sample.data)
        done += 1
        try:
            fault = files.judge(sample, how, data, folder)
        except vimogen.InternalError as error:
            fault = f"panic: {error}"
        except (vimogen.VimogenError, OSError):
            errors, fault = errors + 1, ""
        if fault:
            kept = folder / f"wrong-{rng.randrange(10**9)}{sample.path.suffix}"
            kept.write_bytes(data)
            wrong.append(f"{sample.path.name}, {how}: {fault}; kept as {kept}")
    return {"actions": done, "errors": errors, "wrong": wrong}


def full(rng: random.Random, end: float, folder: Path) -> dict[str, Any]:
    """Saves onto a disk that is full: an error of the operating system, and the older file whole."""
    done = errors = 0
    wrong: list[str] = []
    motions = [vimogen.Motion.load(folder / "clip.npz"), vimogen.Motion.load(folder / "clip.npz").mirrored()]
    disk = folder / "disk"
    known: dict[Path, bytes] = {}
    while time.monotonic() < end:
        path = disk / f"{rng.randrange(6)}.{rng.choice(actions.WRITTEN)}"
        motion = rng.choice(motions).hold(rng.choice([0.1, 1.0, 4.0]))
        done += 1
        try:
            motion.save(path) if path.suffix not in (".gif", ".png") else motion.render(path, size=(48, 48))
            known[path] = path.read_bytes()
        except vimogen.InternalError as error:
            wrong.append(f"panic: {error}")
        except (vimogen.VimogenError, OSError):
            errors += 1
            if path in known and path.read_bytes() != known[path]:
                wrong.append(f"{path.name} changed although saving failed")
            if path not in known and path.exists():
                wrong.append(f"{path.name} is there although saving failed")
        left = [entry.name for entry in disk.iterdir() if entry.name.startswith(".vimogen-")]
        if left:
            wrong.append(f"temporary files are left: {left}")
        if rng.random() < 0.1 and known:
            gone = rng.choice(sorted(known))
            known.pop(gone)
            gone.unlink()
    return {"actions": done, "errors": errors, "wrong": wrong}


def main() -> None:
    """Run a round."""
    kind, seed, seconds, folder = sys.argv[1:]
    work = {"threads": threads, "forks": forks, "damaged": damaged, "full": full, "server": server.crowd}[kind]
    result = work(random.Random(int(seed)), time.monotonic() + float(seconds), Path(folder))
    print(json.dumps({"errors": 0, "hangs": 0, **result}))


if __name__ == "__main__":
    main()
