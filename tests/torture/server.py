"""A server under a crowd of clients: right requests with known results, wrong ones, damaged files, early leave."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import actions
import files
import numpy as np

# Seconds in which an answer comes, and in which the server ends after Ctrl-C.
PATIENCE = 120.0
ENDS = 60.0

TASKS = ("generate", "sequence", "edit", "variations", "convert", "score", "render", "notes", "nothing")
NAMES = ("prompt", "prompts", "motion", "other", "seed", "n", "seconds", "num_frames", "steps", "keep", "constraints",
         "reference", "format", "strength", "size", "title")  # fmt: skip
ODD: tuple[Any, ...] = (None, True, -1, 0, 3, 1e308, "", "x", "../..", "\0", [], [[]], {}, {"do": "turn"},
                        {"data": 1, "format": "npz"}, [[0, 0], [1, 1]], "a person waves")  # fmt: skip


class Server:
    """``vimogen serve --api`` in a process of its own."""

    def __init__(self) -> None:
        words = [sys.executable, "-m", "vimogen", "serve", "--api", "--port", "0", "--max-upload", "8", "--queue", "32"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout
        said = self.process.stdout.readline()
        if "http://" not in said:
            raise RuntimeError(f"the server does not start: {said} {self.process.communicate()[1]}")
        self.port = int(said.split()[1].split("#")[0].rstrip("/").rsplit(":", 1)[1])

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and body of an answer."""
        data, kind = (
            (body, "application/octet-stream") if isinstance(body, bytes) else (json.dumps(body), "application/json")
        )
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else data, {"Content-Type": kind})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def leave(self, body: Any) -> None:
        """Ask and go before the answer comes."""
        data = json.dumps(body).encode()
        head = "POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(data)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.sendall(head.encode() + data)

    def end(self) -> str:
        """Press Ctrl-C; what is wrong with the end."""
        self.process.send_signal(signal.SIGINT)
        try:
            _, said = self.process.communicate(timeout=ENDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return f"the server does not end within {ENDS:.0f} s of Ctrl-C"
        if "Traceback" in said or "panicked" in said:
            return f"the server wrote: {said[-1500:]}"
        return (
            ""
            if self.process.returncode in (0, 130)
            else f"the server ended with {self.process.returncode}: {said[-800:]}"
        )


class Client:
    """A client's requests, and what is wrong with their answers."""

    def __init__(self, server: Server, rng: random.Random, want: dict[str, str], samples: list[files.Sample]) -> None:
        self.server, self.rng, self.want, self.samples = server, rng, want, samples
        self.errors = 0

    def request(self) -> str:
        """Send one; a text if the answer is wrong."""
        return self.rng.choice([self.known, self.known, self.wrong, self.damaged, self.leaves])()

    def known(self) -> str:
        """Ask for a generation whose result is known to the bit. A full queue refuses it."""
        seed = self.rng.randrange(len(actions.PROMPTS))
        body = {"prompt": actions.PROMPTS[seed], "seed": seed, "format": "npz", **actions.QUICK}
        status, data = self.server.send("POST", "/api/generate", body)
        if status == 429 or _is_ending(status, data):
            self.errors += 1
            return ""
        if status != 200:
            return f"a right request got {status}: {data[:300]!r}"
        got = actions.digest(np.load(io.BytesIO(data))["features"])
        return "" if got == self.want[f"generate {seed}"] else f"a server made {got} of {body['prompt']}"

    def wrong(self) -> str:
        """Random values: an error that says why, or an answer, and never a fault of the server."""
        body = {self.rng.choice(NAMES): self.rng.choice(ODD) for _ in range(self.rng.randrange(5))}
        task = self.rng.choice(TASKS)
        return self.judge(task, self.server.send("POST", f"/api/{task}", body | {"num_inference_steps": 1}))

    def damaged(self) -> str:
        """Upload a damaged file, as a motion or as a character."""
        sample = self.rng.choice(self.samples)
        how, data = files.damage(self.rng, sample.data)
        kind = sample.path.suffix[1:]
        path = f"/api/motions?from={kind}" if self.rng.random() < 0.7 else f"/api/character?from={kind}&motion=none"
        return self.judge(f"{path}, {sample.path.name}, {how}", self.server.send("POST", path, data))

    def judge(self, what: str, answer: tuple[int, bytes]) -> str:
        """Every error has a reason and is not one of the server."""
        status, data = answer
        if status == 200:
            return ""
        self.errors += 1
        with contextlib.suppress(ValueError, KeyError, TypeError):
            if (status < 500 or _is_ending(status, data)) and json.loads(data)["error"]["message"]:
                return ""
        return f"{what}: {status} {data[:400]!r}"

    def leaves(self) -> str:
        """A client that goes: its work ends."""
        self.server.leave({"prompt": "a person waves", "num_frames": 200, "num_inference_steps": 1000})
        return ""


def _is_ending(status: int, data: bytes) -> bool:
    return status == 503 and b"shutting down" in data


def crowd(rng: random.Random, end: float, folder: Path) -> dict[str, Any]:
    """Ask a server from several threads, then end it in the middle of their requests."""
    want = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    samples = [
        sample for sample in files.samples(folder) if len(sample.data) < 8 << 20 and sample.path.suffix != ".json"
    ]
    server, lock = Server(), threading.Lock()
    done, wrong, closing = [0, 0], [], threading.Event()

    def work(seed: float) -> None:
        client = Client(server, random.Random(seed), want, samples)
        while not closing.is_set():
            try:
                fault = client.request()
            except (OSError, http.client.HTTPException) as error:
                # A server that ends answers nobody; one that works hangs up on nobody.
                fault = "" if closing.is_set() else f"no answer: {type(error).__name__}: {error}"
            with lock:
                done[0] += 1
                wrong.extend([fault] if fault else [])
        with lock:
            done[1] += client.errors

    threads = [threading.Thread(target=work, args=(rng.random(),)) for _ in range(rng.choice([1, 4, 12]))]
    for thread in threads:
        thread.start()
    while time.monotonic() < end:
        time.sleep(0.2)
    closing.set()
    fault = server.end()
    for thread in threads:
        thread.join()
    return {"actions": done[0], "errors": done[1], "wrong": wrong + ([fault] if fault else [])}
