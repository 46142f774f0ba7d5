"""Builds programs against the installed C library: `pytest tests/capi --artifacts target` (the default)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"]
SECONDS = 600  # for any one program: a loaded machine is slow, valgrind slower


def pytest_addoption(parser):
    parser.addoption("--artifacts", default=str(ROOT / "target"), help="cargo's target folder")


def pytest_configure(config):
    if sys.platform == "win32":
        pytest.exit("these tests need a POSIX system", returncode=0)


def run(*command, env=None, cwd=None, status=0):
    """Runs a command; its output, both streams together, if it ends with `status`."""
    command = [str(part) for part in command]
    done = subprocess.run(
        command, env={**os.environ, **(env or {})}, cwd=cwd, timeout=SECONDS, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert status is None or done.returncode == status, f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}"
    return done.stdout


def need(tool: str) -> str:
    """The path of a tool, or the test is skipped."""
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed")
    return path


@pytest.fixture(scope="session")
def artifacts(request) -> Path:
    """Cargo's target folder, as an absolute path."""
    return (ROOT / request.config.getoption("--artifacts")).resolve()


@pytest.fixture(scope="session")
def prefix(artifacts, tmp_path_factory) -> Path:
    """Where the library is installed as `make install` does, and then moved: the package may not depend on its place."""
    stage = tmp_path_factory.mktemp("stage")
    run(ROOT / "vimogen-capi/install/install.sh", artifacts / "debug", "/opt/vimogen", env={"DESTDIR": str(stage)})
    moved = stage / "elsewhere"
    (stage / "opt" / "vimogen").rename(moved)
    return moved


@pytest.fixture(scope="session")
def pkg_config(prefix):
    """The flags that pkg-config gives for a package."""
    tool = need("pkg-config")

    def flags(package: str, *options: str) -> list[str]:
        env = {"PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
        return run(tool, *(options or ["--cflags", "--libs"]), package, env=env).split()

    return flags


@pytest.fixture(scope="session")
def build(prefix, tmp_path_factory):
    """Compiles files of tests/capi or examples into a program, against the shared or the static library."""
    folder = tmp_path_factory.mktemp("programs")
    static = [line for line in (prefix / "lib/pkgconfig/vimogen-static.pc").read_text().splitlines() if "Libs:" in line]
    system = static[0].split()[2:]

    def compiled(*sources: Path, kind: str = "shared", flags=(), name: str = "") -> Path:
        cpp = sources[0].suffix == ".cpp"
        compiler = need("c++" if cpp else "cc")
        standard = "-std=c++17" if cpp else "-std=c11"
        program = folder / f"{name or sources[0].stem}-{kind}"
        lib = prefix / "lib"
        link = {
            "shared": [f"-L{lib}", "-lvimogen", f"-Wl,-rpath,{lib}", "-lpthread", "-lm"],
            "static": [lib / "libvimogen.a", *system],
        }[kind]
        if not program.exists():
            run(compiler, standard, *WARNINGS, *flags, f"-I{prefix}/include", f"-I{HERE}", *sources, "-o", program, *link)
        return program

    return compiled
