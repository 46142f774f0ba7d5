#!/usr/bin/env python3
"""The studio as a static folder, and the npm package, from the module that `make web` has compiled.

    python3 tools/web.py MODULE.wasm PAGE_FOLDER NPM_FOLDER

The page is that of `vimogen studio` (`python/vimogen/studio/page`), with an engine in place of the server.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "python/vimogen/studio/page"
ENGINE = ROOT / "vimogen-web/js"
VIEWER = ROOT / "vimogen-core/src/render"
# The page of the server's interface.
SERVER_ONLY = ("docs.html", "docs.css", "docs.js", "api.js")
# The browser itself sees to it that nothing is asked of other hosts. Bars and colours are style attributes.
POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'"
)


def renderer() -> str:
    """The player's renderer as a module, as the server gives it (`store.renderer`)."""
    scripts = re.findall(r'include_str!\("(viewer/\w+\.js)"\)', (VIEWER / "html.rs").read_text(encoding="utf-8"))
    parts = [(VIEWER / script).read_text(encoding="utf-8") for script in scripts if not script.endswith("/player.js")]
    return "".join(parts) + "\nexport { Camera, Scene, SIDES, Surface, decode };\n"


def index() -> str:
    """The page, which may ask its own host only."""
    text = (PAGE / "index.html").read_text(encoding="utf-8")
    meta = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    text = text.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n{meta}', 1)
    return text.replace("It connects to this server only.", "It connects to nothing but the place that it came from.")


def write_page(module: Path, folder: Path) -> None:
    """Write the page."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for entry in PAGE.iterdir():
        if entry.name not in SERVER_ONLY:
            shutil.copy(entry, folder)
    for name in ("api.js", "worker.js", "vimogen.js"):
        shutil.copy(ENGINE / name, folder)
    shutil.copy(module, folder / "vimogen.wasm")
    (folder / "renderer.js").write_text(renderer(), encoding="utf-8")
    (folder / "index.html").write_text(index(), encoding="utf-8")


def write_npm(module: Path, folder: Path) -> None:
    """Write the package, as `npm pack` and `npm publish` take it."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for name in ("vimogen.js", "vimogen.d.ts", "worker.js", "example.mjs", "README.md"):
        shutil.copy(ENGINE / name, folder)
    for name in ("LICENSE-MIT", "LICENSE-APACHE"):
        shutil.copy(ROOT / name, folder)
    shutil.copy(module, folder / "vimogen.wasm")
    package = json.loads((ENGINE / "package.json").read_text(encoding="utf-8"))
    version = re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE)
    package["version"] = version[1] if version else sys.exit("Cargo.toml has no version")
    (folder / "package.json").write_text(json.dumps(package, indent=2) + "\n", encoding="utf-8")


def size(folder: Path) -> str:
    """Say the bytes of a folder, plain and as hosts send them."""
    files = [entry.read_bytes() for entry in folder.iterdir()]
    packed = sum(len(gzip.compress(data, 9)) for data in files)
    return f"{sum(map(len, files)) / 1e6:.1f} MB, {packed / 1e6:.2f} MB compressed by gzip"


def main() -> None:
    """Write both folders."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("module", type=Path)
    parser.add_argument("page", type=Path)
    parser.add_argument("npm", type=Path)
    options = parser.parse_args()
    write_page(options.module, options.page)
    write_npm(options.module, options.npm)
    print(f"{options.page}: {size(options.page)}; try it with: python3 -m http.server --directory {options.page}")
    print(f"{options.npm}: {size(options.npm)}; npm pack makes a package of it")


if __name__ == "__main__":
    main()
