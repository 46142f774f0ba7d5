"""The server's interface on a local Ray Serve with two replicas: `make test-ray` installs Ray and runs this."""

import json
import os
import secrets
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

import numpy as np
import pytest

import vimogen

ray = pytest.importorskip("ray", reason="Ray is not installed; `make test-ray` installs it")
pytest.importorskip("ray.serve", reason="Ray Serve is not installed; `make test-ray` installs it")

PORT = 18765
WALK = "a person walks forward"


@pytest.fixture(scope="module")
def cluster():
    from ray import serve

    from vimogen import ray as vray

    # A token of its own for the cluster of the test, not one in the home folder.
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": PORT})
    serve.run(vray.api(replicas=2, resources={"num_cpus": 1}))
    yield
    serve.shutdown()
    ray.shutdown()


def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def replicas():
    """Processes of the model's replicas."""
    lines = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [int(line.split()[0]) for line in lines if "ServeReplica:default:Model" in line]


def test_no_request_is_lost_when_a_replica_is_killed(cluster, tmp_path):
    answers = {}
    request = {"prompt": WALK, "num_frames": 60, "num_inference_steps": 30, "format": "npz"}

    def one(seed):
        answers[seed] = ask("/api/generate", request | {"seed": seed})

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(30)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    before = replicas()
    assert len(before) == 2 and len(answers) < 30
    os.kill(before[0], signal.SIGKILL)
    for thread in threads:
        thread.join()
    assert [answers[seed][0] for seed in range(30)] == [200] * 30, [body[:200] for _, body in answers.values()]
    for seed in (0, 29):
        path = tmp_path / f"{seed}.npz"
        path.write_bytes(answers[seed][1])
        want = vimogen.generate(WALK, num_frames=60, num_inference_steps=30, seed=seed)
        np.testing.assert_allclose(vimogen.Motion.load(path).features, want.features, atol=1e-4)
    deadline = time.monotonic() + 60
    while len(replicas()) < 2:
        assert time.monotonic() < deadline, "the replica is not replaced"
        time.sleep(0.5)


def test_errors_are_those_of_the_server_and_jobs_are_refused(cluster):
    status, body = ask("/api/generate", {"promt": WALK})
    assert status == 400 and b"did you mean prompt?" in body
    for path, request in (("/api/generate", {"prompt": WALK, "wait": False}), ("/api/stream", {"prompt": WALK})):
        status, body = ask(path, request)
        assert status == 400 and b"without jobs" in body
    assert ask("/api/health")[0] == 200


def test_replicas_follow_the_load_and_share_devices():
    from vimogen import ray as vray

    application = vray.api(replicas=(1, 4), resources={"num_gpus": 0.25}, ongoing=8)
    model = application._bound_deployment.init_args[0]._bound_deployment
    scaling = model._deployment_config.autoscaling_config
    assert (scaling.min_replicas, scaling.max_replicas) == (1, 4)
    assert model.ray_actor_options["num_gpus"] == 0.25
