import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from small_clip import small_clip

from plip_tutorial.finetune.config import TrainConfig
from plip_tutorial.finetune.gradcache import shares

RUNS = """
import sys, torch
from pathlib import Path
from small_clip import small_pairs
from plip_tutorial.finetune import finetune, loop, run
from test_processes import for_processes, in_one_go
place, count, *runs = sys.argv[1:]
ways = {"cached": loop.backward, "whole": in_one_go}
train = loop.train
def keep(model, of_loss, optimizer, pairs, config, accelerator, begin):
    assert accelerator.num_processes == int(count)
    for row in train(model, of_loss, optimizer, pairs, config, accelerator, begin):
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        found = torch.cat([parameter.grad.flatten() for parameter in parameters])
        if accelerator.is_main_process:
            torch.save((torch.tensor(row["loss"]), found, of_loss[0].grad), f"{output}{row['step']}")
        yield row
run.train = keep
for model, way in (one.split() for one in runs):
    loop.backward = ways[way]
    for name, config in for_processes().items():
        output = Path(place) / f"{count} {model} {way} {name}"
        finetune(Path(place) / model, small_pairs(), config, output=output, progress=False)
"""


def for_processes():
    """Uneven shares of an uneven batch; once in chunks."""
    config = TrainConfig(steps=2, clip_norm=0, batch_size=9, learning_rate=3e-3, warmup_steps=1, precision="float32")
    return {"whole": config, "chunks": dataclasses.replace(config, chunk_size=2)}


def in_one_go(embed, chunks, loss, *, send):
    """The obvious way in place of the gradient cache: keep all activations of all chunks."""
    images, texts = (torch.cat(side) for side in zip(*map(embed, chunks), strict=True))
    value = loss(images, texts)
    send(value)
    return value.detach(), images.detach(), texts.detach()


def gradients(place, count, *runs):
    """Loss, gradients of the encoders and of the logit scale, for each run, config and step."""
    (place / "runs.py").write_text(RUNS)
    here = Path(__file__).parent
    environment = {
        **os.environ,
        "PYTHONPATH": f"{here}{os.pathsep}{here.parent}{os.pathsep}{here.parents[1]}",
        "OMP_NUM_THREADS": "1",
    }
    # `--num_processes 2 --cpu` starts a single process (accelerate 1.15); the variable with `--multi_gpu` starts two.
    environment["ACCELERATE_USE_CPU"] = "true"
    launch = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"] if count == 2 else []
    command = [sys.executable, *launch, "runs.py", str(place), str(count), *runs]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    steps = [f"{name}{step}" for name in for_processes() for step in (0, 1)]
    kept = {run: {step: place / f"{count} {run} {step}" for step in steps} for run in runs}
    return {run: {step: torch.load(file, weights_only=True) for step, file in own.items()} for run, own in kept.items()}


@pytest.fixture(scope="module")
def of_one_and_two(tmp_path_factory):
    """What one process found and what two did. Each starts once for all runs: most of the time is importing."""
    place = tmp_path_factory.mktemp("processes")
    small_clip(place / "quiet")
    small_clip(place / "dropping", dropout=0.3)  # shares of 5 and 4 in chunks of 2: the last of one is uneven
    two = gradients(place, 2, "quiet cached", "dropping cached", "dropping whole")
    return gradients(place, 1, "quiet cached"), two


def assert_close(one, two):
    # The weights of step 1 have been through Adam, which blows rounding errors in tiny gradients up to its full rate.
    for name in one:
        assert len(one[name]) == len(two[name]) == 3
        for expected, found in zip(one[name], two[name], strict=True):
            assert (found - expected).norm() <= (1e-6 if name.endswith("0") else 1e-5) * expected.norm(), name


def test_two_processes_have_the_gradients_of_one(of_one_and_two):
    one, two = of_one_and_two
    assert_close(one["quiet cached"], two["quiet cached"])


def test_the_gradient_cache_of_two_processes_replays_dropout_in_both(of_one_and_two):
    _, two = of_one_and_two
    quiet, cached = two["quiet cached"], two["dropping cached"]
    assert_close(two["dropping whole"], cached)
    assert (quiet["chunks0"][1] - cached["chunks0"][1]).norm() > 0.01 * quiet["chunks0"][1].norm()  # it did drop


def test_shares_of_processes_cover_the_batch():
    for n in (5, 8, 9):
        for count in (1, 2, 4):
            assert sum(shares(n, count)) == n
            assert max(shares(n, count)) - min(shares(n, count)) <= 1
