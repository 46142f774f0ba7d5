"""Odd invocations of every command: an answer for people, never a traceback and never a file that is half written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import vimogen
from vimogen.cli import COMMANDS

# Folders of a clip with captions that cannot be used.
TABLES = {
    "outside": b"clip,caption\n../../../../etc/passwd,walks\n",
    "unclosed": b'clip,caption\na.npz,"walks\n',
    "binary": b"\xff\xfe\x00",
    "other": b"a,b\n1,2\n",
    "missing": b"clip,caption\nb.npz,walks\n",
    "blank": b"",
    "short": b"clip,caption\na.npz\n",
    "good": b"clip,caption\na.npz,a person waves\n",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with files of the wrong kinds."""
    folder = tmp_path_factory.mktemp("odd")
    motion = vimogen.generate("a person waves", num_frames=20, num_inference_steps=1)
    motion.save(folder / "clip.npz")
    (folder / "empty").mkdir()
    (folder / "list.json").write_text("[]")
    (folder / "number.json").write_text("5")
    (folder / "text.json").write_text('"text"')
    (folder / "null.json").write_text("null")
    (folder / "deep.json").write_text("[" * 5000)
    (folder / "odd.json").write_text('{"model": [], "train": 7}')
    (folder / "parts.json").write_text('{"model": {"dim": "wide"}, "train": {"num_steps": -1}}')
    (folder / "entries.json").write_text('[1, null, {"motion_path": 5}, {"motion_path": "clip.npz", "id": []}]')
    (folder / "latin.txt").write_bytes("eine Person lauft \u00fcber".encode("latin-1"))
    (folder / "wide.txt").write_bytes("a person waves".encode("utf-32-le"))
    (folder / "zero.npz").write_bytes(b"")
    (folder / "text.npz").write_text("no array")
    np.save(folder / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(folder / "complex.npy", np.zeros((4, 276), complex))
    np.save(folder / "small.npy", np.zeros((4, 3), np.float32))
    np.save(folder / "nan.npy", np.full((40, 8), np.nan, np.float32))
    hero = vimogen.Character.preset("mixamo")
    hero.add(motion)
    hero.save(folder / "hero.glb")
    (folder / "half.glb").write_bytes((folder / "hero.glb").read_bytes()[:3000])
    (folder / "loop.npz").symlink_to("loop.npz")
    os.mkfifo(folder / "pipe.npz")
    for name, table in TABLES.items():
        (folder / name).mkdir()
        (folder / name / "a.npz").symlink_to(folder / "clip.npz")
        (folder / name / "captions.csv").write_bytes(table)
    with (folder / "sparse.txt").open("wb") as file:
        file.truncate(100 << 30)
    (folder / "bad.yaml").write_text("a: [1\n")
    (folder / "list.yaml").write_text("- 1\n- 2\n")
    return folder


ODD = """
generate x --steps -1
generate x --steps 0
generate x --steps many
generate x --strength 0
generate x --strength nan
generate x --guidance nan
generate x --guidance -3
generate x --guidance-interval 0.9 0.1
generate x --seed -1
generate x --seed 99999999999999999999999
generate x -n 1
generate x -n 100000
generate x --format xyz
generate x --device moon
generate x --device cuda:-1
generate x -m empty
generate x -m clip.npz
generate x -m none
generate x --lora clip.npz --steps 1
generate x --text-encoder empty
generate x --text-dtype int8
generate x --constraints list.json
generate x --constraints deep.json
generate x --constraints odd.json
generate -f latin.txt
generate -f wide.txt
generate -f empty
generate -f none.txt
generate --reference small.npy
generate --reference list.json
generate --mbench list.json
generate --mbench number.json
generate --mbench entries.json
generate -f sparse.txt
generate x --onto text.npz -o out.glb --steps 1
generate x --onto hero.glb -o out.npz --steps 1
generate x --seeds 5-1
generate x --seeds 1-99999999
generate
generate x --steps 1 -n 8 -o clip.npz/out
generate x y -o one.bvh
convert clip.npz
convert clip.npz out.xyz
convert clip.npz out
convert clip.npz out.bvh --fps 0
convert clip.npz out.bvh --fps -5
convert clip.npz out.bvh --fps nan
convert clip.npz out.bvh --fps 1e30
convert zero.npz out.bvh
convert text.npz out.bvh
convert objects.npy out.bvh
convert complex.npy out.bvh
convert small.npy out.bvh
convert nan.npy out.bvh
convert clip.npz out.bvh --names list.json
convert clip.npz out.bvh --body clip.npz
convert clip.npz out.bvh --hmr
convert empty -o out --to bvh
convert clip.npz out.glb --onto text.npz
convert clip.npz out.glb --onto half.glb
convert clip.npz out.glb --onto loop.npz
convert clip.npz out.bvh --onto hero.glb
convert clip.npz hero.glb/x.glb --onto hero.glb
convert clip.npz out.glb --onto hero.glb --onto-names list.json
convert clip.npz out.glb --onto hero.glb --onto-names deep.json
convert clip.npz out.glb --preset nothing
convert clip.npz clip.npz -o out.bvh --preset cmu
convert --onto hero.glb -o out.glb
convert nan.npy out.glb --onto hero.glb
convert clip.npz out.vrma --bones some
convert clip.npz out.fbx --unit parsec
convert clip.npz out.usdz --joint-names x
convert clip.npz clip.npz/x.bvh
sequence -o out.npz
sequence walks:0 -o out.npz
sequence walks turns --seconds 1,2,3 -o out.npz
sequence walks --seconds a -o out.npz
sequence walks -o out.xyz
sequence walks:1e9 -o out.npz
sequence walks:-2 jumps -o out.npz
sequence jumps --after text.npz -o out.npz
retarget clip.npz -o out.csv
retarget none.npz --robot none.xml -o out.csv
prompts guitar
prompts --model none
edit clip.npz -o out.npz
edit clip.npz -o out.xyz --mirror
edit clip.npz -o out.npz --turn nan
edit clip.npz -o out.npz --trim 5 1
edit clip.npz -o out.npz --prompt x --strength nan
edit clip.npz -o out.npz --variations 0
edit clip.npz -o out.npz --repeat 0
edit clip.npz -o out.npz --mirror --repeat 0
edit clip.npz -o out.npz --repeat 99999
edit clip.npz -o out.npz --hold inf
edit clip.npz -o out.npz --mirror --speed 0
edit clip.npz -o out.npz --smooth nan
edit clip.npz -o out.npz --along 1,nan
edit clip.npz -o out.npz --along sparse.txt
edit clip.npz -o out.npz --move nan 0
edit clip.npz -o out.npz --upper-body text.npz
edit loop.npz -o out.npz --mirror
join clip.npz clip.npz -o out.npz --blend -1
join clip.npz clip.npz -o out.npz --blend nan
join clip.npz clip.npz -o out.npz --window 1e300
render clip.npz
render clip.npz --png out.png --size 0 0
render clip.npz --png out.png --size 99999 99999
render clip.npz --gif out.gif --fps nan
render clip.npz --png out.jpg
render small.npy --png out.png
view clip.npz -o out.txt
view clip.npz -o none/such/out.html
view empty -o out.html
view clip.npz -o out.html --title a --title b --title c
studio --port -1
studio --port 70000
studio --host no-such-host.invalid
studio -m none
studio --token ""
serve --api --queue 0
serve --api --host 256.1.1.1
serve --timeout nan
serve --timeout inf
serve --max-frames 1
serve --api --max-upload -5
serve --api --queue 99999999999999999999999
serve --device moon
serve --host 0.0.0.0 --token short
mcp -m none
mcp -o clip.npz
info none
info loop.npz
info pipe.npz
info half.glb
info clip.npz --from-fps nan
info clip.npz --names list.json
info small.npy
info list.json
info empty
prepare-data list.json -o out
prepare-data number.json -o out
prepare-data entries.json -o out --stats
prepare-data deep.json -o out
prepare-data null.json -o out --pack
prepare-data list.json -o out --merge-stats
prepare-data list.json -o clip.npz
prepare-data list.json -o out --shard-size 0
prepare-data list.json -o out --max-bad-fraction 2
encode-text --json list.json --output out --text-encoder empty
encode-text --json list.json --output out --text-encoder none --shard 3/2
encode-text --json list.json --output out --text-encoder none --shard 1/0
train list.json
train number.json
train text.json
train null.json
train deep.json
train odd.json
train odd.json --steps 3
train parts.json
train list.json --steps -1
train list.json --steps 5
train clip.npz
train latin.txt
train none.json
train --config bad.yaml
train --config list.yaml
train --config list.json
train --config clip.npz
train --config none.yaml
train list.json --config bad.yaml
train
finetune
finetune none -o out
finetune empty -o out
finetune clip.npz -o out
finetune empty -o out --lr nan
finetune empty -o out --rank 99999
finetune empty -o out --share 2
finetune empty -o out --steps 0
finetune empty -o out -m none
finetune empty -o clip.npz
finetune outside -o style --steps 1
finetune unclosed -o style --steps 1 --fresh
finetune binary -o style --steps 1 --fresh
finetune other -o style --steps 1 --fresh
finetune missing -o style --steps 1 --fresh
finetune blank -o style --steps 1 --fresh
finetune short -o style --steps 1 --fresh
finetune good -o style --lr inf --fresh
download none out
download umt5
download umt5-tokenizer clip.npz/out
download umt5-tokenizer out --from clip.npz
download umt5-tokenizer out --endpoint http://me:secret-word@127.0.0.1:9
download umt5-tokenizer out --endpoint ftp://me:secret-word@127.0.0.1:9
evaluate none
evaluate empty
evaluate clip.npz
evaluate . --info list.json
evaluate . --info number.json
evaluate . --info entries.json
evaluate . --info deep.json
evaluate . -d Beauty
evaluate . --up-axis 3
evaluate . --jobs 0
evaluate . --compare list.json --info list.json
organize none out
organize empty out
organize clip.npz out
organize . clip.npz
gate list.json --report out.json --videos empty
gate none.json --report out.json --videos none
smplify none -o out
smplify small.npy -o out
smplify clip.npz -o out --body clip.npz
set-metrics --generated none.npy
set-metrics --generated objects.npy
set-metrics --generated complex.npy
set-metrics --generated small.npy --pairs 0
set-metrics --generated small.npy --pairs 9
set-metrics --generated nan.npy
set-metrics --generated small.npy --real nan.npy
set-metrics --generated small.npy --text nan.npy
set-metrics --generated small.npy --repetitions 0
set-metrics --generated small.npy --repetitions 99999
set-metrics --generated small.npy --protocol humanml3d
set-metrics --generated clip.npz
nonsense
--nonsense
"""
CALLS = [line.split() for line in ODD.strip().splitlines()]

# All calls of a command in one process: starting one takes half a second.
RUNNER = """
import contextlib, io, json, os, sys
from vimogen.cli import main
for words in json.load(sys.stdin):
    out, err, code = io.StringIO(), io.StringIO(), None
    sys.argv = ["vimogen", *words]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code
        except BaseException as error:
            err.write(f"Traceback {type(error).__name__}: {error}")
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""


def answers(place, calls):
    env = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_BASE_URL"))}
    env.pop("VIMOGEN_TRACEBACK", None)
    done = subprocess.run(
        [sys.executable, "-c", RUNNER], input=json.dumps(calls), capture_output=True, text=True, timeout=300,
        cwd=place, env=env, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("command", sorted({words[0] for words in CALLS}))
def test_odd_invocations_get_an_answer_for_people(place, command):
    calls = [words for words in CALLS if words[0] == command]
    before = {path.name for path in place.iterdir()}
    faults = []
    for words, (code, _, err) in zip(calls, answers(place, calls), strict=True):
        # Some are only odd, such as a folder without motions that is described as a model.
        told = "Traceback" in err or "please report it" in err or "internal error" in err or len(err) > 4000
        if code not in (1, 2) or not err.strip() or told or "secret-word" in err or "0" * 40 in err:
            faults.append((" ".join(words), code, err[-600:]))
    assert not faults, "\n".join(map(str, faults))
    left = {path.name for path in place.iterdir()} - before
    assert not [name for name in left if name.startswith(".vimogen-")]


def test_every_command_is_called_in_odd_ways():
    known = {command.name for commands in COMMANDS.values() for command in commands}
    assert known <= {words[0] for words in CALLS} and len(CALLS) > 120


def test_a_full_or_closed_output_is_an_error_without_a_traceback(place):
    words = [sys.executable, "-m", "vimogen", "info", str(place / "clip.npz")]
    if Path("/dev/full").exists():
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1 and "No space left" in done.stderr and "Exception" not in done.stderr
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "Exception" not in done.stderr


def test_a_sentence_without_quotes_is_refused(tmp_path):
    command = [sys.executable, "-m", "vimogen", "generate", "a", "person", "jumps", "--frames", "20", "--steps", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and 'a sentence needs quotes: vimogen generate "a person jumps"' in done.stderr
    assert not any(tmp_path.iterdir())
    done = subprocess.run([*command[:4], "walk", "jump", *command[7:]], cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 0 and len([*tmp_path.glob("out/*.npz")]) == 2
