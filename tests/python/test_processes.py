"""Threads and processes: forked children work, crowds of threads take turns, Ctrl-C ends a wait."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")

START = """
import os, signal, sys, threading, time
import numpy as np
import vimogen

QUICK = dict(num_frames=24, num_inference_steps=2)

def generate(seed=1, **options):
    return vimogen.generate("a person waves", seed=seed, **{**QUICK, **options})

def in_child(work):
    child = os.fork()
    if child == 0:
        signal.alarm(100)
        try:
            work()
            os._exit(0)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
"""


def run(body, threads=None, timeout=300):
    """Runs a program that must end in time."""
    env = {**os.environ, **({} if threads is None else {"RAYON_NUM_THREADS": str(threads)})}
    program = START + textwrap.dedent(body)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=timeout, env=env, check=False
    )
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    return done.stdout


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_forked_child_generates_loads_draws_and_evaluates_the_network(threads, tmp_path):
    run(
        f"""
        want = generate().features
        pipeline = vimogen.Pipeline.from_pretrained()

        def work():
            assert np.array_equal(generate().features, want)
            assert np.array_equal(pipeline("a person waves", seed=1, **QUICK).features, want)
            motion = vimogen.Pipeline.from_pretrained()("a person waves", seed=1, **QUICK)
            motion.render({str(tmp_path / "a.gif")!r}, size=(64, 64))
            motion.save({str(tmp_path / "a.npz")!r})
            assert vimogen.Motion.load({str(tmp_path / "a.npz")!r}) == motion
            x, context = np.zeros((1, 8, 276), np.float32), np.zeros((1, 4, 256), np.float32)
            assert pipeline.dit(x, 500.0, context).shape == (1, 8, 276)
            made = []
            threads = [threading.Thread(target=lambda: made.append(generate())) for _ in range(4)]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
            assert len(made) == 4 and all(np.array_equal(motion.features, want) for motion in made)
            in_child(lambda: np.testing.assert_array_equal(generate().features, want))

        in_child(work)
        in_child(work)
        assert np.array_equal(generate().features, want)
        """,
        threads,
    )


@pytest.mark.parametrize("threads", [1, 2, 16])
def test_a_child_of_a_forked_child_does_everything(threads, tmp_path):
    """The thread that forks belongs to the pool of the child, whose other threads the grandchild lacks."""
    run(
        f"""
        motion = generate()
        path = {str(tmp_path / "a")!r}

        def work():
            motion.render(path + ".gif", size=(48, 48))
            motion.save(path + ".npz")
            assert vimogen.Motion.load(path + ".npz") == motion
            assert np.array_equal(generate().features, motion.features)
            assert vimogen.Body().vertices(motion).shape[0] == len(motion)
            assert vimogen.mbench.fid(np.eye(8), 2 * np.eye(8)) > 0

        def child():
            work()
            in_child(lambda: (work(), in_child(work)))
            work()

        in_child(child)
        """,
        threads,
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_of_a_forked_child_draw_at_the_same_time(threads, tmp_path):
    """A drawing call waits for its pictures. Calls that wait on all threads of a pool would leave none that draws."""
    run(
        f"""
        motion = generate()
        folder = {str(tmp_path)!r}

        def draw(name):
            path = f"{{folder}}/{{name}}.gif"
            motion.render(path, size=(48, 48))
            return open(path, "rb").read()

        want = draw("parent")

        def work():
            made = []
            threads = [threading.Thread(target=lambda i=i: made.append(draw(i))) for i in range(24)]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
            assert made == [want] * 24

        in_child(lambda: (work(), in_child(work)))
        """,
        threads,
    )


@pytest.mark.parametrize("threads", [2, 16])
def test_hundreds_of_threads_of_a_forked_child_take_turns(threads):
    run(
        """
        want = generate().features
        threading.stack_size(256 * 1024)

        def child():
            made = []
            crowd = [threading.Thread(target=lambda: made.append(generate().features)) for _ in range(256)]
            [thread.start() for thread in crowd]
            [thread.join() for thread in crowd]
            assert len(made) == 256 and all(np.array_equal(features, want) for features in made)

        in_child(child)
        """,
        threads,
    )


def test_a_process_can_fork_right_after_every_call(tmp_path):
    """A thread that begins or ends holds locks of the allocator: those of a call are over when it returns."""
    run(
        f"""
        motion = generate()
        features, path = motion.features, {str(tmp_path / "a.gif")!r}
        calls = [
            lambda: motion.resample(30.0),
            lambda: vimogen.Body().vertices(motion[:2]),
            lambda: motion[:2].render(path, size=(16, 16)),
            lambda: vimogen.motion.resample(features, 20, 30.0),
        ]

        def chain(depth):
            for call in calls:
                call()
                if depth:
                    in_child(lambda: chain(depth - 1))

        for _ in range(2):
            chain(2)
        """,
        16,
    )


def test_a_process_can_fork_in_a_callback_and_both_finish():
    run(
        """
        pipeline = vimogen.Pipeline.from_pretrained()
        options = {**QUICK, "num_inference_steps": 4}
        want = pipeline("a person waves", seed=1, **options).features
        pids = []

        def callback(stage, step, total):
            if step == 2 and not pids:
                pids.append(os.fork())
                if pids[0] == 0:
                    signal.alarm(100)
                    assert np.array_equal(pipeline("a person waves", seed=1, **options).features, want)

        made = pipeline("a person waves", seed=1, callback=callback, **options).features
        if pids[0] == 0:
            os._exit(0 if np.array_equal(made, want) else 1)
        assert np.array_equal(made, want)
        assert os.waitpid(pids[0], 0)[1] == 0
        """,
        2,
    )


def test_a_pool_of_forked_processes_generates():
    run(
        """
        import multiprocessing
        want = [generate(seed).features for seed in range(4)]
        with multiprocessing.get_context("fork").Pool(2) as pool:
            made = pool.map(generate, range(4))
        assert all(np.array_equal(motion.features, features) for motion, features in zip(made, want))
        """
    )


def interrupted(body, wait=2.0):
    """Seconds from Ctrl-C to the end of a program that prints `ready` and works on."""
    program = START + textwrap.dedent(body)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline().strip() == b"ready"
            time.sleep(wait)
            assert process.poll() is None, process.stderr.read()
            start = time.monotonic()
            process.send_signal(signal.SIGINT)
            text = process.communicate(timeout=60)[1].decode()
        finally:
            process.kill()
    assert "KeyboardInterrupt" in text, text
    return time.monotonic() - start


# What the child does first; the generation after it is the one that ends.
FIRST = {
    "nothing": "",
    "work on a thread": "generate().resample(30.0)",
    "work of another thread": "thread = threading.Thread(target=generate); thread.start(); thread.join()",
    "a fork": "generate(); fork()",
}


@pytest.mark.parametrize("first", FIRST)
def test_ctrl_c_ends_a_generation_in_a_forked_child(first):
    body = f"""
        def fork():
            child = os.fork()
            if child:
                signal.signal(signal.SIGINT, lambda *_: os.kill(child, signal.SIGINT))
                os.waitpid(child, 0)
                os._exit(0)
            signal.alarm(100)

        generate()
        fork()
        {FIRST[first]}
        print("ready", flush=True)
        generate(num_frames=200, num_inference_steps=1000)
        """
    assert interrupted(body) < 3


@pytest.mark.parametrize("threads", [2, 16])
def test_hundreds_of_threads_with_small_stacks_are_served_in_their_order(threads):
    run(
        """
        want = generate().features
        threading.stack_size(256 * 1024)
        started, finished = [], []

        def work(i):
            started.append(i)
            assert np.array_equal(generate().features, want)
            finished.append(i)

        crowd = [threading.Thread(target=work, args=(i,)) for i in range(512)]
        [thread.start() for thread in crowd]
        [thread.join() for thread in crowd]
        turn = {caller: place for place, caller in enumerate(started)}
        late = [place for place, caller in enumerate(finished) if place > 1.5 * turn[caller] + 32]
        assert len(finished) == 512 and not late, (late, finished)
        """,
        threads,
    )


def test_ctrl_c_ends_the_wait_for_a_turn():
    body = """
        generate()
        long = dict(num_frames=200, num_inference_steps=1000)
        for _ in range(32):
            threading.Thread(target=generate, kwargs=long, daemon=True).start()
        time.sleep(1)
        print("ready", flush=True)
        try:
            generate(**long)
        except KeyboardInterrupt:
            sys.stderr.write("KeyboardInterrupt\\n")
            sys.stderr.flush()
            os._exit(1)
        """
    assert interrupted(body) < 3


def test_a_generation_within_a_callback_of_another_one_does_not_wait_for_it():
    run(
        """
        from concurrent.futures import ThreadPoolExecutor
        made = []
        with ThreadPoolExecutor() as pool:
            def callback(stage, step, total):
                if step:
                    made.append(generate())
                    made.append(pool.submit(generate).result())
            pipeline = vimogen.Pipeline.from_pretrained()
            pipeline("a person jumps", callback=callback, **QUICK)
        assert len(made) >= 4
        """,
        2,
    )


WORK = {
    "film": 'vimogen.Motion(np.zeros((5000, 276))).save(folder + "/a.gif")',
    "set metrics": "vimogen.mbench.fid(np.random.rand(3000, 2048), np.random.rand(3000, 2048))",
    "Dit": "pipeline.dit(np.zeros((64, 900, 276)), 500.0, np.zeros((64, 8, 256)))",
    "resample": "long.resample(19.0)",
    "resampled features": "vimogen.motion.resample(long.features, 20, 19.0)",
    "vertices": "vimogen.Body().vertices(long[:50000])",
    "evaluate": "vimogen.evaluate(scored)",
    "encode": 'encoder.encode(["a person walks and then waves"] * 64)',
    "save": "long.save(folder + '/a.usda')",
    "load": "vimogen.Motion.load(folder + '/long.fbx')",
    "join": "vimogen.Motion.join([long] * 4, window=2.0)",
    "along": "long.along([[0, 0], [0, 0.5 * length], [0.3 * length, 0.9 * length]])",
    "retarget": "vimogen.Character.preset('mixamo').add(long)",
    "penetration": "vimogen.mbench.body_penetration(vertices, vimogen.Body().faces)",
    "stream": "stream.block(5000)",
    "change": "pipeline.edit(long[:200], 'a person runs', num_inference_steps=500)",
}


STILL = "vimogen.Motion(np.zeros((200_000, 276), np.float32), fps=20)"
WALK = "vimogen.generate('a person walks forward', num_frames=100, num_inference_steps=8).repeated(200)"
# Work whose length does not depend on what moves.
STILL_WORK = ("film", "resample", "resampled features", "vertices", "evaluate")

# Input of the work, made beforehand.
START_OF = {
    "evaluate": "scored = folder + '/scored'; os.mkdir(scored); "
    "[long[:20000].save(scored + f'/{i}.npy') for i in range(8)]",
    "load": "long.save(folder + '/long.fbx')",
    "along": "length = float(np.linalg.norm(np.diff(long.joints[:, 0, :2], axis=0), axis=1).sum())",
    "penetration": "vertices = vimogen.Body().vertices(long[:100])",
    "stream": "stream = pipeline.stream('a person walks')",
    "encode": "import encoders, pathlib; encoder = vimogen.TextEncoder.from_pretrained("
    "encoders.small_encoder(pathlib.Path(folder) / 'encoder', 512))",
}


@pytest.mark.parametrize("work", WORK)
def test_ctrl_c_ends_long_work_within_a_second(work, tmp_path):
    """The work is repeated, so that it is under way whenever the signal comes."""
    body = f"""
        folder = {str(tmp_path)!r}
        pipeline = vimogen.Pipeline.from_pretrained()
        long = {STILL if work in STILL_WORK else WALK}
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        {START_OF.get(work, "")}
        print("ready", flush=True)
        try:
            while True:
                {WORK[work]}
        except KeyboardInterrupt:
            sys.stderr.write("KeyboardInterrupt\\n")
            sys.stderr.flush()
            os._exit(1)
        """
    assert interrupted(body) < 3  # a second, and two for a loaded machine
