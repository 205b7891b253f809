"""Training a CLIP on pairs: the loop, what it is fed, the large batch, and a folder that survives a crash.

`loop` is the training, read top to bottom, with its settings; `batches` and `augment` feed it; `gradcache` gives a
batch that does not fit its true gradient; `optimizer`, `lora` and `patches` say which weights move and how;
`validation` chooses the best model; `run`, `checkpoints`, `history` and `identity` keep the run's folder; `processes`
spreads a batch over several GPUs.
"""

from plip_tutorial.finetune.loop import (
    LOSSES,
    DivergedError,
    TrainConfig,
    finetune,
    interpolate,
    learning_rate,
)

__all__ = [
    "LOSSES",
    "DivergedError",
    "TrainConfig",
    "finetune",
    "interpolate",
    "learning_rate",
]
