"""As much of S3 as our object storage asks for, over HTTP, in memory; it checks no signature but that there is one."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.eventually import eventually


class FakeS3:
    """One bucket; `is_down` makes every call fail, `is_deaf` says that it deletes and does not."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.is_down = False
        self.is_deaf = False
        self.url = ""
        self._ids = count(1)

    async def serve(self, request: Request) -> Response:
        """Answer one call."""
        if self.is_down:
            return Response(status_code=503)
        if "authorization" not in request.headers and "X-Amz-Signature" not in request.query_params:
            return Response(status_code=403)
        key = request.path_params.get("key", "")
        if request.method in {"GET", "HEAD"}:
            return self._show(key)
        body = await request.body()
        if "delete" in request.query_params:
            return self._delete(re.findall(r"<Key>([^<]+)</Key>", body.decode()))
        self._keep_headers(key, request)
        if request.method == "PUT" and "uploadId" not in request.query_params:
            self.objects[key] = body
            return Response(headers={"ETag": '"whole"'})
        return self._in_parts(key, request, body)

    def _show(self, key: str) -> Response:
        if key not in self.objects:
            return Response(status_code=404)
        kept = {"ETag": '"whole"', "Last-Modified": "Fri, 20 Nov 2026 00:00:00 GMT", **self.headers[key]}
        return Response(self.objects[key], headers=kept)

    def _delete(self, keys: list[str]) -> Response:
        for key in keys:
            if not self.is_deaf:
                self.objects.pop(key, None)
        return _xml("DeleteResult", "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys))

    def _in_parts(self, key: str, request: Request, body: bytes) -> Response:
        """Begin an upload, take a part of it, or end it one way or the other."""
        upload = request.query_params.get("uploadId")
        match request.method:
            case "POST" if upload is None:
                upload = f"upload-{next(self._ids)}"
                self.uploads[upload] = {}
                return _xml("InitiateMultipartUploadResult", f"<UploadId>{upload}</UploadId>")
            case "PUT" if upload:
                self.uploads[upload][int(request.query_params["partNumber"])] = body
                return Response(headers={"ETag": '"part"'})
            case "POST" if upload:
                parts = self.uploads.pop(upload)
                order = [int(number) for number in re.findall(rb"<PartNumber>(\d+)", body)]
                self.objects[key] = b"".join(parts[number] for number in order)
                return _xml("CompleteMultipartUploadResult", '<ETag>"whole"</ETag>')
            case _:
                self.uploads.pop(upload or "", None)
                return Response(status_code=204)

    def _keep_headers(self, key: str, request: Request) -> None:
        kept = ("content-type", "content-disposition")
        said = {name: request.headers[name] for name in kept if name in request.headers}
        self.headers.setdefault(key, said)


def _xml(name: str, inner: str) -> Response:
    return Response(f"<{name}>{inner}</{name}>", media_type="application/xml")


@asynccontextmanager
async def fake_s3() -> AsyncIterator[FakeS3]:
    """Run the store until the end of the block."""
    store = FakeS3()
    methods = ["GET", "HEAD", "PUT", "POST", "DELETE"]
    paths = ("/bucket", "/bucket/{key:path}")
    app = Starlette(routes=[Route(path, store.serve, methods=methods) for path in paths])
    listener = socket.create_server(("127.0.0.1", 0))
    store.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await eventually(lambda: server.started or serving.done(), what="the store listens")
        yield store
    finally:
        server.should_exit = True
        await serving
