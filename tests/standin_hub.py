"""A hub on this machine: it speaks the protocol of the Hugging Face hub for the files that the full track uses.

The real clients reach it through ``HF_ENDPOINT``. Small files come as they are, large ones by way of a redirect to
another host, as on the hub. It can fail in the ways in which a real hub fails, and keeps a list of what it was asked.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from huggingface_hub import constants

from plip_tutorial.sources import asking
from plip_tutorial.storage import cache

LARGE, CACHED = (".safetensors", ".bin", ".parquet"), "/api/resolve-cache"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Fault:
    """What goes wrong at addresses that hold ``where``, ``times`` times.

    ``status`` answers with it, ``body`` and ``headers``; without it, ``headers`` take the place of the hub's own.
    ``cut`` closes the connection after so many bytes; ``damage`` changes one byte; ``slow`` waits so many seconds;
    ``drip`` sends a byte every so many seconds, ``drip_headers`` does so without ever coming to the content.
    """

    where: str
    times: int = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    damage: bool = False
    slow: float = 0.0
    method: str = ""
    body: bytes = b"{}"
    drip: float = 0.0
    drip_headers: float = 0.0


@dataclass
class Hub:
    """Repositories by kind and name: ``files[("models", "vinid/plip")]["config.json"]`` is its content."""

    files: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)
    commits: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    address: str = ""

    def add(self, kind: str, repo: str, files: dict[str, bytes], *commits: str) -> None:
        self.files.setdefault((kind, repo), {}).update(files)
        self.commits.setdefault((kind, repo), set()).update(commits or ("0" * 40,))

    def add_folder(self, repo: str, folder: Path, *commits: str) -> None:
        self.add("models", repo, {path.name: path.read_bytes() for path in folder.iterdir()}, *commits)

    def fault(self, method: str, path: str) -> Fault:
        for fault in self.faults:
            if fault.times > 0 and fault.where in path and fault.method in ("", method):
                fault.times -= 1
                return fault
        return Fault("", times=0)


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def use(running: Hub, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the real client ask this hub, with its waits cut short."""
    monkeypatch.setenv(cache.VARIABLE, str(place / "cache"))
    for name, value in {
        "ENDPOINT": running.address, "HF_HUB_CACHE": str(place / "hf"), "HF_HUB_OFFLINE": False,
        "HF_HUB_DOWNLOAD_TIMEOUT": 0.5, "DOWNLOAD_CHUNK_SIZE": 1000, "HF_TOKEN_PATH": str(place / "no-token"),
        "HUGGINGFACE_CO_URL_TEMPLATE": running.address + "/{repo_id}/resolve/{revision}/{filename}",
    }.items():  # fmt: skip
        monkeypatch.setattr(constants, name, value)
    impatient = SimpleNamespace(sleep=lambda _: None, time=time.time)
    monkeypatch.setattr("huggingface_hub.file_download.time", impatient)
    monkeypatch.setattr("huggingface_hub.utils._http.time", impatient)
    monkeypatch.setattr(asking, "WAIT", 0.0)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes = b"") -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append((self.command, path, {k.lower(): v for k, v in self.headers.items()}))
        self.fault = self.hub.fault(self.command, path)
        time.sleep(self.fault.slow)
        if self.fault.drip_headers:
            return self._drip(itertools.repeat(b"H"), self.fault.drip_headers)
        if self.fault.status:
            return self._send(self.fault.status, self.fault.body, self.fault.headers)
        if match := re.fullmatch(r"/api/(models|datasets)/([^/]+/[^/]+?)(?:/(revision|tree|paths-info)/(.+))?", path):
            kind, repo, verb, rest = match.groups()
            return self._api(kind, repo, verb or "revision", rest or "main", body)
        if match := re.fullmatch(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            return self._resolve("datasets" if match[1] else "models", *match.groups()[1:])
        if match := re.fullmatch(rf"{CACHED}/(models|datasets)/([^/]+/[^/]+)/([^/]+)/(.+)", path):
            return self._resolve(*match.groups())
        if match := re.fullmatch(r"/cdn/(\w+)", path):
            return self._blob(match[1])
        return self._missing("EntryNotFound")

    def _commit(self, kind: str, repo: str, revision: str) -> str | None:
        """The commit that a revision stands for; None after an answer that says what is missing."""
        commits = self.hub.commits.get((kind, repo))
        if commits is None:  # the hub does not say whether a repository is private or absent
            self._missing("RepoNotFound", 401)
        elif revision == "main":
            return min(commits)
        elif revision not in commits:
            self._missing("RevisionNotFound")
        else:
            return revision
        return None

    def _api(self, kind: str, repo: str, verb: str, rest: str, body: bytes) -> None:
        revision, _, folder = rest.partition("/")
        commit = self._commit(kind, repo, revision)
        if commit is None:
            return
        files = self.hub.files[kind, repo]
        if verb == "revision":
            siblings = [{"rfilename": name} for name in sorted(files)]
            said: Any = {"id": repo, "sha": commit, "siblings": siblings, "private": False, "gated": False, "tags": []}
        else:
            form = parse_qs(body.decode())
            wanted = form.get("paths") or (json.loads(body)["paths"] if body.startswith(b"{") else None)
            said = self._entries(files, folder, wanted)
        self._send(200, json.dumps(said).encode(), {"Content-Type": "application/json"})

    @staticmethod
    def _entries(files: dict[str, bytes], folder: str, wanted: list[str] | None) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        for name, content in sorted(files.items()):
            entry = {"type": "file", "path": name, "size": len(content), "oid": git_oid(content)}
            if name.endswith(LARGE):
                entry["lfs"] = {"oid": sha256(content), "size": len(content), "pointerSize": 130}
            entries.append(entry)
        folders = {str(parent) for name in files for parent in Path(name).parents} - {"."}
        entries += [{"type": "directory", "path": name, "size": 0, "oid": "0" * 40} for name in sorted(folders)]
        if wanted is not None:
            return [entry for entry in entries if entry["path"] in wanted]
        return [entry for entry in entries if entry["path"].startswith(f"{folder}/" if folder else "")]

    def _resolve(self, kind: str, repo: str, revision: str, name: str) -> None:
        commit = self._commit(kind, repo, revision)
        if commit is None:
            return
        content = self.hub.files[kind, repo].get(name)
        if content is None:
            return self._missing("EntryNotFound", headers={"X-Repo-Commit": commit})
        headers = {"X-Repo-Commit": commit}
        if name.endswith(LARGE):
            headers |= {"X-Linked-Etag": f'"{sha256(content)}"', "X-Linked-Size": str(len(content))}
            headers["Location"] = f"{self.hub.address.replace('127.0.0.1', 'localhost')}/cdn/{sha256(content)}"
            return self._send(302, b"", headers)
        headers["ETag"] = f'"{git_oid(content)}"'
        if not self.path.startswith(CACHED):  # small files: on to another address of the same host
            headers["Location"] = f"{CACHED}/{kind}/{repo}/{commit}/{name}"
            return self._send(307, b"", headers)
        self._send(200, content, headers)

    def _blob(self, digest: str) -> None:
        blobs = (content for files in self.hub.files.values() for content in files.values())
        content = next(content for content in blobs if sha256(content) == digest)
        if self.fault.damage:
            content = content[:-9] + bytes([content[-9] ^ 255]) + content[-8:]
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not found:
            return self._send(200, content, {"ETag": f'"{digest}"', "Accept-Ranges": "bytes"})
        start, stop = int(found[1]), min(int(found[2] or len(content)) + 1, len(content))
        whole = f"bytes {start}-{stop - 1}/{len(content)}"
        self._send(206, content[start:stop], {"ETag": f'"{digest}"', "Content-Range": whole})

    def _missing(self, code: str, status: int = 404, headers: dict[str, str] | None = None) -> None:
        self._send(status, b"{}", {"X-Error-Code": code, "X-Error-Message": code, **(headers or {})})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | self.fault.headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.fault.drip:
            return self._drip((bytes([byte]) for byte in content), self.fault.drip)
        with suppress(OSError):  # a client that did not want to wait is gone
            self.wfile.write(content[: self.fault.cut or None])
        if self.fault.cut:
            self.close_connection = True
            self.connection.close()

    def _drip(self, content: Iterable[bytes], pause: float) -> None:
        with suppress(OSError):
            for byte in content:
                self.wfile.write(byte)
                time.sleep(pause)
        self.close_connection = True
