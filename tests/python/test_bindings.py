"""The shared libraries load into a Python process, and the package has the declared version and contents."""

import ctypes
import statistics
import subprocess
import sys

import vimogen


def test_the_package_knows_its_version(version):
    assert vimogen.__version__ == version


def test_the_c_library_loads_and_knows_its_version(shared_library, version):
    library = ctypes.CDLL(str(shared_library("vimogen")))
    library.vimogen_version.restype = ctypes.c_char_p
    assert library.vimogen_version() == version.encode()


def test_every_public_name_exists_and_says_what_it_is():
    for name in vimogen.__all__:
        assert getattr(vimogen, name).__doc__ or name == "__version__", name
    for module in (vimogen.flow, vimogen.mbench, vimogen.motion, vimogen.rotations):
        for name in module.__all__:
            assert getattr(module, name).__doc__, f"{module.__name__}.{name}"


def test_importing_needs_numpy_only_and_is_quick():
    script = (
        "import sys, time; import numpy; before = set(sys.modules); start = time.process_time(); import vimogen; "
        "print(time.process_time() - start); "
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(*sorted(new - set(sys.stdlib_module_names)))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True) for _ in range(5)
    ]
    seconds = [float(run.stdout.split()[0]) for run in runs]
    assert statistics.median(seconds) < 0.3, seconds
    assert runs[0].stdout.split()[1:] == ["vimogen"]
