"""What a chapter costs on a GPU in the full track: estimated from operations and bytes, until somebody has measured it.

A chapter's work is a short list of counts. Time is operations over the speed that a GPU really reaches, plus bytes over
the speed of the network; memory is weights, what training keeps for each weight, and activations. Figures and
statistics stay on the CPU and are not in it.

>>> estimate("07_zero_shot").minutes < estimate("08_linear_probing").minutes
True
>>> estimate("02_collecting_posts") is None  # no large model runs there
True
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DATA, MEASURED = Path(__file__).parents[1] / "data", "measure_gpu"
#: Tiles of one labelled set that the full track takes.
TILES = {"train": 3_000, "test": 2_000}  # of one labelled set of the full track
TILE_BYTES = 100e3  # a tile of 224 pixels as PNG


@dataclass(frozen=True)
class Work:
    """What a chapter asks of the large models.

    Attributes:
        models: models that are on the GPU at once.
        images: pictures embedded, those of labelled sets excluded.
        captions: sentences embedded.
        train_sets: times that the training part of a labelled set is embedded.
        test_sets: the same for the test part.
        sets: labelled sets that are fetched.
        pairs: pairs that are trained on, each step of each run counted.
        batch: pairs in the largest training step; 0: nothing is trained.
        steps: training steps.
    """

    models: int = 1
    images: int = 0
    captions: int = 0
    train_sets: int = 0
    test_sets: int = 0
    sets: int = 0
    pairs: int = 0
    batch: int = 0
    steps: int = 0


@dataclass(frozen=True)
class Gpu:
    """A GPU and what is assumed of the machine around it.

    Attributes:
        name: of the GPU.
        flops: operations a second in half precision, at best.
        utilisation: share of these that is reached.
        bandwidth: bytes a second between GPU and its memory.
        context: bytes that CUDA takes for itself.
        pictures: pictures a second that two CPU cores decode and shrink.
        network: bytes a second from the hub.
        loading: seconds to import the libraries and to put one model on the GPU.
    """

    name: str = "T4"
    flops: float = 65e12
    utilisation: float = 0.25
    bandwidth: float = 320e9
    context: float = 0.5e9
    pictures: float = 300.0
    network: float = 40e6
    loading: float = 10.0


@dataclass(frozen=True)
class Budget:
    """What a chapter takes.

    Attributes:
        minutes: of time.
        gigabytes: peak of the GPU's memory.
        measured: where, when and with what it was measured; empty for an estimate.
    """

    minutes: float
    gigabytes: float
    measured: str = ""


# CLIP ViT-B/32: operations of one forward pass, weights, activations that training keeps in half precision.
IMAGE_FLOP, TOKEN_FLOP, TOKENS = 8.73e9, 0.075e9, 16  # captions are padded to the longest of the batch, mostly 16
WEIGHTS = 151.3e6
PIXELS = 224
#: The GPU that Colab lends, on a machine with two CPU cores.
T4 = Gpu()
#: What each chapter asks of the large models, counted in its cells; None: nothing.
CHAPTERS: dict[str, Work | None] = {
    "01_contrastive_learning": None,
    "02_collecting_posts": None,
    "03_expanding_with_knn": None,
    "04_cleaning_the_corpus": None,
    "05_fine_tuning": Work(2, images=4_300, captions=2_500, test_sets=1, sets=1, pairs=12_100, batch=128, steps=220),
    "06_using_plip": Work(2, images=2_700, captions=6_000),
    "07_zero_shot": Work(2, captions=1_500, train_sets=1, test_sets=6, sets=3),
    "08_linear_probing": Work(1, captions=200, train_sets=6, test_sets=6, sets=3),
    "09_retrieval": Work(2, images=2_800, captions=2_900, test_sets=2, sets=1),
    "10_limits": Work(
        3, images=18_600, captions=1_500, train_sets=1, test_sets=1, sets=1, pairs=7_700, batch=64, steps=120
    ),
    "11_auditing_plip": None,
}


def activations(tokens: int, width: int, layers: int, heads: int) -> float:
    """Bytes kept for the backward pass of one input in half precision (Korthikanti et al. 2022, eq. 2).

    >>> round(activations(50, 768, 12, 12) / 1e6, 1)  # the image tower
    17.5
    """
    return layers * (34 * tokens * width + 5 * heads * tokens**2)


def estimate(chapter: str, gpu: Gpu = T4) -> Budget | None:
    """The budget of a chapter by counting; None where no large model runs.

    Args:
        chapter: name of its page, ``"07_zero_shot"``.
        gpu: the machine.

    Raises:
        KeyError: for a page that is no chapter.
    """
    work = CHAPTERS[chapter]
    return None if work is None else Budget(seconds(work, gpu) / 60, memory(work, gpu) / 1e9)


def seconds(work: Work, gpu: Gpu = T4) -> float:
    """Loading, download, reading of pictures, arithmetic and the optimizer's traffic, one after the other."""
    images = work.images + work.train_sets * TILES["train"] + work.test_sets * TILES["test"]
    pair = IMAGE_FLOP + TOKENS * TOKEN_FLOP
    flop = images * IMAGE_FLOP + work.captions * TOKENS * TOKEN_FLOP + 3 * work.pairs * pair  # backward: twice
    traffic = work.steps * 2 * 16 * WEIGHTS  # AdamW reads and writes weight, gradient and two averages
    fetched = work.models * 4 * WEIGHTS + work.sets * sum(TILES.values()) * TILE_BYTES
    return (
        work.models * gpu.loading
        + fetched / gpu.network
        + (images + work.pairs) / gpu.pictures
        + flop / (gpu.flops * gpu.utilisation)
        + traffic / gpu.bandwidth
    )


def memory(work: Work, gpu: Gpu = T4, *, encode_batch: int = 256) -> float:
    """Peak bytes on the GPU: models in float32, and the larger of embedding and training."""
    picture = 4 * 3 * PIXELS**2
    embedding = encode_batch * (picture + activations(50, 768, 1, 12))  # one layer at a time
    kept = activations(50, 768, 12, 12) + activations(TOKENS, 512, 12, 8)
    training = (16 * WEIGHTS + work.batch * (picture + kept)) if work.batch else 0.0
    return gpu.context + work.models * 4 * WEIGHTS + max(embedding, training)


def budget(chapter: str, folder: Path = DATA) -> Budget | None:
    """What ``make measure-gpu`` has written into ``folder`` about a chapter, if it has; else the estimate."""
    if not (folder / f"{MEASURED}.json").exists():
        return estimate(chapter)
    from plip_tutorial.studies import provenance  # here, because it imports torch

    origin, chapters = provenance.load(MEASURED, folder=folder)
    found = chapters.get(chapter)
    if not found or not found["complete"]:
        return estimate(chapter)
    where = f"{origin.machine}, {origin.date}, torch {origin.versions.get('torch', '?')}, commit {origin.commit}"
    return Budget(found["seconds"] / 60, found["peak_bytes"] / 1e9, where)


def sentence(chapter: str, folder: Path = DATA) -> str:
    """What the page of a chapter says about a GPU.

    >>> sentence("11_auditing_plip")
    'No large model runs here, so a GPU gains little.'
    """
    found = budget(chapter, folder)
    if found is None:
        return "No large model runs here, so a GPU gains little."
    memory = f"{found.gigabytes:.1f} GB of its memory"
    if found.measured:
        return f"With a GPU, full track: {found.minutes:.1f} minutes, at most {memory} (measured: {found.measured})."
    return (
        f"On a T4, full track: about {max(found.minutes, 1):.0f} min for models and downloads, {memory} "
        "(estimated from FLOPs and bytes, not measured)."
    )
