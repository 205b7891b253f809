import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import torch
from small_clip import small_clip

from plip_tutorial.finetune import processes
from plip_tutorial.finetune.loop import TrainConfig

TWO = """
import sys, torch
from small_clip import small_pairs
from plip_tutorial.finetune import finetune
from plip_tutorial.finetune.run import Run
from test_processes import for_processes, in_one_go
if sys.argv[4] == "slow":
    sys.modules["plip_tutorial.finetune.loop"].backward = in_one_go
def keep(self, step, loss, norm):
    assert self.accelerator.num_processes == int(sys.argv[3])
    found = torch.cat([parameter.grad.flatten() for parameter in self.parameters])
    if self.is_main:
        torch.save((loss, found, self.loss_parameters[0].grad), sys.argv[2] + name + str(step))
Run.refuse_nonfinite = keep
for name, config in for_processes().items():
    finetune(sys.argv[1], small_pairs(), config, output=sys.argv[2] + name, progress=False)
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
    return value.detach()


def gradients(base, folder, *, processes, way="fast"):
    """Loss, gradients of the encoders and of the logit scale, for each config and step."""
    folder.mkdir()
    (folder / "two.py").write_text(TWO)
    here = Path(__file__).parent
    environment = {
        **os.environ,
        "PYTHONPATH": f"{here}{os.pathsep}{here.parent}{os.pathsep}{here.parents[1]}",
        "OMP_NUM_THREADS": "1",
    }
    # `--num_processes 2 --cpu` starts a single process (accelerate 1.15); the variable with `--multi_gpu` starts two.
    environment["ACCELERATE_USE_CPU"] = "true"
    launch = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"] if processes == 2 else []
    command = [sys.executable, *launch, "two.py", str(base), f"{folder}{os.sep}", str(processes), way]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    steps = [f"{name}{step}" for name in for_processes() for step in (0, 1)]
    return {name: torch.load(folder / name, weights_only=True) for name in steps}


def assert_close(one, two):
    # The weights of step 1 have been through Adam, which blows rounding errors in tiny gradients up to its full rate.
    for name in one:
        assert len(one[name]) == len(two[name]) == 3
        for expected, found in zip(one[name], two[name], strict=True):
            assert (found - expected).norm() <= (1e-6 if name.endswith("0") else 1e-5) * expected.norm(), name


def test_two_processes_have_the_gradients_of_one(tmp_path):
    base = small_clip(tmp_path / "clip")
    one, two = (gradients(base, tmp_path / str(n), processes=n) for n in (1, 2))
    assert_close(one, two)


def test_the_gradient_cache_of_two_processes_replays_dropout_in_both(tmp_path):
    base = small_clip(tmp_path / "clip", dropout=0.3)  # shares of 5 and 4 in chunks of 2: the last of one is uneven
    cached, whole = (gradients(base, tmp_path / way, processes=2, way=way) for way in ("fast", "slow"))
    assert_close(whole, cached)
    quiet = gradients(small_clip(tmp_path / "quiet"), tmp_path / "none", processes=2)
    assert (quiet["chunks0"][1] - cached["chunks0"][1]).norm() > 0.01 * quiet["chunks0"][1].norm()  # it did drop


def test_shares_of_processes_cover_the_batch():
    for n in (5, 8, 9):
        for count in (1, 2, 4):
            assert sum(processes.shares(n, count)) == n
            assert max(processes.shares(n, count)) - min(processes.shares(n, count)) <= 1
