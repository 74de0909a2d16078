"""A server that speaks the Hub's interface as huggingface_hub asks for it: users, repositories, commits, LFS, downloads.

    with HubServer() as server:
        server.address, server.repositories["ann/boots"]

It keeps all in memory, and can fail on purpose: `server.faults["PUT /lfs/"] = "drop"` closes the connection of such requests,
"hang" does not answer, "half" ends a download in the middle, a number answers with that status.
"""

import base64
import hashlib
import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

WRITE, READ = "hf_annswritetoken", "hf_annsreadtoken"
STORED_AS_LFS = (".safetensors", ".png", ".bin")


@dataclass
class Repository:
    """A repository: the files of each commit, and what its branches point to."""

    private: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    pull_requests: int = 0

    def commit(self, branch: str, files: dict[str, bytes], message: str) -> str:
        """Add files to what a branch has; return the commit."""
        before = self.branches.get(branch, "")
        sha = hashlib.sha1(f"{before} {len(self.commits)} {sorted(files)}".encode()).hexdigest()
        self.commits[sha] = {**self.commits.get(before, {}), **files}
        self.branches[branch] = sha
        self.messages.append(message)
        return sha

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch or commit names."""
        return self.branches.get(revision) or (revision if revision in self.commits else None)

    @property
    def files(self) -> dict[str, bytes]:
        """Those of the main branch."""
        return self.commits[self.branches["main"]]


class HubServer:
    """The server, in a thread of its own."""

    def __init__(self, port: int = 0) -> None:
        self.repositories: dict[str, Repository] = {}
        self.tokens = {WRITE: ("ann", "write"), READ: ("ann", "read"), "hf_bobswritetoken": ("bob", "write")}
        self.lfs: dict[str, bytes] = {}
        self.faults: dict[str, str | int] = {}
        self.requests: list[str] = []
        self.sizes: dict[str, int] = {}  # that it pretends files to have, by name
        self.as_lfs = STORED_AS_LFS
        self.released = threading.Event()  # ends the requests that hang
        handler = type("Handler", (_Handler,), {"hub": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        self.cdn = f"http://localhost:{self.http.server_port}"  # another host, as the Hub's, which gets no token

    def __enter__(self) -> "HubServer":
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.released.set()
        self.http.shutdown()
        self.http.server_close()

    def add(self, name: str, files: dict[str, bytes], branch: str = "main") -> str:
        """Make a repository, or add to it; return the commit."""
        return self.repositories.setdefault(name, Repository()).commit(branch, files, "by hand")


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: Any) -> None:
        pass

    def answer(self) -> None:
        parts = urlsplit(self.path)
        path, self.query = unquote(parts.path), parse_qs(parts.query)
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        line = f"{self.command} {path}"
        self.hub.requests.append(line)
        for start, fault in self.hub.faults.items():
            if line.startswith(start):
                if fault == "drop":
                    self.close_connection = True
                    self.connection.close()
                    return
                if fault == "hang":
                    self.hub.released.wait(10)
                    return
                if fault == "half":
                    break
                self.send_json({"error": "made to fail"}, int(fault))
                return
        for pattern, method in ROUTES:
            if found := re.fullmatch(pattern, line):
                method(self, *found.groups())
                return
        self.send_json({"error": f"no such page: {line}"}, 404)

    do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815

    @property
    def user(self) -> tuple[str, str] | None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        return self.hub.tokens.get(token)

    def send_json(self, value: Any, status: int = 200, **headers: str) -> None:
        self.send(json.dumps(value).encode(), status, **{"Content-Type": "application/json", **headers})

    def send(self, content: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def refuse(self, code: str, status: int = 404) -> None:
        self.send_json({"error": code}, status, **{"X-Error-Code": code, "X-Error-Message": code})

    def repository(self, name: str, *, write: bool = False) -> Repository | None:
        """The repository if it is there and the user may see it, or write to it; else the request is refused."""
        found, user = self.hub.repositories.get(name), self.user
        mine = user is not None and user[0] == name.split("/")[0]
        if found is None or (found.private and not mine):
            if user is None:
                self.send_json({"error": "Invalid username or password."}, 401)
            else:
                self.refuse("RepoNotFound")
            return None
        if write and not (mine and user is not None and user[1] == "write"):
            self.send_json({"error": f"Forbidden: you may not write to {name}"}, 401 if user is None else 403)
            return None
        return found

    # what the client asks for

    def whoami(self) -> None:
        if self.user is None:
            self.send_json({"error": "Invalid credentials in Authorization header"}, 401)
        else:
            self.send_json({"type": "user", "name": self.user[0], "auth": {"accessToken": {"role": self.user[1]}}})

    def create(self) -> None:
        values, user = json.loads(self.body), self.user
        if user is None:
            self.send_json({"error": "Invalid username or password."}, 401)
            return
        owner = values.get("organization") or user[0]
        name = f"{owner}/{values['name']}"
        if user != (owner, "write"):
            self.send_json(
                {"error": f'You don\'t have the rights to create a model under the namespace "{owner}"'}, 403
            )
        elif name in self.hub.repositories:
            self.send_json({"error": "You already created this model repo", "url": f"{self.hub.address}/{name}"}, 409)
        else:
            made = self.hub.repositories[name] = Repository(private=values.get("visibility") == "private")
            made.commit("main", {".gitattributes": b"*.safetensors filter=lfs\n"}, "initial commit")
            self.send_json({"url": f"{self.hub.address}/{name}", "id": name})

    def info(self, name: str, revision: str | None = None) -> None:
        if (found := self.repository(name)) is None:
            return
        commit = found.resolve(revision or "main")
        if commit is None:
            self.refuse("RevisionNotFound")
            return
        files = [self.file(path, content) for path, content in sorted(found.commits[commit].items())]
        self.send_json(
            {"id": name, "modelId": name, "sha": commit, "private": found.private, "tags": [], "siblings": files}
        )

    def file(self, path: str, content: bytes) -> dict[str, Any]:
        size = self.hub.sizes.get(path, len(content))
        values: dict[str, Any] = {"rfilename": path, "size": size, "blobId": blob(content)}
        if path.endswith(self.hub.as_lfs):
            values["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": size, "pointerSize": 131}
        return values if "blobs" in self.query else {"rfilename": path}

    def tree(self, name: str, revision: str) -> None:
        if found := self.repository(name):
            files = found.commits[found.resolve(revision) or ""]
            self.send_json(
                [{"type": "file", "path": path, "size": len(c), "oid": blob(c)} for path, c in files.items()]
            )

    def validate(self) -> None:
        text = json.loads(self.body)["content"]
        if re.match(r"---\n.*?\n---\n", text, re.S):
            self.send_json({"errors": [], "warnings": []})
        else:
            self.send_json({"errors": [{"message": "no front matter"}], "warnings": []}, 400)

    def preupload(self, name: str, revision: str) -> None:
        if (found := self.repository(name, write="create_pr" not in self.query)) is None:
            return
        if found.resolve(revision) is None:
            self.refuse("RevisionNotFound")
            return
        files = [
            {
                "path": each["path"],
                "uploadMode": "lfs" if each["path"].endswith(self.hub.as_lfs) else "regular",
                "shouldIgnore": False,
                "oid": None,
            }
            for each in json.loads(self.body)["files"]
        ]
        self.send_json({"files": files})

    def lfs_batch(self, name: str) -> None:
        values = json.loads(self.body)
        if self.repository(name, write="ref" in values) is None:  # a pull request names no branch
            return
        objects = []
        for each in values["objects"]:
            values = {"oid": each["oid"], "size": each["size"]}
            if each["oid"] not in self.hub.lfs:
                values["actions"] = {
                    "upload": {"href": f"{self.hub.address}/lfs/{each['oid']}"},
                    "verify": {"href": f"{self.hub.address}/lfs-verify"},
                }
            objects.append(values)
        self.send_json({"transfer": "basic", "objects": objects})

    def lfs_put(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            self.send_json({"error": "another content"}, 422)
            return
        self.hub.lfs[oid] = self.body
        self.send(b"")

    def lfs_verify(self) -> None:
        self.send_json({}, 200 if json.loads(self.body)["oid"] in self.hub.lfs else 404)

    def commit(self, name: str, revision: str) -> None:
        is_request = "create_pr" in self.query
        if (found := self.repository(name, write=not is_request)) is None:
            return
        header: dict[str, Any] = {}
        files: dict[str, bytes] = {}
        for line in self.body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "header":
                header = value
            elif entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.hub.lfs[value["oid"]]
        if header.get("parentCommit") not in (None, found.resolve(revision)):
            self.send_json({"error": "A commit has happened since. Please refresh and try again."}, 412)
            return
        values: dict[str, Any] = {"success": True}
        if is_request:
            found.pull_requests += 1
            branch = f"refs/pr/{found.pull_requests}"
            found.branches[branch] = found.branches["main"]
            values["pullRequestUrl"] = f"{self.hub.address}/{name}/discussions/{found.pull_requests}"
            revision = branch
        sha = found.commit(revision, files, header["summary"])
        self.send_json({**values, "commitOid": sha, "commitUrl": f"{self.hub.address}/{name}/commit/{sha}"})

    def branch(self, name: str, branch: str) -> None:
        if (found := self.repository(name, write=True)) is None:
            return
        if branch in found.branches:
            self.send_json({"error": "Reference already exists"}, 409)
        else:
            found.branches[branch] = found.branches["main"]
            self.send_json({})

    def resolve(self, name: str, revision: str, path: str) -> None:
        if (found := self.repository(name)) is None:
            return
        commit = found.resolve(revision)
        if commit is None:
            self.refuse("RevisionNotFound")
            return
        content = found.commits[commit].get(path)
        if content is None:
            self.refuse("EntryNotFound")
            return
        headers = {"X-Repo-Commit": commit, "ETag": f'"{blob(content)}"'}
        if path.endswith(self.hub.as_lfs):
            oid = hashlib.sha256(content).hexdigest()
            self.hub.lfs[oid] = content
            headers |= {"X-Linked-Size": str(len(content)), "X-Linked-Etag": f'"{oid}"'}
            self.send(b"", 302, Location=f"{self.hub.cdn}/cdn/{oid}", **headers)
        else:
            self.send(content, 200, **headers)

    def cdn(self, oid: str) -> None:
        if self.headers.get("Authorization"):
            self.send_json({"error": "a token was sent to another host"}, 400)
            return
        content = self.hub.lfs[oid]
        if "GET /cdn/" not in self.hub.faults:
            self.send(content)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.close_connection = True


def blob(content: bytes) -> str:
    """The name that git gives a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


NAME = r"([^/ ]+/[^/ ]+)"
ROUTES: list[tuple[str, Any]] = [
    (r"GET /api/whoami-v2", _Handler.whoami),
    (r"POST /api/repos/create", _Handler.create),
    (r"POST /api/validate-yaml", _Handler.validate),
    (rf"GET /api/models/{NAME}", _Handler.info),
    (rf"GET /api/models/{NAME}/revision/(.+)", _Handler.info),
    (rf"GET /api/models/{NAME}/tree/([^/]+)/?", _Handler.tree),
    (rf"POST /api/models/{NAME}/preupload/(.+)", _Handler.preupload),
    (rf"POST /api/models/{NAME}/commit/(.+)", _Handler.commit),
    (rf"POST /api/models/{NAME}/branch/(.+)", _Handler.branch),
    (rf"POST /{NAME}\.git/info/lfs/objects/batch", _Handler.lfs_batch),
    (r"PUT /lfs/(\w+)", _Handler.lfs_put),
    (r"POST /lfs-verify", _Handler.lfs_verify),
    (rf"(?:GET|HEAD) /{NAME}/resolve/(refs/pr/\d+|[^/]+)/(.+)", _Handler.resolve),
    (r"(?:GET|HEAD) /cdn/(\w+)", _Handler.cdn),
]


@contextmanager
def connected(folder: Path) -> Iterator[HubServer]:
    """A running server that the client in this process asks, with Ann's token and a cache in a folder, and without waits."""
    from huggingface_hub import constants, file_download
    from huggingface_hub.utils import _http

    at_once = SimpleNamespace(sleep=lambda seconds: None, time=time.time)
    with HubServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "ENDPOINT", server.address)
        template = f"{server.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        patch.setattr(constants, "HF_HUB_CACHE", str(folder / "hub"))
        patch.setattr(constants, "HF_HUB_OFFLINE", False)
        patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        patch.setenv("HF_TOKEN", WRITE)
        for module in (_http, file_download):
            patch.setattr(module, "time", at_once)
        yield server


if __name__ == "__main__":
    with HubServer(int(sys.argv[1])) as server:
        sys.stdout.write(f"{server.address}\n")
        threading.Event().wait()
