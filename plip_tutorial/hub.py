"""Models from a directory or from the Hugging Face hub: finding them, checking them, loading them without noise.

The models of the full track are pinned. `local` fetches one once, compares each file with the checksum that the hub
states, and keeps it as safetensors in the cache of the book; from then on no network is needed. PLIP was published as
a pickle only. Its SHA-256 is known, so it is compared first, then read by torch's restricted unpickler, which makes
tensors and calls nothing, and stored as safetensors.

>>> local("some/checkpoint")  # neither pinned nor fetched
'some/checkpoint'
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from huggingface_hub import HfApi, constants, errors, snapshot_download
from huggingface_hub.hf_api import RepoFile
from transformers import CLIPModel
from transformers.utils import logging

from plip_tutorial import cache, tracks

_T = TypeVar("_T")
TRIES, WAIT, LONGEST_WAIT = 3, 2.0, 60.0  # seconds
TEXTS = (
    "config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "vocab.json", "merges.txt",
)  # fmt: skip
TINY = (
    f"Or take the tiny track, which needs no network: set {tracks.VARIABLE}=tiny before Python starts "
    f"(in a notebook: %env {tracks.VARIABLE}=tiny in the first cell, after a restart)."
)
HTTPError: type[Exception] = errors.HTTPError  # type: ignore[attr-defined] # of the client's own HTTP library


class HubError(OSError):
    """The hub could not give what was asked for; the message says why and what to do."""


class DamagedError(Exception):
    """A file has arrived whole, and yet is not what the hub says it is."""


@dataclass(frozen=True)
class Pin:
    """A model on the hub, at a commit that never changes.

    Attributes:
        repo: its id.
        revision: commit of its settings and its tokenizer.
        weights: name of the file with the weights.
        weights_revision: commit of that file.
        sha256: of that file, as others have published it; "" where only the hub's own word is known.
    """

    repo: str
    revision: str
    weights: str
    weights_revision: str
    sha256: str = ""


MODELS = {
    pin.repo: pin
    for pin in (
        # The weights are those of the pull request in which the hub's robot offers them as safetensors.
        Pin(
            "openai/clip-vit-base-patch32",
            "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
            "model.safetensors",
            "c237dc49a33fc61debc9276459120b7eac67e7ef",
        ),
        Pin(
            "vinid/plip",
            "67ade53ddd32195868f422585f72698ef5d15094",
            "pytorch_model.bin",
            "67ade53ddd32195868f422585f72698ef5d15094",
            "98a7f8d2a1f4a8fc8f6dedb3a16ff7efbe02a7ef67c93904c80bca9767c69630",
        ),
        Pin(
            "google/vit-base-patch16-224",
            "3f49326eb077187dfe1c2a2bb15fbd74e6ab91e3",
            "model.safetensors",
            "3f49326eb077187dfe1c2a2bb15fbd74e6ab91e3",
        ),
    )
}


def local(model: str | os.PathLike[str], token: str | None = None) -> str | os.PathLike[str]:
    """What `from_pretrained` is to be called with: a pinned model becomes its directory, all else stays what it is.

    Args:
        model: id on the hub, or directory.
        token: sent to the hub in the place of the one that its client may have stored; kept nowhere.

    Raises:
        HubError: if it is not there yet and cannot be fetched.
    """
    pin = MODELS.get(str(model))
    if pin is None:
        return model
    key = {"pin": asdict(pin), "endpoint": constants.ENDPOINT}
    made = cache.build(f"hub-{pin.repo.replace('/', '--')}", key, lambda folder: _fetch(pin, folder / "model", token))
    return str(made / "model")


def _fetch(pin: Pin, folder: Path, token: str | None) -> None:
    folder.mkdir()
    weights = download(pin.repo, pin.weights_revision, (pin.weights,), token) / pin.weights
    if pin.sha256 and not is_stand_in() and _sha256(weights) != pin.sha256:
        raise HubError(f"{pin.repo}: {pin.weights} is another file than the one that was published. {TINY}")
    texts = download(pin.repo, pin.revision, TEXTS, token)
    _copy_texts(texts, folder)
    shutil.copyfile(weights, folder / pin.weights)
    if not pin.weights.endswith(".safetensors"):
        with quiet():
            CLIPModel.from_pretrained(folder, weights_only=True, use_safetensors=False).save_pretrained(folder)
        (folder / pin.weights).unlink()
        _copy_texts(texts, folder)  # the settings as they were published


def _copy_texts(source: Path, target: Path) -> None:
    for name in TEXTS:
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)


def is_stand_in() -> bool:
    """Whether the hub is a server on this machine, which holds something else under the same names."""
    return urlsplit(constants.ENDPOINT).hostname in ("127.0.0.1", "localhost", "::1")


def download(repo: str, revision: str, names: Iterable[str], token: str | None = None) -> Path:
    """Files of a model, whole and as the hub says they are, in the client's own cache.

    Args:
        repo: id of the model.
        revision: commit.
        names: files; those that the repository lacks are left out.
        token: as in `local`.

    Returns:
        The directory that holds them.

    Raises:
        HubError: if they cannot be had.
    """
    wanted = list(names)
    return ask(repo, lambda: _download(repo, revision, wanted, token))


def _download(repo: str, revision: str, names: list[str], token: str | None) -> Path:
    stated: dict[str, RepoFile] = {}
    if not constants.is_offline_mode():
        tree = HfApi(token=token).list_repo_tree(repo, recursive=True, revision=revision)
        stated = {file.path: file for file in tree if isinstance(file, RepoFile) and file.path in names}
        if not stated:
            raise DamagedError(f"none of {', '.join(names)} is in it")
    folder = Path(snapshot_download(repo, revision=revision, allow_patterns=names, token=token))
    damaged = [name for name, file in stated.items() if not _is(folder / name, file)]
    for name in damaged:  # so that nobody uses it, and the next call fetches it again
        (folder / name).resolve().unlink(missing_ok=True)
        (folder / name).unlink(missing_ok=True)
    if damaged:
        raise DamagedError(f"{', '.join(damaged)} arrived damaged: the checksum is not the one that the hub states")
    return folder


def _is(path: Path, stated: RepoFile) -> bool:
    """Whether a file has the stated checksum: SHA-256 of a large file, git's own of a small one."""
    if stated.lfs is not None:
        return _sha256(path) == stated.lfs.sha256
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == stated.blob_id


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def ask(what: str, call: Callable[[], _T]) -> _T:
    """Do ``call``, which asks the hub for something; again after a pause where that may help.

    Args:
        what: name of what is asked for, for the message.
        call: leaves nothing half done behind when it fails.

    Raises:
        HubError: if it failed for good. Errors that are not the hub's pass unchanged.
    """
    for left in reversed(range(TRIES)):
        try:
            return call()
        except Exception as error:
            cause = _of_hub(error)
            if cause is None:
                raise
            if not left or not _may_pass(cause):
                raise HubError(_advice(what, cause)) from error
            time.sleep(_pause(cause, TRIES - left))
    raise AssertionError("not reached")


def _of_hub(error: BaseException | None) -> Exception | None:
    """The error of the hub's client that stands behind ``error``, if there is one."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, (HTTPError, errors.OfflineModeIsEnabled, DamagedError)):
            return error
        error = error.__cause__ or error.__context__
    return None


def _status(error: Exception) -> int:
    return int(getattr(getattr(error, "response", None), "status_code", 0))


def _may_pass(error: Exception) -> bool:
    if isinstance(error, errors.HfHubHTTPError):
        return _status(error) in (408, 429) or _status(error) >= 500
    return not isinstance(error, errors.OfflineModeIsEnabled)


def _pause(error: Exception, tried: int) -> float:
    response: Any = getattr(error, "response", None)
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    return min(LONGEST_WAIT, float(asked)) if asked.isdigit() else WAIT * 2 ** (tried - 1)


def _advice(what: str, error: Exception) -> str:
    status, hub = _status(error), constants.ENDPOINT
    if isinstance(error, DamagedError):
        why = f"{error}. It was removed and fetched {TRIES} times. Try another network, or later."
    elif isinstance(error, errors.OfflineModeIsEnabled):
        why = "it was never fetched, and HF_HUB_OFFLINE is set. Unset it once, with a network."
    elif isinstance(error, errors.GatedRepoError) or status == 403:
        why = f"its owner wants to know who reads it ({status}). Accept the terms on its page, then: hf auth login."
    elif isinstance(error, errors.RevisionNotFoundError):
        why = f"the version that this book was written for is gone from {hub} (404). Is there a newer book?"
    elif status in (401, 404):
        why = f"{hub} does not have it, or not for everybody ({status}). It may have been moved, removed or closed."
    elif status == 429:
        why = f"{hub} asks for fewer requests (429). Wait some minutes; who has logged in (hf auth login) may ask more."
    elif status:
        why = f"{hub} has a problem of its own ({status}). Try again later."
    else:
        why = f"{hub} cannot be reached, or is too slow ({type(error).__name__}). Check the network and try again."
    return f"{what}: {why} {TINY}"


@contextmanager
def quiet(model: str | os.PathLike[str] | None = None) -> Iterator[None]:
    """Without the bars of transformers, which would break ours, inside.

    Args:
        model: if it names no directory, the bars stay, since a download deserves one, and an error of the hub becomes
            a `HubError`.
    """
    here = model is None or os.path.isdir(model)
    hide = logging.is_progress_bar_enabled() and here
    if hide:
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    except Exception as error:
        if here or (cause := _of_hub(error)) is None:
            raise
        raise HubError(_advice(str(model), cause)) from error
    finally:
        if hide:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
