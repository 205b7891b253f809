"""Make the tiny models, their filter and their corpus again, and put their scores beside those of the committed ones.

    python -m plip_tutorial models              # make again, compare; the committed ones stay
    python -m plip_tutorial models --replace    # and put what was made in their place

Another processor rounds its own way, and training makes much of it. So the scores may move, each within its `BANDS`.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from plip_tutorial import artifacts, clean, collect, microcosm, retrieval, tracks, zero_shot
from plip_tutorial.artifacts import made, making
from plip_tutorial.artifacts.curation import Curated
from plip_tutorial.metrics import scores as metrics
from plip_tutorial.plip.model import PLIP
from plip_tutorial.storage.files import whole_folder
from plip_tutorial.studies import canary, provenance
from plip_tutorial.studies.provenance import Provenance

MODELS = {"tiny CLIP": "tiny-clip", "tiny PLIP": "tiny-plip"}
HELD_OUT = 800  # posts of a world that no model has seen; half of them make pairs
# How far a score may move: by the beginning of its name, the longest that fits.
BANDS = {"": 0.03, "tiny CLIP": 0.1, "tiny PLIP": 0.06, "corpus: pairs": 150.0, "loss": 0.1}


def scores(folder: Path, found: Curated) -> dict[str, float]:
    """What was made in ``folder``, in numbers: name -> score."""
    told: dict[str, float] = {}
    for title, name in MODELS.items():
        plip = PLIP(folder / name, device="cpu", precision="float32")
        told |= {f"{title}: {score}": value for score, value in _of_model(plip).items()}
    told |= {f"corpus: {name}": float(value) for name, value in clean.purity(found.corpus).items() if name in SHOWN}
    truth, kept = np.array(found.collected["truth_pathology"], bool), np.zeros(len(found.collected), bool)
    kept[found.seeds] = True
    told["filter: precision on posts"] = float(truth[kept].mean())
    told["filter: recall on posts"] = float(kept[truth].mean())
    with open(folder / "history.csv", encoding="utf-8", newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    told["loss of the last fifty steps"] = float(np.mean(losses[-50:]))
    return {name: round(value, 4) for name, value in told.items()}


SHOWN = ("pairs", "purity")


def _of_model(plip: PLIP) -> dict[str, float]:
    """Zero-shot weighted F1 on the four sets, and recall on pairs of another world: the first image of each group."""
    told = {}
    for name in microcosm.NAMES:
        tiles, phrases = artifacts.benchmark_of(tracks.TINY, name), list(microcosm.PHRASES[name].values())
        words = zero_shot.classifier(plip, phrases, microcosm.TEMPLATES[name])
        answers = zero_shot.predict(plip.encode_images(tiles["image"], 256), words)[0]
        told[f"zero-shot F1, {name}"] = metrics.weighted_f1(tiles["label"][:], answers).value
    pairs = _held_out()
    found = retrieval.recall_at_k(plip.encode_text(pairs["text"][:]), plip.encode_images(pairs["image"], 256), (1, 10))
    return told | {f"words to picture, recall at {k} of {len(pairs)}": score.value for k, score in found.items()}


def _held_out() -> Any:
    pairs, _ = collect.pairs_from_posts(microcosm.posts(HELD_OUT, seed=1))
    fits = np.array(pairs["truth_pathology"], bool) & np.array(pairs["truth_match"], bool)
    _, first = np.unique(np.array(pairs["group_id"])[fits], return_index=True)
    return pairs.select(np.flatnonzero(fits)[first])


def beside(committed: dict[str, float], now: dict[str, float]) -> pd.DataFrame:
    """Committed | now | difference | band, a row a score; ``outside`` is True where it moved further than its band."""
    table = pd.DataFrame({"committed": committed, "now": now})
    table["difference"] = table["now"] - table["committed"]
    table["band"] = [BANDS[max((b for b in BANDS if name.startswith(b)), key=len)] for name in table.index]
    table["outside"] = ~(table["difference"].abs() <= table["band"])  # a score that one of them lacks is outside, too
    return table


def run(*, replace: bool = False) -> bool:
    """Make everything, print the comparison, and with ``replace`` commit to it; whether all scores are in their bands.

    Where nothing was committed yet, or it is damaged, it is put in place in any case.
    """
    with tempfile.TemporaryDirectory() as place:
        start = time.perf_counter()
        found = making.make(folder := Path(place, "models"))
        now = scores(folder, found)
        note = Provenance.now(seconds=time.perf_counter() - start, canary=canary.take())
        provenance.save(
            made.NOTE.removesuffix(".json"), {"scores": now, "files": made.digests(folder)}, note, folder=folder
        )
        try:
            artifacts.tiny_plip()
            table = beside(made.note()["results"]["scores"], now)
        except made.NotMadeError as error:
            print(error)
            replace, table = True, beside(now, now)
        print(table.to_string(float_format="{:.4f}".format))
        if replace:
            with whole_folder(made.FOLDER) as target:
                shutil.copytree(folder, target, dirs_exist_ok=True)
            print(f"written to {made.FOLDER}")
    return not table["outside"].any()
