"""Installs the module that cargo built in this interpreter's environment: `import vimogen` and the command `vimogen`.

    .venv/bin/python tests/python/install.py TARGET_FOLDER [debug | release]

Copies the module next to the sources in `python/vimogen` and puts that folder on the path. The effect is that of an
editable installation, without compiling the module a second time.
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
COMMAND = f"#!{sys.executable}\nfrom vimogen.__main__ import main\n\nmain()\n"


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
    command = Path(sysconfig.get_paths()["scripts"], "vimogen")
    command.write_text(COMMAND, encoding="utf-8")
    command.chmod(0o755)


if __name__ == "__main__":
    main()
