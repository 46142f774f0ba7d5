"""A generation in a process of its own, so that Blender goes on and can stop it."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .clip import Clip, read

# vimogen, and the packages that it imports.
_NEEDS = ("vimogen", "numpy", "click")
_NO_VIMOGEN = (
    "Blender's own Python has no vimogen; install the wheel there, or name a Python that has it in the preferences of "
    "the add-on"
)


class JobError(RuntimeError):
    """A generation failed; the message is for the user."""


@dataclass(frozen=True)
class Result:
    """A motion and what vimogen noted on its prompt."""

    clip: Clip
    notes: Sequence[str]


def interpreter(chosen: str) -> tuple[str, dict[str, str]]:
    """The Python to run, and its environment: the chosen one, or Blender's with the packages that Blender sees."""
    if chosen:
        if not Path(chosen).is_file():
            raise JobError(f"{chosen} is not a file; name a Python in the preferences of the add-on")
        # Blender's own modules are of no use to another Python.
        return chosen, {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    folders = []
    for package in _NEEDS:
        found = importlib.util.find_spec(package)
        if found is None or not found.origin:
            raise JobError(_NO_VIMOGEN if package == "vimogen" else f"Blender's own Python has no {package}")
        folders.append(str(Path(found.origin).parents[1]))
    return sys.executable, os.environ | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(folders))}


def arguments(prompt: str, out: Path, *, seed: int, seconds: float, steps: int, model: str, encoder: str) -> list[str]:
    """The arguments of ``vimogen generate``."""
    words = ["generate", "--seed", str(seed), "--seconds", f"{seconds:g}", "--out", str(out), "--json", "--quiet"]
    words += ["--steps", str(steps)] if steps else []
    words += ["--model", model] if model else []
    words += ["--text-encoder", encoder] if encoder else []
    return [*words, "--", prompt]


class Job:
    """A running ``vimogen generate``."""

    def __init__(self, python: str, prompt: str, **options: str | float):
        self._folder = tempfile.TemporaryDirectory(prefix="vimogen-", ignore_cleanup_errors=True)
        place = Path(self._folder.name)
        self._motion, self._log = place / "motion.npz", place / "log.txt"
        self._result = place / "result.json"
        self.started = time.monotonic()
        try:
            program, environment = interpreter(python)
            words = [program, "-m", "vimogen", *arguments(prompt, self._motion, **options)]
            # Files, not pipes: a full pipe that nobody reads would stop the program.
            with self._result.open("wb") as result, self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=result,
                    stderr=log,
                    env=environment,
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
        except OSError as error:
            self._folder.cleanup()
            raise JobError(f"{python or sys.executable} cannot be run: {error}") from error
        except JobError:
            self._folder.cleanup()
            raise

    @property
    def is_running(self) -> bool:
        """Whether the process goes on."""
        return self._process.poll() is None

    def wait(self) -> None:
        """Wait for the end of the process."""
        self._process.wait()

    def result(self) -> Result:
        """The motion of a process that has ended; its files are removed."""
        try:
            if self._process.returncode != 0:
                raise JobError(self._complaint())
            notes = json.loads(self._result.read_text(encoding="utf-8"))[0].get("notes", [])
            return Result(read(self._motion), [note["message"] for note in notes])
        except (OSError, ValueError, KeyError, IndexError) as error:
            raise JobError(f"vimogen did not write a motion: {error}") from error
        finally:
            self._folder.cleanup()

    def cancel(self) -> None:
        """Stop the process and remove its files."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def _complaint(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if any("No module named vimogen" in line for line in lines):
            return f"{self._process.args[0]} has no vimogen; name another Python in the preferences of the add-on"
        errors = [line for line in lines if line.lower().startswith("error: ")]
        last = errors[-1] if errors else lines[-1] if lines else f"vimogen ended with code {self._process.returncode}"
        return last.partition(": ")[2] if errors else last
