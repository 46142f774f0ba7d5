"""MBench as a whole, from the prompts to the page; judges on a server of this test's own; metrics of sets."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import numpy as np
import pytest

import vimogen
from vimogen import mbench

PROMPTS = ["a person walks forward", "a person jumps", "a person waves", "a person sits down"]
JUDGED = ["Motion_Condition_Consistency", "Motion_Generalizability"]


@pytest.fixture
def benchmark(tmp_path):
    """Prompt file and info file of a little benchmark."""
    prompts = [
        {"global_id": i, "id": i, "prompt": prompt, "motion_duration": 1, "motion_path": f"ref/{i}.npz"}
        for i, prompt in enumerate(PROMPTS)
    ]
    prompts[3]["use_ref_motion"] = True
    info = [
        {"prompt": prompt, "dimension": dimension, "id": i, "category": "x", "motion_duration": 20}
        for dimension in ("Jitter_Degree", "Ground_Penetration", *JUDGED)
        for i, prompt in enumerate(PROMPTS)
    ]
    for entry in info:
        if entry["dimension"] == JUDGED[0]:
            entry["auxiliary_info"] = ["a person swims", "a person runs"]
    (tmp_path / "prompts.json").write_text(json.dumps(prompts))
    (tmp_path / "info.json").write_text(json.dumps(info))
    return tmp_path


class Judge(BaseHTTPRequestHandler):
    """Implements OpenAI's protocol, recognises the walk, and is busy at first."""

    asked: ClassVar[list[str]] = []
    pause: ClassVar[float] = 0.0
    lock: ClassVar[threading.Lock] = threading.Lock()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        question = body["messages"][0]["content"][1]["text"]
        with self.lock:
            first = not self.asked
            self.asked.append(question)
        time.sleep(self.pause)
        if first:
            self.send_response(429)
            self.send_header("retry-after-ms", "20")
            self.end_headers()
            return
        text = "A walk.\n\nThe closest motion is: a person walks forward" if "- a person" in question else "Answer: no"
        if "matches" in question:
            text = json.dumps({"analysis": "seen", "matches": "walks" in question})
        reply = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


@pytest.fixture
def judge(monkeypatch):
    """A judge in the environment, of this process and of those it starts."""
    for name in ("GEMINI_API_KEY", "VIMOGEN_JUDGE", "VIMOGEN_JUDGE_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    handler = type("Mine", (Judge,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-do-not-show")
    monkeypatch.setenv("VIMOGEN_JUDGE_MODEL", "some-model")
    yield handler
    server.shutdown()


def run(*words):
    done = subprocess.run(
        [sys.executable, "-m", "vimogen", *map(str, words)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def videos(folder, count=4):
    folder.mkdir(exist_ok=True)
    for i in range(count):
        (folder / f"{i}.mp4").write_bytes(b"video %d" % i)


def test_from_prompts_to_the_page(benchmark, monkeypatch):
    for name in ("GEMINI_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    words = ["generate", "--mbench", benchmark / "prompts.json", "-o", benchmark / "gen", "--frames", 20, "--steps", 2]
    assert "4 motions from text" in run(*words, "--root", benchmark).stdout
    assert json.loads(run(*words, "--root", benchmark, "--json").stdout)["kept"] == 4
    assert (benchmark / "gen/2/prompt.txt").read_text() == "a person waves\n"
    assert "4 motions" in run("organize", benchmark / "gen", benchmark / "joints").stdout
    joints = np.load(benchmark / "joints/1.npy")
    features = vimogen.Motion.load(benchmark / "gen/1/motion_gen_condition_on_text.pt").features
    np.testing.assert_array_equal(joints, vimogen.motion.mbench_joints(features))
    done = run("evaluate", benchmark / "joints", "--info", benchmark / "info.json", "--name", "mine")
    assert "Jitter_Degree" in done.stdout and "Motion_Generalizability: skipped" in done.stderr
    results = benchmark / "joints-results"
    scores = json.loads((results / "mine_eval_results.json").read_text())
    assert sorted(scores) == ["Ground_Penetration", "Jitter_Degree"]
    got = {row["id"]: row["value"] for row in scores["Jitter_Degree"]["per_motion"]}
    assert got[1] == pytest.approx(mbench.jitter_degree(joints), rel=1e-6)
    with (results / "mine_results.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 8
    page = (results / "mine_report.html").read_text()
    assert "worst, motion" in page and "http:" not in page
    other = ["--name", "other", "--compare", results / "mine_eval_results.json", "--up-axis", 1]
    done = run("evaluate", benchmark / "joints", "--info", benchmark / "info.json", *other)
    assert "mine" in done.stdout and "height of joint files: axis 1" in done.stderr


def test_generate_refuses_the_folder_of_another_run(benchmark):
    folder = benchmark / "gen"

    def make(model=None, **options):
        usual = {"num_frames": 20, "num_inference_steps": 1, "root": benchmark}
        pipeline = vimogen.Pipeline.from_pretrained(model)
        return mbench.generate(pipeline, benchmark / "prompts.json", folder, **{**usual, **options})

    def refused(text, **options):
        with pytest.raises(vimogen.InvalidArgumentError, match="motions of another run") as caught:
            make(**options)
        assert text in str(caught.value) and "Choose another folder" in str(caught.value)

    assert make()["from_text"] == 4
    made = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert make()["kept"] == 4
    refused("seed was null and is 9", seed=9)
    refused("num_inference_steps was 1 and is 2", num_inference_steps=2)
    refused('text_key was "prompt" and is "video_text_annot"', text_key="video_text_annot")
    refused("prompt_durations was false and is true", prompt_durations=True)
    vimogen.convert(None, benchmark / "model")
    refused('model was "built in', model=benchmark / "model")
    text = (benchmark / "prompts.json").read_text()
    (benchmark / "prompts.json").write_text(text.replace("waves", "bows"))
    refused("prompt file was")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == made


def test_a_judge_decides_and_is_asked_once(benchmark, judge):
    videos(benchmark / "joints")
    kwargs = {"info": benchmark / "info.json", "output": benchmark / "out"}
    steps = []
    results = vimogen.evaluate(benchmark / "joints", JUDGED, callback=lambda *step: steps.append(step), **kwargs)
    assert steps[-1] == ("evaluate", 8, 8)
    consistency = results["dimensions"][JUDGED[0]]["aggregate"]
    assert (consistency["correct"], consistency["total"], consistency["accuracy"]) == (1, 4, 0.25)
    assert results["dimensions"][JUDGED[1]]["aggregate"]["mean"] == 0
    assert len(judge.asked) == 9, "one was busy"
    assert vimogen.evaluate(benchmark / "joints", JUDGED, **kwargs) == results
    assert len(judge.asked) == 9
    written = [path for path in benchmark.rglob("*") if path.is_file()]
    assert all(b"sk-do-not-show" not in path.read_bytes() for path in written)
    own = benchmark / "own.txt"
    own.write_text("[Motion_Generalizability]\nIs it {prompt}? Answer: yes or Answer: no\n")
    vimogen.evaluate(benchmark / "joints", JUDGED[1:], prompt_template=own, **kwargs)
    assert "Is it a person jumps? Answer: yes or Answer: no" in judge.asked


def test_a_judge_that_is_asked_for_must_be_there(benchmark, monkeypatch):
    for name in ("GEMINI_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "VIMOGEN_JUDGE"):
        monkeypatch.delenv(name, raising=False)
    videos(benchmark / "joints")
    with pytest.raises(vimogen.ConfigError, match="GEMINI_API_KEY"):
        vimogen.evaluate(benchmark / "joints", JUDGED, info=benchmark / "info.json")


def test_the_gate_changes_only_what_it_decides(benchmark, judge):
    (benchmark / "ref").mkdir()
    for i in (0, 1):
        motion = vimogen.generate(PROMPTS[i], num_frames=20, num_inference_steps=20)
        motion.save(benchmark / f"ref/{i}.npz")
    videos(benchmark / "videos")
    before = json.loads((benchmark / "prompts.json").read_text())
    done = run("gate", benchmark / "prompts.json", "--videos", benchmark / "videos", "--root", benchmark)
    assert "1 of 4 references" in done.stdout
    after = json.loads((benchmark / "prompts.json").read_text())
    assert [row["use_ref_motion"] for row in after] == [True, False, False, False]
    assert [{**row, "use_ref_motion": 0} for row in after] == [{**row, "use_ref_motion": 0} for row in before]
    report = json.loads((benchmark / "prompts.quality.json").read_text())
    assert report[0]["analysis"] == "seen" and report[0]["Jitter_Degree"] < 0.04 and report[3]["Jitter_Degree"] is None


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_killed_evaluation_goes_on(benchmark, judge):
    judge.pause = 0.3
    videos(benchmark / "joints")
    words = ["evaluate", benchmark / "joints", "--info", benchmark / "info.json", "-d", JUDGED[1], "-j", 1, "-q"]
    words += ["-o", benchmark / "out", "--name", "run"]
    process = subprocess.Popen([sys.executable, "-m", "vimogen", *map(str, words)])
    journal = benchmark / "out/run_progress.jsonl"
    end = time.monotonic() + 60
    while time.monotonic() < end and not (journal.exists() and journal.read_text().count("\n") >= 2):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    finished = journal.read_text().count("\n")
    asked = len(judge.asked)
    judge.pause = 0.0
    run(*words)
    assert 2 <= finished < 4 and len(judge.asked) - asked == 4 - finished
    scores = json.loads((benchmark / "out/run_eval_results.json").read_text())
    assert scores[JUDGED[1]]["aggregate"]["num_samples"] == 4


def test_set_metrics_are_those_of_numpy():
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(200, 6)), rng.normal(1.0, 2.0, size=(300, 6))
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # The trace of the root of a product of covariances is the sum of the roots of its eigenvalues.
    roots = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).real).sum()
    want = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a + cov_b) - 2 * roots
    assert mbench.fid(a, b) == pytest.approx(want, rel=1e-5)
    assert mbench.mm_dist(a, b[:200]) == pytest.approx(np.linalg.norm(a - b[:200], axis=1).mean(), rel=1e-6)
    assert mbench.r_precision(a, a) == [(1.0, 0.0)] * 3
    pairs = np.linalg.norm(a[:, None] - a[None], axis=-1)[np.triu_indices(200, 1)]
    mean, interval = mbench.diversity(a, pairs=100, repetitions=50)
    assert abs(mean - pairs.mean()) < 3 * interval
    mean, interval = mbench.multimodality(a.reshape(4, 50, 6), repetitions=50)
    assert interval > 0 and 1 < mean < 6
    with pytest.raises(vimogen.ShapeError, match="real"):
        mbench.fid(a, b[:, :5])


def test_set_metrics_follow_the_conventions_of_humanml3d():
    """Expected values of the draws: subsets that are independent of each other, batches of 32."""
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(32, 5)), rng.normal(size=(32, 5))
    usual = {"protocol": "humanml3d", "repetitions": 400}
    # One batch holds all pairs, in any order.
    distances = np.linalg.norm(a[:, None] - b[None], axis=-1)
    mean, interval = mbench.mm_dist(a, b, **usual)
    assert mean == pytest.approx(np.diag(distances).mean(), rel=1e-6) and interval < 1e-9
    ranks = (distances < np.diag(distances)[:, None]).sum(1)
    for k, (mean, interval) in enumerate(mbench.r_precision(a, b, **usual), 1):
        assert mean == pytest.approx((ranks < k).mean()) and interval < 1e-9
    # The rest of a pass is left out: each repetition sees 32 of 40 pairs.
    mean, interval = mbench.mm_dist(np.vstack([a, a[:8]]), np.vstack([b, b[:8]]), **usual)
    want = np.append(np.diag(distances), np.diag(distances)[:8]).mean()
    assert interval > 0 and abs(mean - want) < 3 * interval
    # A motion may be in both subsets, also opposite itself.
    few = a[:12]
    pairs = np.linalg.norm(few[:, None] - few[None], axis=-1)
    mean, interval = mbench.diversity(few, pairs=6, **usual)
    assert abs(mean - pairs.mean()) < 3 * interval
    unbiased, interval = mbench.diversity(few, pairs=6, repetitions=400)
    assert abs(unbiased - pairs.sum() / (12 * 11)) < 3 * interval and unbiased > mean
    mean, interval = mbench.multimodality(np.stack([few, 2 * few]), pairs=6, **usual)
    assert abs(mean - 1.5 * pairs.mean()) < 3 * interval
    assert mbench.diversity(few, pairs=6, protocol="humanml3d") == mbench.diversity(
        few, pairs=6, protocol="humanml3d", repetitions=20
    )
    with pytest.raises(vimogen.InvalidArgumentError, match="humanml3d draws 12 pairs from more than 12"):
        mbench.diversity(few, pairs=12, protocol="humanml3d")
    with pytest.raises(vimogen.ShapeError, match="32 or more"):
        mbench.r_precision(few, few, protocol="humanml3d")
    with pytest.raises(vimogen.InvalidArgumentError, match="humanml3d"):
        mbench.diversity(few, pairs=6, protocol="humanml")
