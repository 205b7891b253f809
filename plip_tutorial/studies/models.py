"""Make the tiny models, their filter and their corpus again, and put their scores beside those of the committed ones.

    python -m plip_tutorial models              # make again, compare; the committed ones stay
    python -m plip_tutorial models --replace    # and put what was made in their place

Another processor rounds its own way, and training makes much of it. So the scores may move, each within its `BANDS`.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from plip_tutorial import artifacts, clean, collect, microcosm, retrieval
from plip_tutorial.artifacts import build, committed
from plip_tutorial.artifacts.curation import Curated
from plip_tutorial.metrics import scores as metrics
from plip_tutorial.plip.model import PLIP
from plip_tutorial.storage.files import whole_folder
from plip_tutorial.studies import canary, provenance, scoring

MODELS = {"tiny CLIP": "tiny-clip", "tiny PLIP": "tiny-plip"}
HELD_OUT = 800  # posts of a world that no model has seen; half of them make pairs
# How far a score may move, by the beginning of its name (the longest that fits): about twice what it moved when the
# models were made again as by a processor without AVX-512, 0.05 at most for a model and 10 pairs for the corpus.
BANDS = {"": 0.03, "tiny": 0.1, "corpus: pairs": 150.0, "loss": 0.1}


def scores(folder: Path, found: Curated) -> dict[str, float]:
    """What was made in ``folder``, in numbers: name -> score."""
    told: dict[str, float] = {}
    for title, name in MODELS.items():
        plip = PLIP(folder / name, device="cpu", precision="float32")
        for test in microcosm.NAMES:
            score = scoring.zero_shot_score(plip, scoring.micro(test, "test"), test)
            told[f"{title}: zero-shot F1, {test}"] = score.value
        for k, score in recalls(plip).items():
            told[f"{title}: words to picture, recall at {k} of {score.n}"] = score.value
    purity, truth = clean.purity(found.corpus), np.array(found.collected["truth_pathology"], bool)
    kept = np.isin(np.arange(len(truth)), found.seeds)
    told |= {
        "corpus: pairs": float(purity["pairs"]),
        "corpus: purity": purity["purity"],
        "filter: precision on posts": float(truth[kept].mean()),
        "filter: recall on posts": float(kept[truth].mean()),
        "loss of the last fifty steps": float(pd.read_csv(folder / "history.csv")["loss"].tail(50).mean()),
    }
    return {name: round(value, 4) for name, value in told.items()}


def recalls(plip: PLIP) -> dict[int, metrics.Score]:
    """How often a caption finds its picture, the first or one of ten: a pair of each post of a world of its own."""
    pairs, _ = collect.pairs_from_posts(microcosm.posts(HELD_OUT, seed=1))
    fits = np.array(pairs["truth_pathology"], bool) & np.array(pairs["truth_match"], bool)
    _, first = np.unique(np.array(pairs["group_id"])[fits], return_index=True)
    pairs = pairs.select(np.flatnonzero(fits)[first])
    return retrieval.recall_at_k(plip.encode_text(pairs["text"][:]), plip.encode_images(pairs["image"], 256), (1, 10))


def beside(committed: dict[str, float], now: dict[str, float]) -> pd.DataFrame:
    """Committed | now | difference | band, a row a score; ``outside`` is True where it moved further than its band."""
    table = pd.DataFrame({"committed": committed, "now": now})
    table["difference"] = table["now"] - table["committed"]
    table["band"] = [BANDS[max((b for b in BANDS if name.startswith(b)), key=len)] for name in table.index]
    table["outside"] = ~(table["difference"].abs() <= table["band"])  # a score that one of them lacks is outside, too
    return table


def run(*, replace: bool = False) -> bool:
    """Make everything and print the comparison; returns whether all scores are in their bands.

    Args:
        replace: put what was made into the package. Where nothing is, or it is damaged, that is done in any case.
    """
    with tempfile.TemporaryDirectory() as place:
        start = time.perf_counter()
        found = build.make(folder := Path(place, "models"))
        now = scores(folder, found)
        note = provenance.Provenance.now(seconds=time.perf_counter() - start, canary=canary.take())
        told = {"scores": now, "files": committed.digests(folder)}
        provenance.save(Path(committed.NOTE).stem, told, note, folder=folder)
        try:
            artifacts.tiny_plip()
            table = beside(committed.note()["results"]["scores"], now)
        except committed.NotMadeError as error:
            print(error)
            replace, table = True, beside(now, now)
        print(table.to_string(float_format="{:.4f}".format))
        if replace:
            with whole_folder(committed.FOLDER) as target:
                shutil.copytree(folder, target, dirs_exist_ok=True)
            print(f"written to {committed.FOLDER}")
    return not table["outside"].any()
