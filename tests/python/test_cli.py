"""The command line, from the outside: files, exit codes, messages, JSON."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import vimogen

QUICK = ["--frames", "24", "--steps", "2"]


def run(*words, code=0, **options):
    done = subprocess.run(
        [sys.executable, "-m", "vimogen", *map(str, words)], capture_output=True, text=True, timeout=300, **options
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr and "panicked" not in done.stderr, done.stderr
    return done


def test_generate_writes_a_file_of_each_format_for_each_prompt(tmp_path):
    done = run("generate", "A person waves!", "a person jumps", "-o", tmp_path / "out", "--seed", 7, *QUICK)
    names = sorted(path.name for path in (tmp_path / "out").iterdir() if path.name != "vimogen-run.json")
    endings = ("bvh", "html", "npz")
    assert names == [f"{slug}.{e}" for slug in ("000-a-person-waves.s7", "001-a-person-jumps.s7") for e in endings]
    assert all(name in done.stdout for name in names)
    motion = vimogen.Motion.load(tmp_path / "out" / "000-a-person-waves.s7.npz")
    want = vimogen.generate("A person waves!", seed=7, num_frames=24, num_inference_steps=2)
    np.testing.assert_allclose(motion.features, want.features, atol=1e-4)


def test_generate_reads_prompts_from_a_file_and_speaks_json(tmp_path):
    done = run(
        "generate",
        "-f",
        "-",
        "-o",
        tmp_path,
        "--format",
        "npy",
        "--json",
        *QUICK,
        input="a person waves\n\na person sits\n",
    )
    made = json.loads(done.stdout)
    assert [item["prompt"] for item in made] == ["a person waves", "a person sits"]
    assert made[0]["frames"] == 24 and set(made[0]["quality"]) == set(vimogen.generate("a", num_frames=9).quality())
    assert all(np.load(item["files"][0]).shape == (24, 276) for item in made)


def test_generate_takes_another_solver(tmp_path):
    for solver in ("euler", "heun"):
        run("generate", "a person waves", "-o", tmp_path / f"{solver}.npy", "--solver", solver, *QUICK)
    assert not np.array_equal(np.load(tmp_path / "euler.npy"), np.load(tmp_path / "heun.npy"))


def test_generate_takes_a_preset_and_an_interval_of_guidance(tmp_path):
    for name, options in {
        "preset": ["--quality", "fast"],
        "spelled": ["--solver", "ab2", "--steps", "40"],
        "partly": ["--quality", "fast", "--guidance-interval", "0.9", "1.0"],
    }.items():
        run("generate", "a person waves", "-o", tmp_path / f"{name}.npy", "-n", "24", *options)
    preset, spelled, partly = (np.load(tmp_path / f"{name}.npy") for name in ("preset", "spelled", "partly"))
    assert np.array_equal(preset, spelled) and not np.array_equal(preset, partly)


def test_generate_skips_what_is_there(tmp_path):
    words = ["generate", "a person waves", "-o", tmp_path, "--format", "npz", "--skip-existing", "--json", *QUICK]
    assert len(json.loads(run(*words).stdout)) == 1
    before = next(tmp_path.iterdir()).stat().st_mtime_ns
    assert json.loads(run(*words).stdout) == []
    assert next(tmp_path.iterdir()).stat().st_mtime_ns == before


def test_a_batch_that_is_killed_keeps_what_is_done_and_goes_on(tmp_path):
    (tmp_path / "prompts.txt").write_text("".join(f"a person walks {i} steps\n" for i in range(40)))
    words = ["generate", "-f", tmp_path / "prompts.txt", "-o", tmp_path / "out", "--format", "npy", *QUICK]
    words += ["--skip-existing"]

    def made():
        return sorted((tmp_path / "out").glob("*.npy"))

    with subprocess.Popen([sys.executable, "-m", "vimogen", *map(str, words)], stdout=subprocess.DEVNULL) as process:
        end = time.monotonic() + 100
        while not made() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        process.kill()
    done = {path: path.stat().st_mtime_ns for path in made()}
    assert 0 < len(done) < 40
    run(*words)
    assert len(made()) == 40 and all(path.stat().st_mtime_ns == before for path, before in done.items())
    want = vimogen.generate("a person walks 3 steps", num_frames=24, num_inference_steps=2)
    np.testing.assert_allclose(np.load(made()[3]), want.features, atol=1e-4)


def test_runs_that_differ_are_not_mixed(tmp_path):
    words = ["generate", "a person waves", "a person sits", "-o", tmp_path, "--format", "npy", *QUICK]
    run(*words, "--seed", 7)
    run(*words, "--seed", 7, "--skip-existing")
    text = run(*words, "--seed", 8, "--skip-existing", code=1).stderr
    assert "seed was 7 and is 8" in text and "Choose another folder" in text
    other = [word.replace("sits", "sits down") if isinstance(word, str) else word for word in words]
    assert "prompts was" in run(*other, "--seed", 7, "--skip-existing", code=1).stderr
    vimogen.convert(None, tmp_path / "model")
    text = run(*words, "--seed", 7, "--skip-existing", "-m", tmp_path / "model", code=1).stderr
    assert 'model was "built in' in text
    run(*words, "--seed", 8)  # all are made again


def test_generate_follows_a_reference_into_one_file(tmp_path):
    run("generate", "a person waves", "-o", tmp_path / "wave.npz", *QUICK)
    run("generate", "--reference", tmp_path / "wave.npz", "-o", tmp_path / "like.bvh", "--steps", 2)
    assert (tmp_path / "like.bvh").read_text().startswith("HIERARCHY")


def test_convert_turns_motions_and_models(tmp_path):
    vimogen.generate("a person waves", num_frames=20, num_inference_steps=2).save(tmp_path / "a.npz")
    assert "30 frames at 30 fps" in run("convert", tmp_path / "a.npz", tmp_path / "a.bvh", "--fps", 30).stdout
    vimogen.convert(None, tmp_path / "model")
    done = run("convert", tmp_path / "model", tmp_path / "small", "--dtype", "bfloat16", "--text-only", "--json")
    assert json.loads(done.stdout)["parameters"] > 10
    facts = json.loads(run("info", tmp_path / "small", "--json").stdout)
    assert facts["architecture"] == "vimogen-t2m"


def test_evaluate_prints_a_table_or_json(tmp_path):
    vimogen.generate("a person waves", num_frames=20, num_inference_steps=2).save(tmp_path / "a.npz")
    done = run("evaluate", tmp_path, "-o", tmp_path / "report.json")
    assert "1 motions" in done.stdout and "Jitter_Degree" in done.stdout
    report = json.loads(run("evaluate", tmp_path, "-d", "Jitter_Degree", "--json").stdout)
    assert list(report["dimensions"]) == ["Jitter_Degree"]
    assert json.loads((tmp_path / "report.json").read_text())["motions"].keys() == {"a"}
    made = tmp_path / "mbench" / "7" / "motion_gen_condition_on_text.pt"
    made.parent.mkdir(parents=True)
    made.write_bytes(b"")
    assert "vimogen organize" in run("evaluate", tmp_path / "mbench", code=2).stderr


def test_set_metrics_are_those_of_the_package(tmp_path):
    rng = np.random.default_rng(2)
    arrays = {"ours": rng.normal(size=(80, 5)), "real": rng.normal(size=(90, 5)), "each": rng.normal(size=(3, 30, 5))}
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array.astype(np.float32))
    ours, real = arrays["ours"].astype(np.float32), arrays["real"].astype(np.float32)
    words = ["set-metrics", "--generated", tmp_path / "ours.npy", "--seed", 7, "--repetitions", 5]
    alone = json.loads(run(*words, "--json").stdout)
    assert (
        set(alone) == {"motions", "protocol", "repetitions", "seed", "diversity"} and alone["diversity"]["pairs"] == 40
    )
    files = ["--real", tmp_path / "real.npy", "--text", tmp_path / "ours.npy", "--per-text", tmp_path / "each.npy"]
    done = json.loads(run(*words, *files, "--json").stdout)
    drawn = {"seed": 7, "repetitions": 5}
    assert done["fid"] == pytest.approx(vimogen.mbench.fid(ours, real), rel=1e-12)
    assert done["mm_dist"] == 0 and done["r_precision"]["top_1"] == {"mean": 1.0, "interval": 0.0}
    mean, interval = vimogen.mbench.diversity(real, pairs=45, **drawn)
    assert done["diversity_real"] == {"mean": mean, "interval": interval, "pairs": 45}
    mean, interval = vimogen.mbench.multimodality(arrays["each"].astype(np.float32), pairs=10, **drawn)
    assert done["multimodality"] == {"mean": mean, "interval": interval, "pairs": 10}
    table = run(*words, *files).stdout
    assert "FID" in table and "R-precision, top 3" in table and "(10 pairs)" in table
    assert "(80, 5)" in run(*words, "--per-text", tmp_path / "ours.npy", code=1).stderr
    (tmp_path / "bad.npy").write_text("no numbers")
    assert "bad.npy" in run("set-metrics", "--generated", tmp_path / "bad.npy", code=1).stderr


def test_train_continues_and_saves_a_model(tmp_path):
    sizes = {"dim": 32, "ffn_dim": 32, "freq_dim": 16, "num_heads": 2, "num_layers": 2, "text_dim": 256, "text_len": 8}
    sizes["reference"] = True
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"model": sizes, "train": {"batch_size": 2, "log_every": 1}}))
    words = ["train", config, "-o", tmp_path / "run"]
    done = run(*words, "--steps", 2)
    assert "step      2" in done.stderr and "2 steps done" in done.stdout
    done = run(*words, "--steps", 3, "--save", tmp_path / "model", "--json")
    result = json.loads(done.stdout)
    assert result["steps_done"] == 3 and result["last"]["step"] == 2
    assert len(vimogen.Pipeline.from_pretrained(tmp_path / "model")("a", num_frames=9, num_inference_steps=1)) == 9


def test_info_describes_the_installation_a_model_and_a_motion(tmp_path):
    facts = json.loads(run("info", "--json").stdout)
    assert facts["vimogen"] == vimogen.__version__ and facts["built-in model"]["fps"] == 20
    vimogen.generate("a person waves", num_frames=20, num_inference_steps=2).save(tmp_path / "a.npz")
    assert "Jitter_Degree" in run("info", tmp_path / "a.npz").stdout


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        *(
            [name, "--help"]
            for name in ("generate", "convert", "train", "organize", "evaluate", "gate", "set-metrics", "info")
        ),
    ],
)
def test_help_teaches(words):
    # Without a command click shows the help and calls it a usage error.
    done = run(*words, code=0 if words else 2)
    text = done.stdout + done.stderr
    assert "Usage:" in text and len(text) > 200
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["generate"], 2, "there is no prompt"),
        (["generate", "a", "--reference", "b.npz"], 2, "one of them"),
        (["generate", "a person jumps", "a person waves", "-o", "x.bvh"], 2, "one file"),
        (["generate", "a", "person", "jumps"], 2, "quotes"),
        (["generate", "a", "--steps", "many"], 2, "--steps"),
        (["generate", "a", "--frames", "0"], 2, "--frames"),
        (["generate", "a", "--steps", "-1"], 2, "--steps"),
        (["generate", "a", "--seed", "-1"], 2, "--seed"),
        (["generate", "a", "--seed", str(2**64)], 1, "seed"),
        (["generate", "a", "--strength", "nan"], 1, "strength"),
        (["evaluate", "nowhere", "--jobs", "-1"], 2, "--jobs"),
        (["generate", "a", "--model", "nowhere"], 1, "nowhere"),
        (["generate", "a", "--device", "gpu"], 1, "cuda"),
        (["convert", "nowhere.npz", "a.bvh"], 1, "nowhere.npz"),
        (["train", "nowhere.json"], 1, "nowhere.json"),
        (["evaluate", "nowhere"], 1, "nowhere"),
        (["set-metrics"], 2, "--generated"),
        (["set-metrics", "--generated", "nowhere.npy"], 1, "nowhere.npy"),
        (["info", "nowhere.npz"], 1, "nowhere.npz"),
        (["dance"], 2, "dance"),
    ],
)
def test_wrong_arguments_have_an_exit_code_and_a_reason(words, code, text, tmp_path):
    done = run(*words, code=code, cwd=tmp_path)
    assert text in done.stderr and not done.stdout
    assert not list(tmp_path.iterdir()), "nothing is written"


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_ctrl_c_ends_with_130(tmp_path):
    words = [sys.executable, "-m", "vimogen", "generate", "a person waves", "--frames", "1000", "--steps", "1000"]
    process = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130 and "stopped" in message, message
