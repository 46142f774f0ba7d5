"""Examples in docstrings, in the README and in `examples/` run as they are written."""

import doctest
import importlib
import inspect
import re
import shutil
import subprocess
import sys

import pytest

import vimogen
from conftest import ROOT
from vimogen import _vimogen

MODULES = ["vimogen", *(f"vimogen.{name}" for name in ("_api", "_train", "flow", "mbench", "motion", "rotations"))]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_run(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert result.failed == 0


def compiled():
    """Classes, methods and functions of the extension module."""
    for name, thing in vars(_vimogen).items():
        if callable(thing) and not name.startswith("__"):
            yield name, thing
            if inspect.isclass(thing):
                yield from (
                    (f"{name}.{member}", value)
                    for member, value in vars(thing).items()
                    if member[0] != "_" and not isinstance(value, int | None)
                )


def test_examples_of_the_compiled_part_run():
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=FLAGS)
    for name, thing in compiled():
        case = parser.get_doctest(inspect.getdoc(thing) or "", {}, name, None, None)
        if case.examples:
            runner.run(case)
    assert runner.tries >= 6 and runner.failures == 0


def test_every_test_that_the_promises_name_exists():
    """SECURITY.md and the page on processes name the tests that hold their promises."""
    pages = [ROOT / "SECURITY.md", ROOT / "docs/src/how-to/threads-and-processes.md"]
    named = {word for page in pages for word in re.findall(r"`([^`\s]+)`", page.read_text(encoding="utf-8"))}
    sources = [*ROOT.glob("tests/python/*.py"), *ROOT.glob("vimogen-core/src/**/*.rs")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    tests = {word for word in named if re.fullmatch(r"test_\w+|a_\w+_\w+_\w+", word)}
    missing = [word for word in tests if not re.search(rf"(def|fn) {word}\(", text)]
    files = {word for word in named if word.startswith("tests/")}
    missing += [word for word in files if not (ROOT / word).exists()]
    modules = {word for word in named if "::" in word and "tests" in word}
    for word in modules:
        path = ROOT / "vimogen-core/src" / word.replace("::", "/")
        inside = path.parent.with_suffix(".rs")
        own = path.with_suffix(".rs").exists() or path.is_dir()
        missing += [] if own or (inside.exists() and "mod tests" in inside.read_text(encoding="utf-8")) else [word]
    assert len(tests) > 8 and len(files) > 5 and len(modules) > 4 and not missing, missing


def test_everything_compiled_is_documented():
    missing = [name for name, thing in compiled() if not inspect.getdoc(thing)]
    assert not missing


def test_the_python_reference_is_that_of_the_package():
    command = [sys.executable, ROOT / "tools" / "python_reference.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", ["README.md", "docs/src/how-to/direct.md", "docs/src/how-to/edit.md"])
def test_the_python_of_a_page_runs(page, tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        subprocess.run([sys.executable, "-c", block], cwd=tmp_path, check=True, timeout=300)
    assert any(tmp_path.iterdir()) == any(".save(" in block for block in blocks)


def test_the_readmes_rust_runs(artifacts, tmp_path):
    (block,) = re.findall(r"```rust[^\n]*\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "main.rs").write_text(block, encoding="utf-8")
    library = artifacts / "debug" / "libvimogen_core.rlib"
    linked = ["--extern", f"vimogen_core={library}", "-L", f"dependency={artifacts / 'debug' / 'deps'}"]
    rustc = [shutil.which("rustc") or "rustc", "--edition", "2024", "main.rs", "-o", "program", *linked]
    for command in (rustc, [tmp_path / "program"]):
        subprocess.run(command, cwd=tmp_path, check=True, timeout=300)
    assert (tmp_path / "motion.npz").stat().st_size > 10_000


QUICKSTART = r"frames 100 fps 20\n(joint \d( -?\d+\.\d{4}){3}\n){3}checksum -?\d+\.\d{3}\n"


def test_the_quick_start_prints_the_same_in_python_and_rust(artifacts, tmp_path):
    name = "quickstart.exe" if sys.platform == "win32" else "quickstart"
    rust = artifacts / "debug" / "examples" / name
    assert rust.exists(), f"{rust} is missing; run: cargo build --workspace --lib --examples"
    commands = {"rust": [rust], "python": [sys.executable, ROOT / "examples" / "quickstart.py"]}
    printed = {}
    for language, command in commands.items():
        done = subprocess.run([*command, tmp_path / language], capture_output=True, text=True, check=True, timeout=300)
        printed[language] = done.stdout
    assert re.fullmatch(QUICKSTART, printed["python"]), printed["python"]
    assert printed["python"] == printed["rust"]
    files = [(tmp_path / language / "quickstart.bvh").read_bytes() for language in commands]
    assert files[0] == files[1]


def test_the_other_examples_run(tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    scripts = sorted(path for path in (tmp_path / "examples").glob("*.py") if path.name != "quickstart.py")
    assert scripts
    for script in scripts:
        subprocess.run([sys.executable, script], cwd=tmp_path, check=True, timeout=300)


def test_the_version_is_that_of_the_changelogs_project(version):
    assert vimogen.__version__ == version
