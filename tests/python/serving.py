"""A server in a process of its own, and requests to it."""

import contextlib
import http.client
import json
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

pytest.importorskip("starlette", reason="Starlette is not installed: pip install starlette uvicorn")
pytest.importorskip("uvicorn", reason="uvicorn is not installed: pip install starlette uvicorn")


def hero(path):
    """Writes a character with one animation, "rest"."""
    import numpy as np

    from vimogen._vimogen import Character, Motion

    character = Character.preset("mixamo")
    character.add(
        Motion.from_poses(np.tile([1.0, 0, 0, 0], (2, 22, 1)), np.tile([0.0, 0, 0.95], (2, 1))), "rest", plant=False
    )
    character.save(path)


def animations(data):
    """Names of the animations of a GLB file."""
    length = int.from_bytes(data[12:16], "little")
    return [animation["name"] for animation in json.loads(data[20 : 20 + length])["animations"]]


SECONDS = 120  # for any one answer: a loaded machine is slow


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """Requests to a server, one connection each."""

    def __init__(self, address, process):
        self.address, self.process = address, process
        self.port = int(address.split("#")[0].rstrip("/").rsplit(":", 1)[1])

    def send(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        with contextlib.closing(connection):
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def get(self, path, **headers):
        return self.send("GET", path, **headers)

    def post(self, path, body, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send("POST", path, data, **{"Content-Type": "application/json", **headers})

    def made(self, path, **body):
        """The answer to a request that succeeds, as JSON."""
        answer = self.post(path, body)
        assert answer.status == 200, answer.body[:500]
        return answer.json

    def events(self, path):
        """Names and data of the events of a job, until it is over."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            name = None
            for line in answer:
                text = line.decode().rstrip("\n")
                if text.startswith("event: "):
                    name = text[7:]
                elif text.startswith("data: "):
                    yield name, json.loads(text[6:])

    def idle(self):
        """Waits until no job waits or runs."""
        deadline = time.monotonic() + SECONDS
        while any(lane["running"] + lane["waiting"] for lane in self.get("/api/health").json["load"].values()):
            assert time.monotonic() < deadline, "jobs go on"
            time.sleep(0.05)


@contextlib.contextmanager
def serving(*options, command="serve"):
    """Starts ``vimogen serve`` on a free port and ends it by SIGTERM."""
    line = [sys.executable, "-m", "vimogen", command, "--port", "0", *options]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said = process.stdout.readline()
        assert "http://" in said, said + process.stdout.read()
        yield Client(said.split()[1], process)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        process.stdout.close()
