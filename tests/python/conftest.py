"""Where the build's outputs are: `pytest tests/python --artifacts target` (the default)."""

import signal
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]

# A shell starts background jobs with Ctrl-C ignored, and their children inherit it: the tests that press it would wait.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--artifacts", default=str(ROOT / "target"), help="cargo's target folder")


@pytest.fixture(scope="session")
def artifacts(request) -> Path:
    """Cargo's target folder, as an absolute path."""
    return (ROOT / request.config.getoption("--artifacts")).resolve()


@pytest.fixture(scope="session")
def version() -> str:
    """The version that the workspace's Cargo.toml states."""
    lines = (ROOT / "Cargo.toml").read_text(encoding="utf-8").splitlines()
    return next(line.split('"')[1] for line in lines if line.startswith("version = "))


@pytest.fixture(scope="session")
def shared_library(artifacts):
    """Finds a shared library of the build by its crate's library name."""
    prefix, suffix = {"win32": ("", ".dll"), "darwin": ("lib", ".dylib")}.get(sys.platform, ("lib", ".so"))

    def find(name: str) -> Path:
        path = artifacts / "debug" / f"{prefix}{name}{suffix}"
        assert path.exists(), f"{path} is missing; run: cargo build --workspace --lib --examples"
        return path

    return find


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of golden numbers."""
    return ROOT / "tests" / "golden"


@pytest.fixture(scope="session")
def samples(artifacts) -> Path:
    """The files that `cargo test --test interop` wrote."""
    path = artifacts / "tmp" / "interop"
    assert path.is_dir(), f"{path} is missing; run: cargo test --test interop"
    return path


@pytest.fixture
def clip() -> np.ndarray:
    """The features of the sample clips: frame t, feature c is t + c / 276."""
    frames, features = np.meshgrid(np.arange(5, dtype=np.float32), np.arange(276, dtype=np.float32), indexing="ij")
    return frames + features / np.float32(276)
