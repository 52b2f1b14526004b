"""Students as their programs are: what was not answered is sent again under the same key, or goes on where it was.

Three doors: a form with a file, tus in pieces, and pages of an exam session. Each notes what it was promised when it
has read the answer.
"""

import base64
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import aiohttp

from tests.powercut.contents import Content
from tests.powercut.service import Service

Note = Callable[[str, str, str], None]
"""(kind, id, value) of a promise."""

_PIECES = (4_000, 16_000, 100_000, 300_000)
_TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Students:
    """``note``: called for each promise."""

    service: Service
    note: Note

    async def form(self, number: int, content: Content) -> str:
        """Hand a file in by a form; returns the submission's id."""
        data = content.data()
        while True:
            form = aiohttp.FormData({"roll_number": f"R-{number}", "name": "Asha Rao"})
            form.add_field("file", io.BytesIO(data), filename="intro.mp4")
            key = {"Idempotency-Key": f"key-{number}"}
            answer = await self._ask("POST", "/api/v1/submissions", (200, 201), data=form, headers=key)
            if answer is not None:
                task_id = str(_json(answer)["id"])
                self.note("submission", task_id, hashlib.sha256(data).hexdigest())
                return task_id

    async def tus(self, number: int, content: Content) -> str:
        """Hand a file in by pieces; returns the submission's id."""
        data, random = content.data(), Random(content.seed)
        digest = hashlib.sha256(data).hexdigest()
        path = await self._begun(number, data, digest)
        upload_id = path.rpartition("/")[2]
        self.note("upload", upload_id, f"0/{content}")
        offset = 0
        while offset < len(data):
            piece = data[offset : offset + random.choice(_PIECES)]
            headers = _TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            answer = await self._ask("PATCH", path, (204,), data=piece, headers=headers)
            while answer is None:
                answer = await self._ask("HEAD", path, (200,), headers=_TUS)
            told = int(answer.headers["Upload-Offset"])
            if told < offset:
                raise RuntimeError(f"the offset went back from {offset} to {told} with a kill")
            offset = told
            self.note("upload", upload_id, f"{offset}/{content}")
        # The whole offset was answered: it is a submission, under its own id.
        self.note("submission", upload_id, digest)
        return upload_id

    async def _begun(self, number: int, data: bytes, digest: str) -> str:
        texts = {"roll_number": f"R-{number}", "name": "Asha Rao", "filename": "intro.mp4", "sha256": digest}
        metadata = ",".join(
            f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in texts.items()
        )
        headers = _TUS | {"Upload-Length": str(len(data)), "Upload-Metadata": metadata}
        while True:
            known = headers | {"Idempotency-Key": f"key-{number}"}
            answer = await self._ask("POST", "/files/", (201,), headers=known)
            if answer is not None:
                return "/files/" + answer.headers["Location"].rpartition("/")[2]

    async def exam(self, seed: int, pages: int) -> None:
        """Make a session, and send its pages."""
        answer = None
        while answer is None:
            answer = await self._ask("POST", "/sessions", (201,), json={"title": "Midterm"})
        session = str(_json(answer)["session_id"])
        self.note("session", session, "")
        for number in range(pages):
            await self._page(session, number, b"p" + Random(seed + number).randbytes(30_000))

    async def _page(self, session: str, number: int, content: bytes) -> None:
        answer = None
        while answer is None:
            form = {"session_id": session, "role": "student", "order_index": str(number)}
            data = aiohttp.FormData(form)
            data.add_field("file", io.BytesIO(content), filename="p.jpg")
            # 409: it was kept, and a kill took the answer.
            answer = await self._ask("POST", "/images/register", (201, 409), data=data)
        if answer.status == 201:
            self.note("image", str(_json(answer)["image_id"]), hashlib.sha256(content).hexdigest())

    async def _ask(self, method: str, path: str, wanted: tuple[int, ...], **request: Any) -> Answer | None:
        """``None``: the service died, or another request of this upload is still ending (423, 409): ask again."""
        await self.service.serving.wait()
        try:
            async with (
                aiohttp.ClientSession(self.service.url) as http,
                http.request(method, path, **request) as answer,
            ):
                body = await answer.read()
                if answer.status in wanted:
                    return Answer(answer.status, answer.headers, body)
                if answer.status not in (409, 423):
                    raise RuntimeError(f"{method} {path} was answered by {answer.status}: {body!r}")
        except aiohttp.ClientError:
            return None
        return None


def _json(answer: Answer) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer.body)
    return body
