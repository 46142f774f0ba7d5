"""Programs that write over and over until they are killed, and what must be true of the files then.

``kills.py KIND FOLDER`` is the program; :data:`CHECKS` has the checks by kind. Every program first writes a whole set.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import actions
import numpy as np

import vimogen
from vimogen import mbench

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

TEMPORARY = re.compile(r"\.vimogen-\w{6}")
COUNT = 12


def motions(folder: Path) -> list[vimogen.Motion]:
    """Give the two motions that are written in turns."""
    motion = vimogen.Motion.load(folder / "clip.npz")
    return [motion, motion.mirrored()]


def save(folder: Path) -> None:
    """Save two motions in turns under one name in every format."""
    pair, turn = motions(folder), 0
    for which in range(2):
        for ending in actions.WRITTEN:
            (folder / f"known-{which}.{ending}").write_bytes(actions.saved(pair[which], ending, folder))
    _ready()
    while True:
        turn += 1
        for ending in actions.WRITTEN:
            path = folder / f"saved.{ending}"
            if ending in ("gif", "png"):
                pair[turn % 2].render(path, size=(48, 48))
            else:
                pair[turn % 2].save(path)


def check_saved(folder: Path) -> list[str]:
    """Every file is one of the two."""
    wrong = []
    for path in folder.glob("saved.*"):
        known = [(folder / f"known-{which}{path.suffix}").read_bytes() for which in range(2)]
        if path.suffix == ".html":
            known, data = [_body(page) for page in known], _body(path.read_bytes())
        else:
            data = path.read_bytes()
        if data not in known:
            wrong.append(f"{path.name} is neither of the two motions")
    return wrong


def _body(page: bytes) -> bytes:
    return re.sub(rb"<title>.*?</title>|\"title\":\"[^\"]*\"", b"", page)


def organize(folder: Path) -> None:
    """Organize two sets in turns into one folder."""
    pair, turn = motions(folder), 0
    for which in range(2):
        source = folder / f"set-{which}"
        source.mkdir()
        for i in range(COUNT):
            pair[which].save(source / f"{i}.npz")
    mbench.organize(folder / "set-0", folder / "joints")
    _ready()
    while True:
        turn += 1
        mbench.organize(folder / f"set-{turn % 2}", folder / "joints")


def check_organized(folder: Path) -> list[str]:
    """All joints are of one set, or the folder is refused."""
    try:
        vimogen.evaluate(folder / "joints", ["Jitter_Degree"], up_axis=1)
    except vimogen.InvalidArgumentError as error:
        return [] if "is not complete" in str(error) else [f"the folder is refused: {error}"]
    wanted = [vimogen.motion.mbench_joints(motion.features) for motion in motions(folder)]
    found = [np.load(path) for path in sorted((folder / "joints").glob("*.npy"))]
    if len(found) != COUNT:
        return [f"{len(found)} files of {COUNT}"]
    return [] if any(all(np.array_equal(f, want) for f in found) for want in wanted) else ["two sets are mixed"]


def prepare(folder: Path) -> None:
    """Pack two data sets in turns into one folder."""
    pair, turn = motions(folder), 0
    for which in range(2):
        pair[which].save(folder / f"clip-{which}.npy")
        entries = [
            {"id": f"{'ab'[which]}{i}", "motion_path": str(folder / f"clip-{which}.npy"), "video_text_annot": "walk"}
            for i in range(COUNT)
        ]
        (folder / f"list-{which}.json").write_text(json.dumps(entries), encoding="utf-8")
    vimogen.prepare_data(folder / "list-0.json", folder / "packed", shard_bytes=100_000)
    _ready()
    while True:
        turn += 1
        vimogen.prepare_data(folder / f"list-{turn % 2}.json", folder / "packed", shard_bytes=100_000)


def check_packed(folder: Path) -> list[str]:
    """Every clip of the manifest is in the shard that it names, under its id and with its motion."""
    entries = json.loads((folder / "packed/manifest.json").read_text(encoding="utf-8"))
    pair = [motion.features for motion in motions(folder)]
    wrong = [] if len(entries) == COUNT else [f"{len(entries)} clips of {COUNT}"]
    for entry in entries:
        shard, key = entry["pack"].split("#")
        data = (folder / "packed" / shard).read_bytes()
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size])
        start, stop = header[f"{key}.motion"]["data_offsets"]
        held = np.frombuffer(data[8 + size + start : 8 + size + stop], "<f4").reshape(-1, 276)
        name = entry.get("sample_id") or entry["id"]
        if header["__metadata__"].get(f"clip.{key}") != name:
            wrong.append(f"{shard} holds another clip than {name}")
        elif not np.array_equal(held, pair["ab".index(name[0])]):
            wrong.append(f"{name} has the motion of another clip")
    return wrong


def encode(folder: Path) -> None:
    """Encode a data set with two encoders in turns."""
    from encoders import small_encoder

    encoders = [vimogen.TextEncoder.from_pretrained(small_encoder(folder / f"encoder-{dim}", dim)) for dim in (32, 64)]
    manifest, turn = folder / "texts.json", 0
    manifest.write_text(json.dumps([{"id": i, "video_text_annot": f"walk {i} steps"} for i in range(COUNT)]))
    encoders[0].encode_manifest(manifest, folder / "texts")
    _ready()
    while True:
        turn += 1
        for made in (folder / "texts").glob("*.pt"):
            if turn % 4 == 0 and made.name not in manifest.read_text():
                made.unlink()
        encoders[turn % 2].encode_manifest(manifest, folder / "texts")


def check_encoded(folder: Path) -> list[str]:
    """All texts of the manifest are there, and of one encoder."""
    entries = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    sizes = {Path(entry["video_text_annot_wanvideot5_embed_path"]).stat().st_size for entry in entries}
    spread = max(sizes) - min(sizes)
    return [f"texts of two encoders are mixed: files of {sorted(sizes)} bytes"] if spread > 1000 else []


def train(folder: Path) -> None:
    """Train and write a checkpoint after each step."""
    sizes = {"dim": 32, "ffn_dim": 32, "freq_dim": 16, "num_heads": 2, "num_layers": 2, "text_dim": 256, "text_len": 8}
    config = {
        "model": {**sizes, "reference": True},
        "train": {"batch_size": 2, "num_steps": 10**6, "checkpoint_every": 1},
    }
    (folder / "recipe.json").write_text(json.dumps(config), encoding="utf-8")
    trainer = vimogen.Trainer(config, out=folder / "run")
    trainer.resume()
    ready = False

    def log(_report: object) -> None:
        nonlocal ready
        if not ready:
            _ready()
        ready = True

    trainer.fit(log)


def check_trained(folder: Path) -> list[str]:
    """A training goes on from a whole checkpoint."""
    config = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
    trainer = vimogen.Trainer(config, out=folder / "run")
    before = any((folder / "run").iterdir()) if (folder / "run").exists() else False
    step = trainer.resume()
    return ["no checkpoint is left"] if before and step == 0 else []


def dress(folder: Path) -> None:
    """Put two motions in turns onto a character, under one name."""
    pair, turn = motions(folder), 0

    def write(which: int, name: str) -> None:
        character = vimogen.Character(folder / actions.HERO)
        character.add(pair[which], "walk")
        character.save(folder / name)

    for which in range(2):
        write(which, f"known-{which}.glb")
    _ready()
    while True:
        turn += 1
        write(turn % 2, "saved.glb")


def finetune(folder: Path) -> None:
    """Fine-tune on two clips."""
    clips = folder / "clips"
    clips.mkdir(exist_ok=True)
    for name, motion in zip(("one.bvh", "two.npz"), motions(folder), strict=True):
        motion.save(clips / name)
        (clips / name).with_suffix(".txt").write_text("a person zigzags\n", encoding="utf-8")
    _finetune(folder, lambda _: _ready())


def _finetune(folder: Path, first: Callable[[dict[str, Any]], object]) -> None:
    """Fine-tune with `first` as what happens at the first event."""
    seen: list[dict[str, Any]] = []

    def event(row: dict[str, Any]) -> object:
        seen.append(row)
        return first(row) if len(seen) == 1 else None

    options: dict[str, Any] = {"steps": 10**6, "batch_size": 2, "rank": 2, "share": 1.0}
    vimogen.finetune(folder / "clips", folder / "style", callback=event, **options)


def check_finetuned(folder: Path) -> list[str]:
    """The run goes on, or begins again if it had not begun; the files of the clips are whole."""
    _finetune(folder, lambda _: False)
    left = sorted(path.name for path in (folder / "style").iterdir() if path.name not in ("run", "experiment.yaml"))
    return [f"a run that is not over has written {left}"] if any(name[0] != "." for name in left) else []


PROGRAMS: dict[str, Callable[[Path], None]] = {
    "save": save,
    "organize": organize,
    "prepare": prepare,
    "encode": encode,
    "train": train,
    "dress": dress,
    "finetune": finetune,
}
CHECKS: dict[str, Callable[[Path], list[str]]] = {
    "save": check_saved,
    "organize": check_organized,
    "prepare": check_packed,
    "encode": check_encoded,
    "train": check_trained,
    "dress": check_saved,
    "finetune": check_finetuned,
}


def _ready() -> None:
    print("ready", flush=True)


def main() -> None:
    """Run a program, or with ``check`` its check."""
    kind, folder, *rest = sys.argv[1:]
    if rest:
        print(json.dumps(CHECKS[kind](Path(folder))))
    else:
        PROGRAMS[kind](Path(folder))


if __name__ == "__main__":
    main()
