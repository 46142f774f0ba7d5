"""Type checkers: the stubs are the module, the package and a user's program pass mypy --strict."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import user_program
from conftest import ROOT


def check(*words):
    environment = os.environ | {"MYPYPATH": str(ROOT / "python")}
    command = [sys.executable, "-m", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stubs_are_those_of_the_module():
    check("mypy.stubtest", "vimogen._vimogen", "--allowlist", ROOT / "tests/python/stubtest.txt")


def test_the_package_and_a_user_program_pass_mypy_strict(tmp_path):
    files = ["python/vimogen", Path(user_program.__file__), "examples/quickstart.py"]
    check("mypy", "--strict", "--cache-dir", tmp_path, *files)


def test_the_user_program_runs(tmp_path):
    assert np.isfinite(user_program.main(tmp_path))


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "python" / "vimogen" / "py.typed").exists()
