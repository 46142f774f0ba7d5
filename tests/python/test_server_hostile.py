"""Requests to `vimogen serve` that mean harm, and those of people who may not ask."""

import contextlib
import random
import signal
import socket
import threading
import time

import pytest

from serving import SECONDS, serving

QUICK = {"num_frames": 30, "num_inference_steps": 2}
WALK = "a person walks forward"


@pytest.fixture(scope="module")
def client():
    with serving("--api") as client:
        yield client


@pytest.fixture(scope="module")
def walk(client):
    return client.made("/api/generate", prompt=WALK, seed=3, **QUICK)["motions"][0]


HOSTILE = [
    (b"", 400, "not JSON"),
    (b"[]", 400, "not a JSON object"),
    (b"[" * 200_000, 400, "nests"),
    (b'{"prompt":"\xff"}', 400, "UTF-8"),
    (b'{"prompt":"a","seed":NaN}', 400, "NaN"),
    (b'{"prompt":"a","seed":1e999}', 400, "out of range"),
    (b'{"prompt":"a","seed":-1}', 400, "seed"),
    (b'{"prompt":"a","seed":' + b"9" * 5000 + b"}", 400, "JSON"),
    (b'{"prompt":"a","num_frames":99999999999999999999}', 400, "num_frames"),
    (b'{"prompt":"a","num_frames":12000,"n":16}', 413, "frames"),
    (b'{"prompt":"a","num_inference_steps":true}', 400, "num_inference_steps"),
    (b'{"prompt":"\\ud800"}', 400, "surrogate"),
    (b'{"prompt":["a",["b"]]}', 400, "prompt[1]"),
    (b'{"promt":"a"}', 400, "did you mean prompt?"),
    (b'{"prompt":""}', 400, "no word"),
    (b"{}", 400, "prompt or a reference"),
    (b'{"prompt":"' + b"x" * 5000 + b'"}', 400, "5000 characters"),
    (b'{"prompt":"a","format":"../../etc/passwd"}', 400, "format"),
    (b'{"prompt":"a","format":"exe"}', 400, "format"),
    (b'{"reference":"../../etc/passwd"}', 404, "no motion"),
    (b'{"reference":{"data":"%%%","format":"npz"}}', 400, "base64"),
    (b'{"reference":{"data":"AAAA","format":"npz"}}', 400, "upload.npz"),
    (b'{"reference":{"data":"AAAA","format":"/etc/passwd"}}', 400, "format"),
    (b'{"prompt":"a","constraints":"/etc/passwd"}', 400, "constraints"),
    (b'{"prompt":"a","constraints":{"constraints":[{"type":"fly"}]}}', 400, "fly"),
    (b'{"prompt":"a","constraints":' + b"[" * 900 + b"]" * 900 + b"}", 400, "constraints"),
]


@pytest.mark.parametrize(("body", "status", "named"), HOSTILE, ids=lambda value: str(value)[:40])
def test_a_hostile_request_is_an_error_that_names_the_reason(client, body, status, named):
    answer = client.post("/api/generate", body)
    assert answer.status == status, answer.body[:300]
    error = answer.json["error"]
    assert named in error["message"] or named in str(error["field"]), error
    assert "/tmp" not in error["message"] and "Traceback" not in error["message"]


def test_random_requests_never_break_the_server(client, walk):
    random.seed(5)
    odd = [
        None,
        True,
        -1,
        0,
        3,
        1e308,
        "",
        "x",
        "../..",
        "\0",
        "\U0001f600" * 50,
        [],
        [[]],
        {},
        {"do": "turn"},
        {"data": 1},
        walk["id"],
        [walk["id"]],
    ]
    names = [
        "prompt",
        "prompts",
        "seed",
        "n",
        "seconds",
        "num_frames",
        "motion",
        "other",
        "steps",
        "constraints",
        "reference",
        "format",
        "quality",
        "guidance_interval",
        "size",
        "view",
        "strength",
        "title",
        "segments",
        "seeds",
    ]
    for _ in range(400):
        body = {random.choice(names): random.choice(odd) for _ in range(random.randint(0, 4))} | {
            "num_inference_steps": 1
        }
        if random.random() < 0.3:
            body["steps"] = [
                {
                    "do": random.choice(["turn", "hold", "repeat", "along", "fly"]),
                    random.choice(["degrees", "points", "times"]): random.choice(odd),
                }
            ]
        task = random.choice(["generate", "sequence", "edit", "variations", "score", "convert", "render"])
        answer = client.post(f"/api/{task}", body)
        assert answer.status < 500, (task, body, answer.body[:300])
        if answer.status != 200:
            assert answer.json["error"]["message"], (task, body)
    for kind in ("npz", "npy", "pt", "pkl", "bvh", "glb", "gltf", "fbx"):
        for _ in range(10):
            answer = client.send("POST", f"/api/motions?from={kind}", random.randbytes(random.randint(0, 300)))
            assert 400 <= answer.status < 500, (kind, answer.status, answer.body[:300])


def test_bytes_that_are_not_http_never_break_the_server(client):
    random.seed(6)
    heads = [b"", b"GET / HTTP/1.1\r\n", b"POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"]
    for _ in range(60):
        with socket.create_connection(("127.0.0.1", client.port)) as connection:
            connection.sendall(random.choice(heads) + random.randbytes(random.randint(0, 2000)))
    with socket.create_connection(("127.0.0.1", client.port)) as connection:
        connection.sendall(b"GET /api/health HTTP/1.1\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n")
        connection.settimeout(SECONDS)
        with contextlib.suppress(ConnectionResetError):  # it does not read on
            assert connection.recv(64).startswith(b"HTTP/1.1 4")
    assert client.get("/api/health").status == 200


def test_unknown_addresses_and_methods_are_errors_as_json(client):
    for method, path, status in (
        ("GET", "/api/nothing", 404),
        ("GET", "/../etc/passwd", 404),
        ("PUT", "/api/generate", 405),
        ("GET", "/studio.js", 404),
    ):
        answer = client.send(method, path)
        assert answer.status == status and "openapi" in answer.json["error"]["message"], (path, answer.body)
    form = client.send("POST", "/api/generate", b"prompt=a", Content_Type="application/x-www-form-urlencoded")
    assert form.status == 415 and "application/json" in form.json["error"]["message"]


def test_other_hosts_and_pages_of_other_sites_are_refused(client):
    assert client.get("/api/health", Host=f"localhost:{client.port}").status == 200
    assert client.get("/api/health", Origin=f"http://127.0.0.1:{client.port}").status == 200
    rebound = client.get("/api/health", Host="evil.example")
    assert rebound.status == 421 and "--allow-host evil.example" in rebound.json["error"]["message"]
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
    ):
        answer = client.get("/api/health", **headers)
        assert answer.status == 403, headers
    assert client.get("/api/health", Host="[::").status == 421
    assert not [name for name in client.get("/api/health").headers if name.startswith("access-control")]


def test_a_body_is_bounded_also_without_its_length(client):
    announced = client.send("POST", "/api/motions?from=npz", b"x", Content_Length=str(1 << 40))
    assert announced.status == 413 and "--max-upload" in announced.json["error"]["message"]
    with serving("--api", "--max-upload", "1") as small:
        with socket.create_connection(("127.0.0.1", small.port)) as connection:
            connection.settimeout(SECONDS)
            connection.sendall(
                b"POST /api/motions?from=npz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
            try:
                for _ in range(64):
                    connection.sendall(chunk)
            except OSError:
                pass  # it has answered and does not read on
            assert connection.recv(64).startswith(b"HTTP/1.1 413")
        assert small.get("/api/health").status == 200


def test_a_server_for_others_wants_a_token():
    with serving("--api", "--host", "0.0.0.0", "--token", "secret-of-the-test") as client:
        assert client.address.endswith("#token=secret-of-the-test")
        assert client.get("/api/health").status == 401
        assert client.get("/api/health", Authorization="Bearer wrong").status == 401
        assert client.get("/api/health", Authorization="Bearer secret-of-the-test", Host="any.example").status == 200
    with serving("--api", "--host", "0.0.0.0") as client:
        token = client.address.split("#token=")[1]
        assert len(token) >= 24 and client.get("/api", Authorization=f"Bearer {token}").status == 200


def test_ctrl_c_ends_a_server_that_draws_films():
    """Clients that wait for a film get an answer, and nothing is printed."""
    with serving("--api") as client:
        walk = client.made("/api/generate", prompt=WALK, num_frames=600, num_inference_steps=1)["motions"][0]["id"]
        answers = []
        body = {"motion": walk, "format": "gif"}
        crowd = [threading.Thread(target=lambda: answers.append(client.post("/api/render", body))) for _ in range(4)]
        for thread in crowd:
            thread.start()
        while client.get("/api/health").json["load"]["tools"]["running"] < 2:
            pass
        start = time.monotonic()
        client.process.send_signal(signal.SIGINT)
        said = client.process.communicate(timeout=SECONDS)[0]
        took = time.monotonic() - start
        for thread in crowd:
            thread.join()
    assert said == "" and took < 15, (said, took)
    assert len(answers) == 4 and all(answer.status == 503 for answer in answers), answers
