"""Where a model comes from: a directory, or the hub; and all the ways in which a hub can fail."""

from __future__ import annotations

import io
import os
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from small_clip import small_clip, small_pairs
from standin_content import add_model, add_vit
from standin_hub import Fault, Hub, serve, use
from transformers import CLIPModel

from plip_tutorial import tracks
from plip_tutorial.finetune import run
from plip_tutorial.finetune.config import TrainConfig
from plip_tutorial.finetune.run import finetune
from plip_tutorial.plip import model as plip
from plip_tutorial.plip.model import PLIP
from plip_tutorial.plip.vision_model import VisionModel
from plip_tutorial.sources import asking, hub

CLIP_ID, PLIP_ID, VIT_ID = hub.MODELS


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_clip(tmp_path_factory.mktemp("small") / "clip")


@pytest.fixture
def server(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with both models, reached by the real client; the client's waits are cut short."""
    with serve(Hub()) as running:
        for repo in (CLIP_ID, PLIP_ID):
            add_model(running, repo, small)
        add_vit(running)
        use(running, tmp_path, monkeypatch)
        yield running


def asked(running: Hub, what: str) -> list[dict[str, str]]:
    return [headers for method, path, headers in running.asked if what in f"{method} {path}"]


def test_the_class_and_the_training_ask_one_function_where_a_model_lies(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hub.local(small) == small
    for module in (plip, run):
        monkeypatch.setattr(module, "local", lambda model, *_: small if model == "some/id" else model)
    assert PLIP("some/id", device="cpu").fingerprint() == PLIP(small, device="cpu").fingerprint()
    config = TrainConfig(steps=1, batch_size=4, warmup_steps=0, precision="float32")
    model, _ = finetune("some/id", small_pairs(8), config, output=tmp_path / "run", progress=False)
    assert (model / "model.safetensors").exists()


@pytest.mark.parametrize("name", [CLIP_ID, PLIP_ID])
def test_a_pinned_model_is_fetched_once_as_safetensors_and_needs_no_network_after_that(
    name: str, server: Hub, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PLIP(name, device="cpu").fingerprint() == PLIP(small, device="cpu").fingerprint()
    place = Path(hub.local(name))
    assert {path.suffix for path in place.iterdir()} <= {".json", ".txt", ".safetensors"}
    assert (place / "config.json").read_bytes() == (small / "config.json").read_bytes()
    before = len(server.asked)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    PLIP(name, device="cpu")
    assert len(server.asked) == before
    assert not asked(server, "README")
    assert all("authorization" not in headers for _, _, headers in server.asked)


def test_the_vision_model_of_linear_probing_is_pinned_too(server: Hub) -> None:
    assert list(tracks.FULL.others.values()) == [VIT_ID]
    assert VisionModel(VIT_ID, device="cpu").encode_images([np.zeros((9, 9, 3), np.uint8)]).shape == (1, 32)
    assert all(hub.MODELS[VIT_ID].revision in path for _, path, _ in server.asked if "/cdn/" not in path)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("resolve", 99, 404, {"X-Error-Code": "EntryNotFound"}), r"does not have it.*\(404\)"),
        (Fault("paths-info", 99, 404, {"X-Error-Code": "RevisionNotFound"}), "version .* is gone"),
        (Fault("paths-info", 99, 401, {"X-Error-Code": "RepoNotFound"}), r"not for everybody \(401\)"),
        (Fault("resolve", 99, 401, {"X-Error-Code": "GatedRepo"}), r"who reads it \(401\).*hf auth login"),
        (Fault("resolve", 99, 403, {"X-Error-Code": "GatedRepo"}), r"who reads it \(403\).*hf auth login"),
        (Fault("resolve", 99, 429, {"Retry-After": "0"}), r"fewer requests \(429\)"),
        (Fault("paths-info", 99, 429, {"Retry-After": "0"}), r"fewer requests \(429\)"),
        (Fault("/cdn/", 99, 503), r"problem of its own \(503\)"),
        (Fault("/cdn/", 99, damage=True), "pytorch_model.bin arrived damaged.*fetched 3 times"),
        (Fault("/cdn/", 99, slow=0.6), r"too slow \(ReadTimeout\)"),
    ],
    ids=lambda value: "" if isinstance(value, str) else f"{value.status or ''}{value.where}{value.cut}{value.damage}",
)
def test_a_failure_that_stays_is_explained_and_leaves_nothing_in_use(
    fault: Fault, says: str, server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    server.faults.append(fault)
    with pytest.raises(asking.HubError, match=says) as raised:
        PLIP(PLIP_ID)
    assert "PLIP_TUTORIAL_TRACK=tiny" in str(raised.value)
    assert "hf_secret" not in str(raised.value)
    assert [path for path in (tmp_path / "cache").iterdir() if path.name != ".locks"] == []
    assert [path for path in tmp_path.rglob("*") if path.suffix in (".bin", ".incomplete")] == []
    server.faults.clear()
    assert PLIP(PLIP_ID, device="cpu").dim == 16


@pytest.mark.parametrize(
    "fault",
    [
        Fault("paths-info", 2, 429, {"Retry-After": "0"}),
        Fault("resolve", 1, 429, {"Retry-After": "0"}, method="HEAD"),
        Fault("/cdn/", 2, 503),
        Fault("/cdn/", 2, cut=5000),
        Fault("/cdn/", 1, damage=True),
        Fault("/cdn/", 1, slow=0.6),
    ],
    ids=lambda fault: f"{fault.status or ''}{fault.where}{fault.cut}{fault.damage}",
)
def test_a_failure_that_passes_is_waited_for(fault: Fault, server: Hub, small: Path) -> None:
    server.faults.append(fault)
    assert PLIP(PLIP_ID, device="cpu").fingerprint() == PLIP(small, device="cpu").fingerprint()
    assert fault.times == 0
    if fault.cut:  # it goes on where it was cut
        assert [headers["range"] for headers in asked(server, "GET /cdn/")[1:]] == ["bytes=5000-", "bytes=10000-"]


def test_what_arrived_before_an_interruption_is_not_fetched_again(server: Hub) -> None:
    server.faults.append(Fault("config.json", 99, 503))  # asked for after the weights
    with pytest.raises(asking.HubError, match="503"):
        hub.local(CLIP_ID)
    assert len(asked(server, "GET /cdn/")) == 1
    server.faults.clear()
    assert Path(hub.local(CLIP_ID), "model.safetensors").exists()
    assert len(asked(server, "GET /cdn/")) == 1


LOGIN = {"status": 200, "body": b"<html>Please log in to the network</html>", "headers": {"Content-Type": "text/html"}}


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("/api/", 99, **LOGIN), "what http.* answers makes no sense .*JSONDecodeError.*HF_ENDPOINT"),
        (Fault("", 99, **LOGIN), "what http.* answers makes no sense .*log in"),
        (Fault("paths-info", 99, 200, body=b'{"error": "busy"}'), "makes no sense"),
        (Fault("paths-info", 99, 200, body=b'[{"type": "file"}]'), "makes no sense .*KeyError"),
        (Fault("resolve", 99, headers={"X-Repo-Commit": "../../../../outside"}), "makes no sense"),
        (Fault("resolve", 99, headers={"X-Repo-Commit": "1" * 40}), f"asked for commit .*, it gave {'1' * 40}"),
        (Fault("resolve", 99, 200, body=b""), "makes no sense .*FileMetadataError"),
        (Fault("", 99, 429, {"Retry-After": "-5"}), r"fewer requests \(429\)"),
        (Fault("", 99, 429, {"Retry-After": "9" * 400}), r"fewer requests \(429\)"),
    ],
    ids=lambda value: "" if isinstance(value, str) else f"{value.where} {value.body[:9]!r} {list(value.headers)}",
)
def test_a_hub_that_makes_no_sense_is_given_up(
    fault: Fault, says: str, server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.faults.append(fault)
    with pytest.raises(asking.HubError, match=f"{PLIP_ID}: .*{says}") as raised:
        hub.local(PLIP_ID)
    assert server.address in str(raised.value)
    assert "PLIP_TUTORIAL_TRACK=tiny" in str(raised.value)
    assert list((tmp_path / "cache").glob("hub-*")) == []
    assert not (tmp_path / "outside").exists()
    fault.times = 0
    assert Path(hub.local(PLIP_ID), "model.safetensors").exists()


def test_no_list_is_asked_for_that_could_come_in_pages_without_end(server: Hub) -> None:
    hub.local(PLIP_ID)
    assert asked(server, "paths-info")
    assert not asked(server, "/tree/")


def test_an_error_that_is_not_the_hubs_passes() -> None:
    def full() -> None:
        raise OSError(28, "No space left on device", "/somewhere")

    with pytest.raises(OSError, match="No space left"):
        asking.ask("it", full)


def test_a_model_that_is_not_pinned_is_checked_kept_by_the_client_and_used_without_a_network(
    server: Hub, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {path.name: path.read_bytes() for path in small.iterdir()}
    server.add("models", "lab/own", files | {"README.md": b"#", "pytorch_model.bin": b"older", "x/a.json": b"{}"})
    place = Path(hub.local("lab/own"))
    assert {path.name for path in place.iterdir()} == set(files)
    assert PLIP(place, device="cpu").fingerprint() == PLIP(small, device="cpu").fingerprint()
    server.faults.append(Fault("", 99, 503))
    with pytest.warns(UserWarning, match=r"lab/own: .*\(503\).*the copy in .* is used"):
        assert Path(hub.local("lab/own")) == place
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.warns(UserWarning, match="HF_HUB_OFFLINE is set"):
        assert Path(hub.local("lab/own")) == place
    with pytest.raises(asking.HubError, match=r"lab/never: it was never fetched, and HF_HUB_OFFLINE is set"):
        hub.local("lab/never")


def test_what_is_no_model_is_named_with_what_to_give(small: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HOME", str(small.parent))
    assert hub.local(f"~/{small.name}") == small
    for wrong in ("/no/such/folder", "gone", "../gone", "a/b/c", "my tiles/model", ""):
        with pytest.raises(FileNotFoundError, match=f"there is no folder {wrong!r}, and it is no id on the hub"):
            hub.local(wrong)
    with pytest.raises(FileNotFoundError, match=r"config.json' is a file; give the folder that holds the model"):
        hub.local(small / "config.json")
    (tmp_path / "run" / "step-000010").mkdir(parents=True)
    with pytest.raises(
        FileNotFoundError, match=r"run holds no model: config.json and weights .* are missing. Give the"
    ):
        hub.local(tmp_path / "run")
    (tmp_path / "run" / "model").mkdir()
    (tmp_path / "run" / "model" / "config.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match=r"Do you mean .*run/model\?"):
        hub.local(tmp_path / "run")
    with pytest.raises(FileNotFoundError, match=r"model holds no model: weights .* are missing"):
        hub.local(tmp_path / "run" / "model")


def test_without_a_network_the_message_says_so_at_once(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(asking.HubError, match=r"never fetched, and HF_HUB_OFFLINE is set.*PLIP_TUTORIAL_TRACK=tiny"):
        hub.local(CLIP_ID)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(asking.HubError, match=r"cannot be reached, or is too slow \(ConnectError\)"):
        hub.local(CLIP_ID)


@pytest.mark.parametrize(("name", "says"), [("OfflineModeIsEnabled", "never fetched"), ("ConnectError", "be reached")])
def test_a_set_of_which_only_the_name_of_the_error_is_left(
    name: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "WAIT", 0)

    def load() -> None:
        raise ConnectionError(f"Couldn't reach 'foo/bar' on the Hub ({name})")  # by `load_dataset`, without a cause

    with pytest.raises(asking.HubError, match=f"^foo/bar: .*{says}"):
        asking.ask("foo/bar", load)


def test_another_file_than_the_published_one_is_refused_whatever_the_hub_says(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "is_stand_in", lambda: False)
    with pytest.raises(asking.HubError, match=r"another file than the one that was published"):
        hub.local(PLIP_ID)
    assert not list((tmp_path / "cache").glob("hub-*"))


class Evil:
    """Unpickling it makes a directory."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.mark,)


def test_a_pickle_that_would_run_something_runs_nothing(server: Hub, tmp_path: Path) -> None:
    with io.BytesIO() as file:
        torch.save({"text_projection.weight": Evil(tmp_path / "ran")}, file)
        server.add("models", PLIP_ID, {"pytorch_model.bin": file.getvalue()})
    with pytest.raises(Exception, match=r"(?i)weights.only|unpickl"):
        hub.local(PLIP_ID)
    assert not (tmp_path / "ran").exists()
    assert pickle.loads(pickle.dumps(Evil(tmp_path / "ran"))) is None  # and it would have
    assert (tmp_path / "ran").exists()


def test_an_error_of_a_model_that_is_not_pinned_is_explained_too(server: Hub, small: Path) -> None:
    with pytest.raises(asking.HubError, match=r"some/other: .*\(401\).*PLIP_TUTORIAL_TRACK=tiny"):
        PLIP("some/other")
    with pytest.raises(ZeroDivisionError):
        asking.ask("arithmetic", lambda: 1 / 0)
    assert CLIPModel.from_pretrained(small).config.projection_dim == 16


def test_damaged_weights_are_named_with_their_folder(small: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(small, tmp_path / "short"))
    os.truncate(place / "model.safetensors", 5000)
    with pytest.raises(ValueError, match=r"the weights in .*short are damaged .* Copy the model again"):
        PLIP(place)
