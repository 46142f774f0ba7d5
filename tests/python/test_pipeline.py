"""Generation from Python: prompts, lists, references, progress, cancelling, threads."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import vimogen

QUICK = {"num_frames": 30, "num_inference_steps": 3}


@pytest.fixture(scope="module")
def pipe():
    return vimogen.Pipeline.from_pretrained()


def test_the_same_seed_gives_the_same_motion_alone_and_in_a_list(pipe):
    one = pipe("a person waves", seed=5, **QUICK)
    assert one == pipe("a person waves", seed=5, **QUICK)
    assert one != pipe("a person waves", seed=6, **QUICK)
    both = pipe(["a person waves", "a person jumps"], seed=5, **QUICK)
    assert len(both) == 2 and both[0] != both[1]
    np.testing.assert_allclose(both[0].features, one.features, atol=1e-4)


def test_the_default_seed_is_42(pipe):
    assert pipe("a person waves", **QUICK) == pipe("a person waves", seed=42, **QUICK)


def test_seeds_and_lengths_may_be_listed(pipe):
    motions = pipe("a person waves", seed=[1, 2], num_frames=[20, 25], num_inference_steps=2)
    assert [len(motion) for motion in motions] == [20, 25]
    assert pipe(["a person waves"], **QUICK)[0] == pipe("a person waves", **QUICK)
    assert pipe([], **QUICK) == []
    with pytest.raises(ValueError, match="seed"):
        pipe(["a", "b"], seed=[1, 2, 3])


def test_encoded_prompts_replace_prompts(pipe, tmp_path):
    rows = pipe.encode("a person waves")
    assert rows.ndim == 2 and rows.shape[1] == pipe.config["dit"]["text_dim"]
    told = pipe("a person waves", **QUICK)
    assert pipe(prompt_embeds=rows, **QUICK) == told
    np.save(tmp_path / "rows.npy", rows)
    assert pipe(prompt_embeds=[rows, tmp_path / "rows.npy"], **QUICK)[1].features.shape == (30, 276)
    with pytest.raises(ValueError, match="not both"):
        pipe("a person waves", prompt_embeds=rows)
    with pytest.raises(vimogen.ShapeError, match="prompt_embeds"):
        pipe(prompt_embeds=np.zeros((3, 7)))


def test_a_reference_is_a_motion_or_a_file(pipe, tmp_path):
    walk = pipe("a person walks forward", **QUICK)
    like = pipe(reference=walk, num_inference_steps=3)
    assert len(like) == 30
    walk.save(tmp_path / "walk.npz")
    assert pipe(reference=tmp_path / "walk.npz", num_inference_steps=3) == like
    assert [len(motion) for motion in pipe(reference=[walk, walk[:20]], num_inference_steps=2)] == [30, 20]
    for name, prompt in (("prompt", "jump"), ("prompt_embeds", pipe.encode("jump"))):
        with pytest.raises(vimogen.InvalidArgumentError, match=f"either {name} or reference"):
            pipe(reference=walk, **{name: prompt})


def test_options_reach_the_sampler(pipe):
    base = pipe("a person waves", **QUICK)
    for option in ({"guidance_scale": 1.0}, {"strength": 0.5}, {"smoothing": "off"}, {"num_inference_steps": 4}):
        assert pipe("a person waves", **(QUICK | option)) != base, option
    longer = QUICK | {"num_inference_steps": 5}  # of three steps, dpmpp's are all Euler's
    made = [pipe("a person waves", solver=solver, **longer) for solver in ("euler", "heun", "ab2", "dpmpp")]
    assert made[0] == pipe("a person waves", **longer) and all(a != b for i, a in enumerate(made) for b in made[:i])
    assert pipe("a person waves", num_frames=30, quality="fast") == pipe(
        "a person waves", num_frames=30, solver="ab2", num_inference_steps=40
    )
    assert pipe("a person waves", quality="fast", solver="euler", **QUICK) == base
    with pytest.raises(vimogen.InvalidArgumentError, match="quality"):
        pipe("a person waves", quality="best")
    assert pipe("a person waves", guidance_interval=(0.0, 1.0), **QUICK) == base
    assert pipe("a person waves", guidance_interval=(0.9, 1.0), **QUICK) != base


def test_progress_is_told_in_order_until_the_end(pipe):
    told = []
    pipe(["a person waves", "a person jumps"], callback=lambda *step: told.append(step), **QUICK)
    assert told == [("encode", 1, 2), ("encode", 2, 2), ("sample", 1, 3), ("sample", 2, 3), ("sample", 3, 3)]


def test_a_callback_cancels_by_returning_false_or_raising(pipe):
    steps = []

    def stop(stage, step, total):
        steps.append(step)
        return stage != "sample"

    with pytest.raises(vimogen.CancelledError):
        pipe("a person waves", callback=stop, **QUICK)
    assert steps == [1, 1]
    with pytest.raises(ZeroDivisionError):
        pipe("a person waves", callback=lambda *_: 1 / 0, **QUICK)


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_ctrl_c_stops_within_a_step(pipe):
    seen = []

    def press(stage, step, total):
        seen.append(step)
        if stage == "sample" and step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        pipe("a person waves", num_frames=30, num_inference_steps=500, callback=press)
    assert max(seen) <= 3


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_ctrl_c_is_heard_without_a_callback(pipe):
    start = time.perf_counter()
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        pipe("a person waves", num_frames=400, num_inference_steps=1000)
    timer.join()
    assert time.perf_counter() - start < 20


def test_other_threads_run_while_one_generates(pipe):
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    pipe("a person waves", num_frames=200, num_inference_steps=1)
    end = time.perf_counter()
    done.set()
    thread.join()
    assert sum(start < tick < end for tick in ticks) >= 3


def test_threads_share_a_pipeline(pipe):
    prompts = ["a person waves", "a person jumps", "a person sits down"]
    with ThreadPoolExecutor(3) as pool:
        threaded = list(pool.map(lambda prompt: pipe(prompt, **QUICK), prompts))
    assert threaded == [pipe(prompt, **QUICK) for prompt in prompts]


def test_a_converted_model_generates_the_same(pipe, tmp_path):
    names = vimogen.convert(None, tmp_path / "model", dtype="bfloat16")
    assert "blocks.0.ffn.0.weight" in names
    other = vimogen.Pipeline.from_pretrained(tmp_path / "model")
    assert other("a person waves", **QUICK) == pipe("a person waves", **QUICK)
    half = vimogen.Pipeline.from_pretrained(tmp_path / "model", dtype="bfloat16", text_only=True)
    assert half.config["architecture"] == "vimogen-t2m"
    with pytest.raises(ValueError, match="text-only"):
        half(reference=pipe("a person waves", **QUICK))


@pytest.mark.parametrize("dtype", ["bfloat16", "int8"])
def test_smaller_weights_generate_nearly_the_same(pipe, dtype):
    small = vimogen.Pipeline.from_pretrained(dtype=dtype)
    motion = small("a person waves", **QUICK)
    assert motion == small("a person waves", **QUICK)
    apart = np.linalg.norm(motion.joints - pipe("a person waves", **QUICK).joints, axis=-1)
    assert 0 < apart.mean() < 0.1  # metres


def test_a_file_of_8_bits_is_a_quarter_of_the_size_and_is_written_again_as_it_is(pipe, tmp_path):
    def weights(name):
        return (tmp_path / name / "model.safetensors").read_bytes()

    vimogen.convert(None, tmp_path / "plain")
    vimogen.convert(None, tmp_path / "small", dtype="int8")
    vimogen.convert(tmp_path / "small", tmp_path / "again", dtype="int8")
    assert len(weights("small")) < 0.3 * len(weights("plain"))
    assert weights("small") == weights("again")
    small = vimogen.Pipeline.from_pretrained(tmp_path / "small")
    apart = np.linalg.norm(small("a person waves", **QUICK).joints - pipe("a person waves", **QUICK).joints, axis=-1)
    assert apart.mean() < 0.1  # metres


def test_normalising_is_undone(pipe):
    features = pipe("a person waves", **QUICK).features
    normal = pipe.normalize(features)
    np.testing.assert_allclose(normal, (features - pipe.mean) / pipe.std, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(pipe.denormalize(normal), features, atol=1e-5)


def test_a_progress_bar_is_a_callback(pipe, capsys):
    pipe("a person waves", callback=vimogen.progress_bar(), **QUICK)
    assert "sample" in capsys.readouterr().err
