"""A large file of a data set on the hub, of which only some places are read.

The file system of the hub's client would do it, too. But it lists the folder for the size of a file, page after page,
and a broken hub need never come to the last one; and it goes on trying when nobody waits any more.

    file = opened("RationAI/PanNuke", "data/fold1-00000-of-00001.parquet", revision, size, Progress())
    pyarrow.parquet.ParquetFile(file).read_row_group(7)
"""

from __future__ import annotations

import io
from typing import Any

from huggingface_hub import constants, get_session, hf_hub_url
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]

from plip_tutorial.sources.asking import OddAnswerError, Progress, ask

BLOCK = 2**22  # bytes that are asked for at least
PIECE = 2**16  # bytes that are counted as progress
TRIES = 6  # for a part; a part that fails costs all that were read before it
PARTIAL = 206  # status of an answer that is the range that was asked for


def opened(repo: str, name: str, revision: str, size: int, progress: Progress) -> io.BufferedReader:
    """A file to read and to seek in.

    Args:
        repo: id of the data set.
        name: of the file in it.
        revision: commit.
        size: bytes of the file, as the hub states them.
        progress: counts what has come; when it is given up, reading fails.
    """
    url = hf_hub_url(repo, name, repo_type="dataset", revision=revision, endpoint=constants.ENDPOINT)
    return io.BufferedReader(_Ranges(repo, url, size, progress), BLOCK)


class _Ranges(io.RawIOBase):
    def __init__(self, repo: str, url: str, size: int, progress: Progress) -> None:
        self._repo, self._url, self._size, self._progress, self._place = repo, url, size, progress, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def readinto(self, buffer: Any) -> int:
        n = max(0, min(len(buffer), self._size - self._place))
        if n:
            buffer[:n] = ask(self._repo, lambda: self._fetch(self._place, n), tries=TRIES)
            self._place += n
        return n

    def _fetch(self, start: int, n: int) -> bytes:
        self._progress.add(0)
        headers, content = build_hf_headers() | {"range": f"bytes={start}-{start + n - 1}"}, bytearray()
        timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
        with get_session().stream("GET", self._url, headers=headers, timeout=timeout) as answer:
            hf_raise_for_status(answer)
            if answer.status_code != PARTIAL:  # what comes is the whole file
                raise OddAnswerError(f"asked for a part of a file, it answers with {answer.status_code}")
            for piece in answer.iter_bytes(PIECE):
                self._progress.add(len(piece))
                content += piece
        if len(content) != n:
            raise OddAnswerError(f"asked for {n} bytes of a file, it sends {len(content)}")
        return bytes(content)
