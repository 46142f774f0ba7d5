"""C and C++ programs against the installed library, shared and static, and under tools that look for memory errors."""

import re
import shutil
import subprocess

import pytest
from conftest import HERE, ROOT, need, run

PROGRAMS = {
    "api": ["api.c"],
    "errors": ["errors.c"],
    "fork": ["fork.c"],
    "threads": ["threads.c"],
    "train": ["train.c"],
    "hpp": ["hpp.cpp", "hpp_other.cpp"],
}
SYSTEM_ALLOCATOR = {"VIMOGEN_SYSTEM_ALLOCATOR": "1"}


def sources(name):
    return [HERE / source for source in PROGRAMS[name]]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scored").mkdir()
    golden = ROOT / "tests/golden"
    shutil.copytree(golden / "nrdf_model", tmp_path / "models/nrdf_model")
    shutil.copy(golden / "body_models/smpl_synthetic.npz", tmp_path / "models/smpl.npz")
    return tmp_path


def arguments(name, folder):
    return [] if name in ("errors", "fork", "threads", "leak") else [folder]


@pytest.mark.parametrize("kind", ["shared", "static"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_program_runs(name, kind, build, folder):
    program = build(*sources(name), kind=kind)
    assert run(program, *arguments(name, folder), cwd=folder).endswith("ok\n")


@pytest.fixture(scope="session")
def sanitized(build, tmp_path_factory):
    """Builds with AddressSanitizer, if the compiler has it."""
    flags = ["-fsanitize=address,undefined", "-fno-omit-frame-pointer"]
    probe = tmp_path_factory.mktemp("probe") / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    if subprocess.run([need("cc"), *flags, probe, "-o", probe.with_suffix("")], capture_output=True).returncode != 0:
        pytest.skip("the compiler has no AddressSanitizer")
    return lambda name, files: build(*files, kind="static", flags=flags, name=f"{name}-sanitized")


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_leak_and_no_invalid_access_under_address_sanitizer(name, sanitized, folder):
    program = sanitized(name, sources(name))
    assert run(program, *arguments(name, folder), cwd=folder, env=SYSTEM_ALLOCATOR).endswith("ok\n")


def test_address_sanitizer_would_see_a_leak_of_the_library(sanitized, folder):
    text = run(sanitized("leak", [HERE / "leak.c"]), cwd=folder, env=SYSTEM_ALLOCATOR, status=None)
    assert "LeakSanitizer" in text and "vimogen::edge::handle" in text, text


def valgrind(program, *arguments, cwd, status=0):
    options = ["--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite"]
    return run(need("valgrind"), *options, program, *arguments, cwd=cwd, env=SYSTEM_ALLOCATOR, status=status)


@pytest.mark.parametrize("name", ["errors", "train"])  # load, generate, cancel, error, free; the others take minutes
def test_no_leak_and_no_invalid_access_under_valgrind(name, build, folder):
    need("valgrind")
    text = valgrind(build(*sources(name)), *arguments(name, folder), cwd=folder)
    assert "ERROR SUMMARY: 0 errors" in text, text


def test_valgrind_would_see_a_leak_of_the_library(build, folder):
    need("valgrind")
    assert "definitely lost" in valgrind(build(HERE / "leak.c"), cwd=folder, status=9)


def test_the_cpp_header_works_without_exceptions(build, tmp_path):
    program = build(HERE / "no_exceptions.cpp", flags=["-fno-exceptions", "-fno-rtti"])
    assert run(program, cwd=tmp_path) == "ok\n"
    text = run(program, "fail", cwd=tmp_path, status=-6)  # SIGABRT
    assert "NotFound" in text and "none.npz" in text


@pytest.mark.parametrize("standard", ["c99", "c11", "c17", "c++17", "c++20"])
def test_the_headers_compile_alone_without_a_warning(standard, prefix, tmp_path):
    cpp = standard.startswith("c++")
    for header in ["vimogen.h", "vimogen.hpp"] if cpp else ["vimogen.h"]:
        source = tmp_path / ("alone.cpp" if cpp else "alone.c")
        source.write_text(f"#include <{header}>\nint main(void) {{ return 0; }}\n")
        compiler = need("c++" if cpp else "cc")
        flags = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{prefix}/include"]
        run(compiler, f"-std={standard}", "-fsyntax-only", *flags, source)


def test_the_shared_library_exports_what_the_header_declares(prefix):
    header = (ROOT / "include/vimogen.h").read_text()
    declared = set(re.findall(r"\b(vimogen_\w+)\(", header))
    library = next(prefix.glob("lib/libvimogen.so.*"), None)
    if library is None or shutil.which("nm") is None:
        pytest.skip("needs nm and an ELF library")
    listing = run("nm", "-D", "--defined-only", library)
    exported = {line.split()[-1].split("@")[0] for line in listing.splitlines()}
    assert exported == declared
    assert len(exported) > 40


def test_the_static_library_exports_what_the_header_declares(prefix):
    header = (ROOT / "include/vimogen.h").read_text()
    need("nm")
    need("objcopy")
    listing = run("nm", "--extern-only", "--defined-only", prefix / "lib/libvimogen.a")
    symbols = [line.split() for line in listing.splitlines() if len(line.split()) == 3]
    # "u" marks a static variable of a C++ template, of which the loader keeps one per process and objcopy all.
    exported = {name for _, kind, name in symbols if kind != "u"}
    assert exported == set(re.findall(r"\b(vimogen_\w+)\(", header))


def test_a_program_with_symbols_of_the_librarys_parts_links_statically(build, tmp_path):
    """Names that Rust, ufbx, the allocator and the C++ runtime support define, in a program of its own."""
    source = tmp_path / "clash.c"
    names = ["rust_eh_personality", "ufbx_load_file", "mi_malloc", "mi_free", "WelsCreateSVCEncoder"]
    own = "".join(f"int {name}(void) {{ return 1; }}\n" for name in names)
    protos = "".join(f"int {name}(void);\n" for name in names)
    source.write_text(
        f"#include <stdio.h>\n#include <vimogen.h>\n{protos}{own}"
        "int main(void) {\n  vimogen_pipeline *p = NULL;\n  if (vimogen_pipeline_load(NULL, NULL, &p)) return 1;\n"
        '  vimogen_pipeline_free(p);\n  puts("ok");\n  return 0;\n}\n'
    )
    need("objcopy")
    assert run(build(source, kind="static")) == "ok\n"


def test_the_shared_library_is_named_by_its_abi(prefix):
    abi = re.search(r"#define VIMOGEN_ABI_VERSION (\d+)", (prefix / "include/vimogen.h").read_text())[1]
    library = prefix / "lib" / f"libvimogen.so.{abi}"
    if shutil.which("readelf") is None or not library.exists():
        pytest.skip("needs readelf and an ELF library")
    assert f"[libvimogen.so.{abi}]" in run("readelf", "-d", library)


def test_make_install_builds_a_release_unless_told_otherwise():
    text = run("make", "-n", "install", "PREFIX=/opt/vimogen", "CARGO_TARGET_DIR=build", cwd=ROOT)
    assert "--profile release" in text and 'install.sh "build/release" "/opt/vimogen"' in text
    text = run("make", "-n", "install", "PROFILE=dev", "CARGO_TARGET_DIR=build", cwd=ROOT)
    assert "--profile dev" in text and 'install.sh "build/debug" "/usr/local"' in text


def test_install_refuses_a_relative_prefix(artifacts):
    script = ROOT / "vimogen-capi/install/install.sh"
    done = subprocess.run([script, artifacts / "debug", "here"], capture_output=True, text=True)
    assert done.returncode == 2 and "absolute" in done.stderr
