"""The two shared libraries load into a Python process and know their version."""

import ctypes
import importlib.machinery
import importlib.util


def test_the_extension_module_imports_and_knows_its_version(shared_library, version):
    path = shared_library("_vimogen")
    loader = importlib.machinery.ExtensionFileLoader("_vimogen", str(path))
    spec = importlib.util.spec_from_file_location("_vimogen", path, loader=loader)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.__version__ == version


def test_the_c_library_loads_and_knows_its_version(shared_library, version):
    library = ctypes.CDLL(str(shared_library("vimogen")))
    library.vimogen_version.restype = ctypes.c_char_p
    assert library.vimogen_version() == version.encode()
