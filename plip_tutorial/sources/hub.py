"""Models from a directory or from the Hugging Face hub: finding them, checking them, loading them without noise.

The models of the full track are pinned. `local` fetches one once, compares each file with the checksum that the hub
states, and keeps it as safetensors in the cache of the book; from then on no network is needed. PLIP was published as
a pickle only. Its SHA-256 is known, so it is compared first, then read by torch's restricted unpickler, which makes
tensors and calls nothing, and stored as safetensors. Any other model stays in the cache of the hub's client.

>>> local("/no/such/folder")
Traceback (most recent call last):
FileNotFoundError: there is no folder '/no/such/folder', and it is no id on the hub (owner/name) either.
"""

from __future__ import annotations

import os
import re
import shutil
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from huggingface_hub import HfApi, constants, hf_hub_download, snapshot_download
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils.sha import git_hash
from safetensors import SafetensorError
from transformers import CLIPModel
from transformers.utils import logging

from plip_tutorial.sources.asking import TINY, BadContentError, HubError, OddAnswerError, ask
from plip_tutorial.storage import cache

TEXTS = (
    "config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "vocab.json", "merges.txt",
)  # fmt: skip
REPO = re.compile(r"\w[\w.-]*/\w[\w.-]*")
WEIGHTS = (r"model(-\d+-of-\d+)?\.safetensors", r"pytorch_model(-\d+-of-\d+)?\.bin")  # the first that is there


@dataclass(frozen=True)
class Pin:
    """A model on the hub, at a commit that never changes."""

    repo: str  #: its id
    revision: str  #: commit of its settings and its tokenizer
    weights: str  #: name of the file with the weights
    weights_revision: str  #: commit of that file
    sha256: str = ""  #: of that file, as others have published it; "" where only the hub's own word is known

    @property
    def kept(self) -> tuple[str, dict[str, Any]]:
        """Name and key in the cache of the book."""
        return f"hub-{self.repo.replace('/', '--')}", {"pin": asdict(self), "endpoint": constants.ENDPOINT}


MODELS = {
    pin.repo: pin
    for pin in (
        # The weights are those of the pull request in which the hub's robot offers them as safetensors.
        Pin("openai/clip-vit-base-patch32", "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
            "model.safetensors", "c237dc49a33fc61debc9276459120b7eac67e7ef"),
        Pin("vinid/plip", "67ade53ddd32195868f422585f72698ef5d15094",
            "pytorch_model.bin", "67ade53ddd32195868f422585f72698ef5d15094",
            "98a7f8d2a1f4a8fc8f6dedb3a16ff7efbe02a7ef67c93904c80bca9767c69630"),
        Pin("google/vit-base-patch16-224", "3f49326eb077187dfe1c2a2bb15fbd74e6ab91e3",
            "model.safetensors", "3f49326eb077187dfe1c2a2bb15fbd74e6ab91e3"),
    )
}  # fmt: skip


def local(model: str | os.PathLike[str], token: str | None = None) -> str | os.PathLike[str]:
    """The directory that `from_pretrained` is to be called with.

    Args:
        model: id on the hub, or directory.
        token: sent to the hub in the place of the one that its client may have stored; kept nowhere.

    Raises:
        FileNotFoundError: if it is neither a directory with a model nor an id.
        HubError: if it is not there yet and cannot be fetched.
    """
    name = os.fspath(model)
    if pin := MODELS.get(name):
        return str(cache.build(*pin.kept, lambda folder: _fetch(pin, folder / "model", token)) / "model")
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        _check_folder(folder)
        return folder if name.startswith("~") else model
    if folder.is_file():
        raise FileNotFoundError(f"{name!r} is a file; give the folder that holds the model: {str(folder.parent)!r}.")
    if not REPO.fullmatch(name):
        raise FileNotFoundError(f"there is no folder {name!r}, and it is no id on the hub (owner/name) either.")
    try:
        return str(ask(name, lambda: _newest(name, token)))
    except HubError as error:
        copies = sorted((_in_client(name) / "snapshots").glob("*/config.json"), key=lambda path: path.stat().st_mtime)
        if not copies:
            raise
        warnings.warn(f"{error} Until then the copy in {copies[-1].parent} is used.", stacklevel=2)
        return str(copies[-1].parent)


def lacking(models: Iterable[str]) -> dict[str, str]:
    """Pinned models that have not been fetched, each with the address that tells about it, for `asking.obstacle`."""
    absent = [MODELS[model] for model in models if not cache.place(*MODELS[model].kept).is_dir()]
    return {pin.repo: f"models/{pin.repo}/revision/{pin.revision}" for pin in absent}


def _check_folder(folder: Path) -> None:
    names = [path.name for path in folder.iterdir()]
    missing = [] if "config.json" in names else ["config.json"]
    missing += [] if any(name.endswith((".safetensors", ".bin")) for name in names) else ["weights (*.safetensors)"]
    if missing:
        below = [path for path in (folder / "model", *sorted(folder.glob("*/"))) if (path / "config.json").exists()]
        hint = f"Do you mean {below[0]}?" if below else "Give the folder that `save_pretrained` has written."
        raise FileNotFoundError(f"{folder} holds no model: {' and '.join(missing)} are missing. {hint}")


def _newest(repo: str, token: str | None) -> Path:
    """A model that is not pinned, as it is on the hub today."""
    about = HfApi(token=token).model_info(repo)
    names = [str(file.rfilename) for file in about.siblings or ()]
    weights = next(filter(None, ([n for n in names if re.fullmatch(kind, n)] for kind in WEIGHTS)), [])
    if not weights:
        raise FileNotFoundError(f"{repo} holds no weights that transformers reads (model.safetensors).")
    texts = [name for name in names if name.endswith((".json", ".txt")) and "/" not in name]
    return _download(repo, str(about.sha), [*texts, *weights], token)


def _fetch(pin: Pin, folder: Path, token: str | None) -> None:
    """A pinned model, as safetensors and with the settings as they were published."""

    def fetched(revision: str, *names: str) -> Path:
        return ask(pin.repo, lambda: _download(pin.repo, revision, names, token))

    folder.mkdir()
    weights = fetched(pin.weights_revision, pin.weights) / pin.weights
    if pin.sha256 and not is_stand_in() and _sha256(weights) != pin.sha256:
        raise HubError(f"{pin.repo}: {pin.weights} is another file than the one that was published. {TINY}")
    texts = fetched(pin.revision, *TEXTS)
    shutil.copytree(texts, folder, ignore=lambda _, names: {*names} - {*TEXTS}, dirs_exist_ok=True)
    shutil.copyfile(weights, folder / pin.weights)
    if not pin.weights.endswith(".safetensors"):
        with quiet():
            CLIPModel.from_pretrained(folder, weights_only=True, use_safetensors=False).save_pretrained(folder)
        (folder / pin.weights).unlink()
        shutil.copyfile(texts / "config.json", folder / "config.json")


def is_stand_in() -> bool:
    """Whether the hub is a server on this machine, which holds something else under the same names."""
    return urlsplit(constants.ENDPOINT).hostname in ("127.0.0.1", "localhost", "::1")


def _in_client(repo: str) -> Path:
    return Path(constants.HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}"


def _download(repo: str, revision: str, names: Iterable[str], token: str | None) -> Path:
    """The directory with files of a model, each whole and as the hub says it is; what the repository lacks is not."""
    names = list(names)
    if constants.is_offline_mode():
        return Path(snapshot_download(repo, revision=revision, allow_patterns=names, token=token))
    # One answer holds them all: a list of all files would come in pages, and a broken hub never ends it.
    about = HfApi(token=token).get_paths_info(repo, names, revision=revision)
    stated = {file.path: file for file in about if isinstance(file, RepoFile) and file.path in names}
    if not stated:
        raise BadContentError(f"none of {', '.join(names)} is in it")
    places = {name: Path(hf_hub_download(repo, name, revision=revision, token=token)) for name in stated}
    if odd := {place.parent.name for place in places.values()} - {revision}:
        raise OddAnswerError(f"asked for commit {revision}, it gave {', '.join(sorted(odd))}")
    damaged = [name for name, file in stated.items() if not _is(places[name], file)]
    for name in damaged:  # so that nobody uses it, and the next call fetches it again
        places[name].resolve().unlink(missing_ok=True)
        places[name].unlink(missing_ok=True)
    if damaged:
        raise BadContentError(f"{', '.join(damaged)} arrived damaged: the checksum is not the one that the hub states")
    return next(iter(places.values())).parent


def _is(path: Path, stated: RepoFile) -> bool:
    """Whether a file has the stated checksum: SHA-256 of a large file, git's own of a small one."""
    if stated.lfs is not None:
        return _sha256(path) == stated.lfs.sha256
    return git_hash(path.read_bytes()) == stated.blob_id


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


@contextmanager
def quiet(model: str | os.PathLike[str] | None = None) -> Iterator[None]:
    """Without the bars of transformers, which would break ours, inside.

    Raises:
        ValueError: for weights that were cut short or changed; it names the directory ``model``.
    """
    shown = logging.is_progress_bar_enabled()
    if shown:
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    except SafetensorError as error:
        raise ValueError(f"the weights in {model} are damaged ({error}). Copy the model again.") from error
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
