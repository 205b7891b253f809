"""Training a CLIP on pairs: the loop, what it is fed, the large batch, and a folder that survives a crash.

- `loop`: the training, read from top to bottom; `config`: its settings, and the learning rate of each step;
- `data`: pairs as tensors, and which of them meet at a step; `augment`: how their pictures are varied;
- `gradcache`: the true gradient of a batch that does not fit, on one machine or several;
- `run`: `finetune`, which begins a run in a folder or goes on with it; `checkpoints`, `history` and `identity` keep
  that folder;
- `pairs`: a table, checked and made into tensors; `validation`: the pairs that choose the best model;
- `weights`: which of them move and how: optimizer, frozen parts, LoRA, and the mixture of two models;
- `processes`: several GPUs, half precision, trackers.
"""

from plip_tutorial.finetune import gradcache
from plip_tutorial.finetune.augment import AugmentConfig, augment
from plip_tutorial.finetune.config import LOSSES, TrainConfig, learning_rate
from plip_tutorial.finetune.data import PairTensors, batch_rows
from plip_tutorial.finetune.loop import DivergedError, train
from plip_tutorial.finetune.pairs import as_tensors
from plip_tutorial.finetune.run import finetune
from plip_tutorial.finetune.weights import interpolate

__all__ = [
    "LOSSES",
    "AugmentConfig",
    "DivergedError",
    "PairTensors",
    "TrainConfig",
    "as_tensors",
    "augment",
    "batch_rows",
    "finetune",
    "gradcache",
    "interpolate",
    "learning_rate",
    "train",
]
