"""What lies in a run's folder: damage is named, what others have put there stays, and one run at a time writes."""

import dataclasses
import json
import multiprocessing
import os
import re
import shutil
import signal
import time

import pytest
import torch
from safetensors.torch import load_file
from small_clip import small_clip, small_pairs

from plip_tutorial.finetune import checkpoints
from plip_tutorial.finetune.checkpoints import CheckpointError
from plip_tutorial.finetune.config import TrainConfig
from plip_tutorial.finetune.history import History, read_history
from plip_tutorial.finetune.run import finetune
from plip_tutorial.finetune.weights import MOMENT, load_moments
from plip_tutorial.storage.files import InUseError

CONFIG = TrainConfig(steps=4, batch_size=8, learning_rate=3e-3, warmup_steps=1, save_every=2, precision="float32")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return small_clip(tmp_path_factory.mktemp("base") / "clip")


@pytest.fixture(scope="module")
def pairs():
    return small_pairs()


def train(base, pairs, output, *, resume=True, **changes):
    return finetune(base, pairs, dataclasses.replace(CONFIG, **changes), output=output, resume=resume, progress=False)


@pytest.fixture(scope="module")
def finished(base, pairs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "run"
    train(base, pairs, folder)
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of a finished run, to be damaged."""
    return shutil.copytree(finished, tmp_path / "run")


def weights(path):
    return load_file(path / "model.safetensors")


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


# Damage


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-9])


def without_moments(path):
    tensors = {name: tensor for name, tensor in load_file(path).items() if not name.endswith("exp_avg_sq")}
    checkpoints.save_file(tensors, path)


def put(content):
    return lambda path: path.write_bytes(content)


def another_step(path):
    path.write_text(path.read_text().replace('"step": 4', '"step": 3'))


OTHER, GONE = "is not what was written", "is missing"
DAMAGE = [
    ("model.safetensors", flip, OTHER), ("model.safetensors", cut, OTHER), ("model.safetensors", os.unlink, GONE),
    ("config.json", flip, OTHER), (checkpoints.TENSORS, flip, OTHER),
    (checkpoints.TENSORS, without_moments, OTHER), (checkpoints.TENSORS, os.unlink, GONE),
    (checkpoints.FACTS, os.unlink, GONE), (checkpoints.FACTS, cut, OTHER), (checkpoints.FACTS, put(b"{}"), OTHER),
    (checkpoints.FACTS, put(b"[1]"), OTHER), (checkpoints.FACTS, put(b"\xff\xfe"), OTHER),
    (checkpoints.FACTS, another_step, OTHER),
]  # fmt: skip


@pytest.mark.parametrize(("name", "damage", "told"), DAMAGE)
def test_any_damage_to_a_checkpoint_is_named_with_what_to_do(base, pairs, run, name, damage, told):
    damage(run / "step-000004" / name)
    words = (
        rf"step-000004 is no complete checkpoint: {name} {told}\. Remove it and call again; the run then begins anew"
    )
    with pytest.raises(CheckpointError, match=words):
        train(base, pairs, run)


def test_a_later_folder_without_content_is_named_and_the_run_goes_on_without_it(base, pairs, run):
    (run / "step-000009").mkdir()
    with pytest.raises(
        CheckpointError, match=r"step-000009 is no .* Remove it .*; the run then goes on from step-000004"
    ):
        train(base, pairs, run)
    (run / "step-000009").rmdir()
    assert len(train(base, pairs, run)[1]) == 4


def test_what_only_looks_like_a_checkpoint_is_let_be(base, pairs, run):
    (run / "step-notes.txt").write_text("mine")
    (run / "step-by-step").mkdir()
    (run / "step-000005").write_text("a file")
    shutil.copytree(run / "step-000004", run / "step-000004 (1)")
    train(base, pairs, run)
    train(base, pairs, run, resume=False)
    assert {path.name for path in run.glob("step-*")} == {
        "step-notes.txt", "step-by-step", "step-000005", "step-000004 (1)", "step-000004",
    }  # fmt: skip


def moments(optimizer):
    state = optimizer.state_dict()["state"]
    return {f"{MOMENT}{i}.{name}": value for i, part in state.items() for name, value in part.items()}


def test_running_averages_of_another_model_are_refused():
    one, other = (torch.optim.AdamW(torch.nn.Linear(3, width).parameters()) for width in (2, 4))
    for parameter in (p for group in one.param_groups for p in group["params"]):
        parameter.grad = torch.ones_like(parameter)
    one.step()
    with pytest.raises(CheckpointError, match="do not fit the parameters of this model"):
        load_moments(other, moments(one))
    load_moments(one, moments(one))
    load_moments(other, {})  # a scaler of half precision may have skipped all steps so far


# The record


def test_a_record_that_is_gone_is_counted_and_the_run_goes_on(base, pairs, run):
    (run / "history.csv").unlink()
    with pytest.warns(UserWarning, match=r"history.csv lacks 4 of the 4 steps"):
        path, rows = train(base, pairs, run)
    assert rows == []
    assert (path / "model.safetensors").exists()


def test_of_a_record_that_two_have_written_each_step_is_read_once(tmp_path):
    path = tmp_path / "history.csv"
    lines = ["step,loss", "0,4.0", "1,3.0", "step,loss", "0,4.5", "1,3.5", "2,x", "2", "3,1.0"]
    path.write_text("\n".join(lines) + "\n")
    with pytest.warns(UserWarning, match="lacks 1 of the 4 steps"):
        history = History(path, until=4)
    assert [(row["step"], row["loss"]) for row in history.rows] == [(0, 4.5), (1, 3.5), (3, 1.0)]
    assert read_history(path) == history.rows


# What others have put there


def test_files_of_others_beside_the_model_are_kept(base, pairs, run):
    (run / "model" / "notes.md").write_text("mine")
    train(base, pairs, run)
    assert (run / "model" / "notes.md").read_text() == "mine"
    train(base, pairs, run, resume=False, seed=1)
    assert (run / "model" / "notes.md").read_text() == "mine"
    assert same(weights(run / "model"), weights(run / "step-000004"))


@pytest.mark.parametrize("name", ["model", "step-000004"])
@pytest.mark.parametrize("resume", [True, False])
def test_a_start_checkpoint_inside_the_folder_is_never_overwritten(pairs, run, name, resume):
    before = weights(run / name)
    with pytest.raises(ValueError, match=f"{name} would be overwritten by the run that starts from it"):
        train(run / name, pairs, run, resume=resume, seed=5)
    assert same(weights(run / name), before)


@pytest.mark.parametrize("resume", [True, False])
def test_a_model_or_a_record_of_somebody_else_is_in_the_way(base, pairs, tmp_path, resume):
    shutil.copytree(base, tmp_path / "a" / "model")
    with pytest.raises(ValueError, match=r"no run in .*a has written .*model\. Move it"):
        train(base, pairs, tmp_path / "a", resume=resume)
    assert same(weights(tmp_path / "a" / "model"), weights(base))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "history.csv").write_text("patient,age\n")
    with pytest.raises(ValueError, match=r"no training run has written .*history\.csv"):
        train(base, pairs, tmp_path / "b", resume=resume)
    assert (tmp_path / "b" / "history.csv").read_text() == "patient,age\n"


@pytest.mark.parametrize("call", [1, 2])
def test_a_kill_while_the_model_is_published_leaves_the_old_one_or_the_new_one(run, call):
    (run / "model" / "notes.md").write_text("old")
    if not (child := os.fork()):
        replace, calls = os.replace, iter(range(1, 9))
        os.replace = lambda *places: os._exit(7) if next(calls) == call else replace(*places)
        checkpoints.publish_model(run, 4)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    with checkpoints.only_writer(run):
        pass  # what every run does first
    assert same(weights(run / "model"), weights(run / "step-000004"))
    assert (run / "model" / "notes.md").read_text() == "old"
    assert [path.name for path in run.glob(".*")] == [".history.csv.lock"]


# Two at once


def hold(base, output, ready):
    """In a process of its own: train, and stop to think in step 2."""
    add = History.add

    def slow(self, row):
        add(self, row)
        if row["step"] == 2:
            ready.set()
            time.sleep(600)

    History.add = slow
    torch.set_num_threads(1)
    train(base, small_pairs(), output)


@pytest.mark.once
def test_a_second_run_in_a_folder_is_told_who_is_there_and_goes_on_after_its_end(base, pairs, finished, tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    first = context.Process(target=hold, args=(base, tmp_path / "run", ready))
    first.start()
    assert ready.wait(120)
    for resume in (True, False):
        with pytest.raises(
            InUseError, match=rf"being written by process {first.pid} on .*a training run.*another output"
        ):
            train(base, pairs, tmp_path / "run", resume=resume)
    os.kill(first.pid, signal.SIGKILL)
    first.join()
    torch.set_num_threads(1)
    path, rows = train(base, pairs, tmp_path / "run")
    assert [row["step"] for row in rows] == [0, 1, 2, 3]
    assert same(weights(path), weights(finished / "model"))


def four(base, output, results):
    torch.set_num_threads(1)
    try:
        results.put(len(train(base, small_pairs(), output)[1]))
    except InUseError:
        results.put("in use")


@pytest.mark.once
def test_of_four_that_begin_together_each_ends_well_or_says_so(base, finished, tmp_path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["plip_tutorial.finetune.run", "test_checkpoints"])
    results = context.Queue()
    processes = [context.Process(target=four, args=(base, tmp_path / "run", results)) for _ in range(4)]
    for process in processes:
        process.start()
    told = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(60)
    assert set(told) <= {4, "in use"}
    assert 4 in told
    assert [row["step"] for row in read_history(tmp_path / "run" / "history.csv")] == [0, 1, 2, 3]
    assert same(weights(tmp_path / "run" / "model"), weights(finished / "model"))


def test_the_facts_of_a_checkpoint_can_be_read_by_anybody(finished):
    facts = json.loads((finished / "step-000004" / checkpoints.FACTS).read_text())
    assert facts["step"] == 4
    assert set(facts["checksums"]) == {path.name for path in (finished / "step-000004").iterdir()} - {checkpoints.FACTS}
    assert re.fullmatch(r"[0-9a-f]{16}", facts["identity"]["start checkpoint"])
