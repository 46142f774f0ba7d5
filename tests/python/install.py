"""Makes `import vimogen` work in this interpreter's environment, with the module that cargo built.

    .venv/bin/python tests/python/install.py TARGET_FOLDER [debug | release]

The module is copied beside the sources in `python/vimogen` and that folder put on the path, as an editable installation
would do; the module is not compiled a second time, as it would be by one.
"""

import shutil
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILT, INSTALLED = {
    "win32": ("_vimogen.dll", "_vimogen.pyd"),
    "darwin": ("lib_vimogen.dylib", "_vimogen.abi3.so"),
}.get(sys.platform, ("lib_vimogen.so", "_vimogen.abi3.so"))


def main() -> None:
    built = Path(sys.argv[1], *(sys.argv[2:] or ["debug"])) / BUILT
    if not built.exists():
        sys.exit(f"{built} is missing; run: cargo build --workspace --lib --examples")
    installed = ROOT / "python" / "vimogen" / INSTALLED
    # Not overwritten in place: a running Python may have it mapped.
    fresh = installed.with_suffix(".new")
    shutil.copyfile(built, fresh)
    fresh.replace(installed)
    site = Path(sysconfig.get_paths()["purelib"])
    (site / "vimogen.pth").write_text(f"{ROOT / 'python'}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
