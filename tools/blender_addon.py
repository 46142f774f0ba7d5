"""Packs the Blender add-on (``make blender-addon``): one zip that Blender 4.2 and newer install.

    python3 tools/blender_addon.py [--wheel FILE ...] [--out dist]

Wheels are optional: Blender then installs them together with the add-on, which needs no other Python.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "examples" / "blender" / "vimogen"
# A fixed time: the same sources give the same zip.
TIME = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Write the zip and print its path."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, action="append", default=[], help="a wheel to install with the add-on")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder of the zip")
    arguments = parser.parse_args()
    print(pack(arguments.out, version(), arguments.wheel))


def version() -> str:
    """The version of the project."""
    lines = (ROOT / "Cargo.toml").read_text(encoding="utf-8").splitlines()
    return next(line.split('"')[1] for line in lines if line.startswith("version = "))


def pack(out: Path, version: str, wheels: list[Path]) -> Path:
    """Write the zip, whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"vimogen-blender-{version}.zip"
    handle, temporary = tempfile.mkstemp(dir=out, prefix=".vimogen-")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents(version, wheels):
                archive.writestr(zipfile.ZipInfo(name, TIME), content, zipfile.ZIP_DEFLATED)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target


def contents(version: str, wheels: list[Path]) -> list[tuple[str, bytes]]:
    """Names and bytes of the files in the zip."""
    manifest = (SOURCE / "blender_manifest.toml").read_text(encoding="utf-8").replace('"0.0.0"', f'"{version}"')
    if wheels:
        listed = ", ".join(f'"./wheels/{wheel.name}"' for wheel in wheels)
        manifest = manifest.replace("\n[permissions]", f"wheels = [{listed}]\n\n[permissions]")
    files = [("blender_manifest.toml", manifest.encode())]
    files += [(path.name, path.read_bytes()) for path in sorted(SOURCE.glob("*.py"))]
    files += [(path.name, path.read_bytes()) for path in (ROOT / "LICENSE-MIT",)]
    return files + [(f"wheels/{wheel.name}", wheel.read_bytes()) for wheel in wheels]


if __name__ == "__main__":
    main()
