"""The book: its Python runs, its commands exist, its links lead somewhere."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

import vimogen
from conftest import ROOT
from vimogen.cli import cli

PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
# Pages that only include another one.
INCLUDING = re.compile(r"\{\{#include (.+?)\}\}")
# Packages that a page needs; without them it is skipped.
NEEDS = {"notebooks": ("pandas", "matplotlib", "rerun", "viser"), "robots": ("mujoco",)}
HUMANOID = ROOT / "vimogen-core" / "fuzz" / "seeds" / "mjcf" / "humanoid.xml"
# Code that comes before that of a page.
BEFORE = {
    "bring-your-own-motion": "import vimogen\nvimogen.generate('a person waves', num_frames=40).save('dance.bvh')",
    "finetune": (
        "import json, pathlib, vimogen\npathlib.Path('myclips').mkdir()\n"
        "for seed in range(3):\n"
        "    vimogen.generate('a person walks', seed=seed, num_frames=60).save(f'myclips/{seed}.npz')\n"
        "    pathlib.Path(f'myclips/{seed}.txt').write_text('a person walks like a robot')\n"
        "finetune = vimogen.finetune\n"
        "vimogen.finetune = lambda clips, out, steps: finetune(clips, out, steps=2)"
    ),
    "notebooks": "import matplotlib; matplotlib.use('agg')",
    "pictures": "import vimogen\nmotion = vimogen.generate('a person waves', num_frames=42, num_inference_steps=4)",
    "python": "import vimogen\nvimogen.generate('a person waves', num_frames=40).save('dance.bvh')",
    "reference-motion": "import vimogen\nvimogen.generate('a person waves', num_frames=40).save('reference.npz')",
    "robots": f"import shutil\nshutil.copy({str(HUMANOID)!r}, 'g1.xml')",
    "score": (
        "import numpy as np\nrng = np.random.default_rng(0)\n"
        "text, motion, generated, real = (rng.normal(size=(640, 8)) for _ in range(4))\n"
        "of_texts = rng.normal(size=(4, 20, 8))"
    ),
    "your-character": (
        "import vimogen\nmotion = vimogen.generate('a person waves', num_frames=40)\n"
        "hero = vimogen.Character.preset('mixamo')\nhero.add(motion)\nhero.save('hero.glb')\n"
        "[motion.save(f'{name}.npz') for name in ('walk', 'wave')]"
    ),
    "train-at-scale": (
        "import vimogen\n"
        "sizes = dict(dim=24, ffn_dim=16, freq_dim=8, num_heads=2, num_layers=1, text_dim=256, text_len=32)\n"
        "whole = vimogen.Trainer({'model': sizes, 'train': {'batch_size': 2}})\n"
        "whole.save('model')\nwhole.save('weights.safetensors')\n"
        "train = {'batch_size': 2, 'num_steps': 1, 'lora': {'rank': 2, 'alpha': 2}}\n"
        "trainer = vimogen.Trainer({'model': sizes, 'weights': 'weights.safetensors', 'train': train})"
    ),
}


def blocks(page, language):
    """Blocks of exactly this language, so that `python,ignore` is none."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def name(page):
    return str(page.relative_to(ROOT).with_suffix(""))


WITH_PYTHON = [page for page in PAGES if blocks(page, "python")]
# Each block of README, direct and edit is run alone by test_documentation.py.
ALONE = {"README", "direct", "edit"}


@pytest.mark.parametrize("page", [page for page in WITH_PYTHON if page.stem not in ALONE], ids=name)
def test_the_python_of_a_page_runs_from_top_to_bottom(page, tmp_path):
    for package in NEEDS.get(page.stem, ()):
        pytest.importorskip(package)
    code = "\n".join([BEFORE.get(page.stem, ""), *blocks(page, "python")])
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def commands(text):
    """The calls of vimogen in a shell block, as words."""
    for line in text.replace("\\\n", " ").splitlines():
        for part in re.split(r"&&|\|", re.sub(r"\s#.*", "", line)):
            words = shlex.split(part)
            if words and words[0] in ("vimogen", ".venv/bin/vimogen"):
                yield words[1:]


CALLS = [(page, words) for page in PAGES for text in blocks(page, "sh") for words in commands(text)]


@pytest.mark.parametrize(
    ("page", "words"), CALLS, ids=[f"{name(page)}: {' '.join(words)[:60]}" for page, words in CALLS]
)
def test_a_command_of_the_book_exists_with_its_options(page, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Files that an option must find are not there.
    monkeypatch.setattr(click.Path, "convert", lambda self, value, param, ctx: Path(value))
    command = cli.commands.get(words[0])
    if command is None:
        assert words[0] in ("--help", "COMMAND"), f"there is no command {words[0]}"
    elif "--help" not in words:
        command.make_context(words[0], list(words[1:]))


# Pages whose commands also run, from top to bottom, and the files that they start from.
RUN = {"troubleshooting": ("dance.bvh", "planted.npz")}


@pytest.mark.parametrize("stem", RUN)
def test_the_commands_of_a_page_run(stem, tmp_path):
    page = next(page for page in PAGES if page.stem == stem)
    for file in RUN[stem]:
        vimogen.generate("a person waves", num_frames=60, num_inference_steps=8).save(tmp_path / file)
    calls = [words for text in blocks(page, "sh") for words in commands(text)]
    assert calls
    for words in calls:
        command = [sys.executable, "-m", "vimogen", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, (words, done.stderr)


def anchors(page):
    """Anchors of the headings of a page, as GitHub and mdBook make them."""
    text = page.read_text(encoding="utf-8")
    for file in INCLUDING.findall(text):
        text += (page.parent / file).read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    found = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        slug = (
            re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()).strip().replace(" ", "-")
        )
        found.add(slug if slug not in found else f"{slug}-1")
    return found


def links(page):
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"\]\(([^)\s]+)\)", text)


OURS = re.compile(
    r"https://(?:github\.com/vimogen/vimogen/(?:blob|tree)|raw\.githubusercontent\.com/vimogen/vimogen)/main/"
)


@pytest.mark.parametrize("page", [page for page in PAGES if links(page)], ids=name)
def test_links_lead_to_files_and_headings(page):
    for link in links(page):
        file, _, anchor = link.partition("#")
        ours = OURS.match(file)
        if re.match(r"\w+:", file) and not ours:
            continue
        target = ROOT / OURS.sub("", file) if ours else (page.parent / file).resolve() if file else page
        assert target.exists(), f"{link}: there is no {target.relative_to(ROOT)}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{link}: no heading of {target.name} has this anchor"


def test_every_page_is_in_the_summary():
    source = ROOT / "docs" / "src"
    listed = {(source / link).resolve() for link in links(source / "SUMMARY.md")}
    assert set(source.rglob("*.md")) - listed == {source / "SUMMARY.md"}
    assert all(path.exists() for path in listed)
