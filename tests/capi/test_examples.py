"""The examples, the programs of the documentation, and projects that use the installed library."""

import re
import subprocess

import pytest
from conftest import HERE, ROOT, need, run

EXAMPLES = ROOT / "examples"
QUICKSTART = re.compile(r"frames 100 fps 20\n(joint [012]( -?\d+\.\d{4}){3}\n){3}checksum -?\d+\.\d{3}\n")


def has_vimogen(python):
    return subprocess.run([python, "-c", "import vimogen"], cwd="/", capture_output=True).returncode == 0


@pytest.fixture(scope="session")
def quickstarts(build, artifacts, tmp_path_factory):
    """The output of the quick start and its BVH file, by language; languages that are not built are left out."""
    commands = {"c": [build(EXAMPLES / "quickstart.c")], "cpp": [build(EXAMPLES / "quickstart.cpp")]}
    rust = artifacts / "debug" / "examples" / "quickstart"
    if rust.exists():
        commands["rust"] = [rust]
    python = ROOT / ".venv" / "bin" / "python"
    script = EXAMPLES / "quickstart.py"
    if script.exists() and python.exists() and has_vimogen(python):
        commands["python"] = [python, script]
    results = {}
    for language, command in commands.items():
        folder = tmp_path_factory.mktemp(language)
        results[language] = run(*command, folder), (folder / "quickstart.bvh").read_bytes()
    return results


@pytest.mark.parametrize("language", ["cpp", "rust", "python"])
def test_the_quick_start_prints_and_writes_what_it_does_in_c(language, quickstarts):
    if language not in quickstarts:
        pytest.skip(f"the quick start in {language} is not built")
    text, file = quickstarts[language]
    assert QUICKSTART.fullmatch(text), text
    assert text == quickstarts["c"][0]
    assert file == quickstarts["c"][1]


def test_the_quick_start_says_what_is_wrong(build, tmp_path):
    (tmp_path / "taken").write_text("a file, where a folder should be")
    for program in [build(EXAMPLES / "quickstart.c"), build(EXAMPLES / "quickstart.cpp")]:
        text = run(program, tmp_path / "taken", status=1)
        assert "error 201" in text and "quickstart.bvh" in text
        run(program, cwd=tmp_path)
        assert (tmp_path / "out" / "quickstart.bvh").exists(), "out is the default"


def test_a_rig_is_driven_at_60_frames_per_second(build, tmp_path):
    with_exceptions = run(build(EXAMPLES / "rig.cpp"))
    assert run(build(EXAMPLES / "rig.cpp", flags=["-fno-exceptions"], name="rig-plain")) == with_exceptions
    lines = with_exceptions.splitlines()
    assert lines[-1] == "180 frames at 60 fps" and len(lines) == 7
    heights = [float(re.search(r"head \S+ (\S+)", line)[1]) for line in lines[:-1]]
    assert all(0.5 < height < 2.5 for height in heights), "y is up, in metres"


@pytest.mark.parametrize("package", ["vimogen", "vimogen-static"])
def test_a_program_is_built_with_pkg_config(package, pkg_config, prefix, quickstarts, tmp_path):
    program = tmp_path / "quickstart"
    run(need("cc"), EXAMPLES / "quickstart.c", *pkg_config(package), "-o", program)
    assert run(program, tmp_path, env={"LD_LIBRARY_PATH": str(prefix / "lib")}) == quickstarts["c"][0]
    if package == "vimogen-static":
        assert run(program, tmp_path) == quickstarts["c"][0]


def test_pkg_config_knows_the_version(pkg_config):
    header = (ROOT / "include/vimogen.h").read_text()
    parts = [re.search(rf"#define VIMOGEN_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH")]
    assert pkg_config("vimogen", "--modversion") == [".".join(parts)]


def test_a_cmake_project_finds_the_package(prefix, quickstarts, tmp_path):
    cmake = need("cmake")
    source = EXAMPLES / "quickstart.cpp"
    run(cmake, "-S", HERE / "cmake", "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DSOURCE={source}")
    run(cmake, "--build", tmp_path)
    for program in ["shared", "static"]:
        assert run(tmp_path / program, tmp_path) == quickstarts["c"][0]


def test_a_cmake_project_that_needs_another_version_is_told(prefix, tmp_path):
    cmake = need("cmake")
    text = (HERE / "cmake" / "CMakeLists.txt").read_text().replace("vimogen 0.1", "vimogen 0.2")
    (tmp_path / "CMakeLists.txt").write_text(text)
    command = [cmake, "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}", "-DSOURCE=x.cpp"]
    assert 'compatible with requested version "0.2"' in " ".join(run(*command, status=1).split())


def programs_of(path):
    """The whole programs in C and C++ that a document or a header holds, each with its language."""
    text = path.read_text()
    if path.suffix == ".md":
        blocks = re.findall(r"^```(c|cpp)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
        return [(language, code) for language, code in blocks if "int main(" in code]
    mark = {".h": " *     ", ".hpp": "//     "}[path.suffix]
    lines = [line.removeprefix(mark) if line.startswith(mark) else "" for line in text.splitlines()]
    return [("c" if path.suffix == ".h" else "cpp", "\n".join(lines) + "\n")]


DOCUMENTS = [ROOT / "README.md", ROOT / "include/vimogen.h", ROOT / "include/vimogen.hpp"]
DOCUMENTS += sorted((ROOT / "docs" / "src").rglob("*.md"))
CASES = [(path, i) for path in DOCUMENTS for i in range(len(programs_of(path)))]


@pytest.mark.parametrize(("path", "number"), CASES, ids=lambda value: getattr(value, "name", value))
def test_the_program_of_the_document_runs(path, number, build, tmp_path):
    language, code = programs_of(path)[number]
    source = tmp_path / f"program.{language}"
    source.write_text(code)
    name = f"{path.parent.name}-{path.stem}-{path.suffix[1:]}-{number}"
    run(build(source, name=name), cwd=tmp_path)
    assert any(tmp_path.glob("*.bvh")), "the program writes a BVH file"


def test_the_readme_and_the_headers_have_programs():
    names = [path.name for path, _ in CASES]
    assert {"README.md", "vimogen.h", "vimogen.hpp"} <= set(names), names
