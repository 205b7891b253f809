import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import torch
from small_clip import small_clip

from plip_tutorial import processes
from plip_tutorial.finetune import TrainConfig

TWO = """
import sys, torch
from small_clip import small_pairs
from plip_tutorial.finetune import finetune
from plip_tutorial.training_run import Run
from test_processes import for_processes
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


def test_two_processes_have_the_gradients_of_one(tmp_path):
    base = small_clip(tmp_path / "clip")
    (tmp_path / "two.py").write_text(TWO)
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{here.parent}", "OMP_NUM_THREADS": "1"}
    # `--num_processes 2 --cpu` starts a single process (accelerate 1.15); the variable with `--multi_gpu` starts two.
    environment["ACCELERATE_USE_CPU"] = "true"
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    for count, name, command in ((2, "two", launch), (1, "one", [sys.executable])):
        output = tmp_path / name
        output.mkdir()
        command = [*command, "two.py", str(base), f"{output}{os.sep}", str(count)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
    # The weights of step 1 have been through Adam, which blows rounding errors in tiny gradients up to its full rate.
    for name, tolerance in (("whole0", 1e-6), ("chunks0", 1e-6), ("whole1", 1e-5), ("chunks1", 1e-5)):
        one, two = (torch.load(tmp_path / kind / name, weights_only=True) for kind in ("one", "two"))
        assert len(one) == len(two) == 3
        for expected, found in zip(one, two, strict=True):
            assert (found - expected).norm() <= tolerance * expected.norm(), name


def test_shares_of_processes_cover_the_batch():
    for n in (5, 8, 9):
        for count in (1, 2, 4):
            assert sum(processes.shares(n, count)) == n
            assert max(processes.shares(n, count)) - min(processes.shares(n, count)) <= 1
