"""The published numbers of PLIP, looked at again: recomputed, and put beside what needs no model.

All of it comes from one small file, ``data/plip_paper.json``, read off the figures of Huang et al. (2023), but for
`follow_up`: what others measured later has a file of its own. Nothing here runs a model. A score is compared with that
of a constant answer, a table is summed, an interval is drawn where the paper shows a number alone.

>>> counts = kather_counts()
>>> round(float(confusion.weighted_f1(counts.to_numpy(float))), 3)  # the paper says 0.565
0.565
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plip_tutorial.metrics import confusion
from plip_tutorial.metrics import scores as metrics
from plip_tutorial.metrics.scores import Score

Z = 1.959964  # standard normal deviations on either side of the middle 95%
MODELS = ("clip", "plip")


@cache
def facts(name: str = "plip_paper") -> dict[str, Any]:
    """The numbers of the paper, or of "follow_up", with their source, as the file holds them; not to be changed."""
    file = files("plip_tutorial") / "data" / f"{name}.json"
    content: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return content


def wilson(share: float, n: float) -> Score:
    """A share of n independent cases with its 95% interval (Wilson 1927), which also holds near 0 and 1.

    >>> print(wilson(0.5, 36))
    0.500 [0.345, 0.655]

    Raises:
        ValueError: unless 0 <= share <= 1 and n > 0.
    """
    if not (0 <= share <= 1 and n > 0):
        raise ValueError(f"a share lies between 0 and 1 and needs cases; got {share} of {n}")
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    low, high = max(centre - half, 0.0), min(centre + half, 1.0)
    return Score(share, float(min(low, share)), float(max(high, share)), round(n))  # rounding may pass the share


def clustered(share: float, n: int, clusters: int, correlation: float) -> Score:
    """`wilson` for n tiles of a few patients: tiles that resemble each other count less (Kish 1965).

    Args:
        share: of right answers.
        n: tiles.
        clusters: patients (or slides) that they come from.
        correlation: how much more two tiles of one patient agree than two of different ones, 0 to 1.

    Raises:
        ValueError: for no cluster, more clusters than tiles, and a correlation outside 0 to 1.
    """
    if not (1 <= clusters <= n and 0 <= correlation <= 1):
        raise ValueError(f"{n} tiles cannot come from {clusters} clusters with a correlation of {correlation}")
    effect = 1 + (n / clusters - 1) * correlation
    score = wilson(share, n / effect)
    return Score(score.value, score.low, score.high, n)


def constant_weighted_f1(counts: Sequence[float]) -> float:
    """Weighted F1 of always saying the most frequent class, from the sizes of the classes.

    Its F1 is ``2 p / (1 + p)`` with p its share, and all others are 0.

    >>> round(constant_weighted_f1([90, 10]), 3)
    0.853
    """
    p = max(counts) / sum(counts)
    return p * 2 * p / (1 + p)


def same_score(counts: tuple[int, int], weighted_f1: float, steps: int = 21) -> dict[float, float]:
    """Sensitivity -> specificity of all two-class models that have one and the same weighted F1.

    A published score is one number, a model of two classes has two. This is the curve that the score leaves open.

    Args:
        counts: how many items are negative and how many positive.
        weighted_f1: the score.
        steps: values of the sensitivity, from 0 to 1; those with which the score cannot be reached are left out.

    >>> same_score((50, 50), 0.5)[0.5]
    0.5
    """
    n, p = counts
    specificity = np.linspace(0, 1, 20_001)
    curve = {}
    for sensitivity in np.linspace(0, 1, steps):
        wrong = (1 - sensitivity) * p + (1 - specificity) * n
        hits = np.stack([specificity * n, np.full_like(specificity, sensitivity * p)])
        f1 = 2 * hits / np.maximum(2 * hits + wrong, 1e-300)
        scores = (n * f1[0] + p * f1[1]) / (n + p)  # grows with the specificity
        if scores[0] <= weighted_f1 <= scores[-1]:
            curve[round(float(sensitivity), 6)] = round(float(np.interp(weighted_f1, scores, specificity)), 4)
    return curve


def kather_counts() -> pd.DataFrame:
    """Zero-shot PLIP on Kather's nine tissues: actual classes in rows, predicted ones in columns."""
    table = facts()["kather_confusion"]
    return pd.DataFrame(table["counts"], index=table["classes"], columns=table["classes"]).rename_axis("actual")


def as_labels(counts: pd.DataFrame) -> tuple[NDArray[Any], NDArray[Any]]:
    """Truth and prediction, one each for every item that a confusion matrix counts; so all of `metrics` applies."""
    names, cells = np.array(counts.index), counts.to_numpy().ravel()
    return np.repeat(np.repeat(names, len(names)), cells), np.repeat(np.tile(names, len(names)), cells)


def lost_classes(counts: pd.DataFrame, recall: float = 0.05) -> pd.DataFrame:
    """Classes of which less than ``recall`` is found, and what their items are called instead."""
    matrix = counts.to_numpy(float)
    found = confusion.recall(matrix)
    rows = [i for i in range(len(matrix)) if found[i] < recall]
    instead = [counts.columns[np.argmax(np.where(np.arange(len(matrix)) == i, -1, matrix[i]))] for i in rows]
    share = [counts.loc[counts.index[i], name] / matrix[i].sum() for i, name in zip(rows, instead, strict=True)]
    columns = {"items": matrix[rows].sum(1).astype(int), "recall": found[rows], "called": instead, "share": share}
    return pd.DataFrame(columns, index=counts.index[rows])


def zero_shot() -> pd.DataFrame:
    """Weighted F1 of both models as published, beside the constant answer where the sizes of the classes are known."""
    published, sizes = facts()["zero_shot_weighted_f1"], class_sizes()
    rows = {
        name: {
            "tiles": entry["n"],
            "constant": constant_weighted_f1(list(sizes[name].values())) if name in sizes else np.nan,
            **{model: Score(*(*entry[model], entry["n"])) for model in MODELS},  # value, low, high
        }
        for name, entry in published.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def class_sizes() -> dict[str, dict[str, int]]:
    """Data set -> class -> tiles, for the three sets for which the paper's figures give them."""
    kather = kather_counts().sum(axis=1)
    organs = pd.DataFrame(facts()["pannuke_by_organ"])
    digest = facts()["zero_shot_weighted_f1"]["digestpath"]
    return {
        "kather": {str(name): int(n) for name, n in kather.items()},
        "pannuke": {name: int(organs[name].sum()) for name in ("benign", "malignant")},
        "digestpath": {name: int(digest[name]) for name in ("benign", "malignant")},
    }


def pannuke() -> pd.DataFrame:
    """Organ by organ: tiles, scores of both models, and of the constant answer; small organs first.

    The intervals are Wilson's, as if the score were a share of right answers. The weighted F1 is none, but lies close
    to one; so they tell the order of magnitude, and for tiles that share a slide they are still too narrow.
    """
    rows = {
        organ["organ"]: {
            "tiles": organ["n"],
            "malignant": organ["malignant"] / organ["n"],
            "constant": constant_weighted_f1([organ["benign"], organ["malignant"]]),
            **{model: wilson(organ[model], organ["n"]) for model in MODELS},
        }
        for organ in facts()["pannuke_by_organ"]
    }
    return pd.DataFrame.from_dict(rows, orient="index").sort_values("tiles", kind="stable")


def overlap(a: Score, b: Score) -> bool:
    """Whether two intervals touch.

    >>> overlap(wilson(0.47, 36), wilson(0.50, 36))
    True
    """
    return a.low <= b.high and b.low <= a.high


def gains() -> pd.DataFrame:
    """What fine-tuning on pathology gave: PLIP minus CLIP in zero-shot (weighted F1) and in the probe (macro F1).

    "of the missing" is the gain as a share of what CLIP had missed: of the distance from its score to 1.
    """
    shot, probe = facts()["zero_shot_weighted_f1"], facts()["linear_probe_macro_f1"]
    rows = {
        name: {
            "zero-shot CLIP": shot[name]["clip"][0],
            "zero-shot PLIP": shot[name]["plip"][0],
            "probe CLIP": probe[name]["clip"][0],
            "probe PLIP": probe[name]["plip"][0],
        }
        for name in shot
    }
    table = pd.DataFrame.from_dict(rows, orient="index")
    for task in ("zero-shot", "probe"):
        table[f"{task} gain"] = table[f"{task} PLIP"] - table[f"{task} CLIP"]
        table[f"{task}, of the missing"] = table[f"{task} gain"] / (1 - table[f"{task} CLIP"])
    return table


def probe_margins(rival: str = "mudipath") -> pd.DataFrame:
    """PLIP's lead in linear probing over a rival, in standard deviations of the difference of two runs."""
    probe = {name: entry for name, entry in facts()["linear_probe_macro_f1"].items() if name != "columns"}
    rows = {}
    for name, entry in probe.items():
        (ours, our_sd), (theirs, their_sd) = entry["plip"], entry[rival]
        lead = ours - theirs
        rows[name] = {"plip": ours, rival: theirs, "lead": lead, "in sd": lead / float(np.hypot(our_sd, their_sd))}
    return pd.DataFrame.from_dict(rows, orient="index")


def retrieval() -> pd.DataFrame:
    """Published recall at 10 and 50 of text to image, beside chance (k of n) and as a multiple of it."""
    table = facts()["text_to_image_recall"]
    columns = table["columns"]
    rows = {}
    for name, values in table.items():
        if name == "columns":
            continue
        row = dict(zip(columns, values, strict=True))
        chance = {f"chance@{k}": k / row["n"] for k in (10, 50)}
        rows[name] = {**row, **chance, "plip@10 / chance": row["plip@10"] / chance["chance@10"]}
    return pd.DataFrame.from_dict(rows, orient="index").astype({"n": int})


def image_retrieval() -> pd.DataFrame:
    """Published recall of picture to picture on Twitter, all models."""
    table = facts()["image_to_image_recall_twitter"]
    rows = {name: values for name, values in table.items() if name != "columns"}
    return pd.DataFrame.from_dict(rows, orient="index", columns=table["columns"])


def follow_up(study: str) -> pd.DataFrame:
    """What others measured: a row a task, a column a model; ``attrs`` holds who did it, the source and the metric.

    Args:
        study: "conch" or "keep"; both are by authors of a rival.
    """
    entry = facts("follow_up")[study]
    rows = {task: values for task, values in entry.items() if task not in ("by", "source", "metric", "columns")}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=entry["columns"])
    table.attrs = {key: entry[key] for key in ("by", "source", "metric")}
    return table


def hashtags() -> pd.DataFrame:
    """Tweets and replies of each hashtag, largest first, with the running share of all tweets and replies."""
    table = pd.DataFrame.from_dict(facts()["openpath"]["hashtags"], orient="index")
    table["pairs"] = table["tweets"] + table["replies"]
    table = table.sort_values("pairs", ascending=False, kind="stable")
    table["running share"] = table["pairs"].cumsum() / table["pairs"].sum()
    return table


def totals() -> pd.DataFrame:
    """The totals that the paper states beside the sums of its parts."""
    path, organs = facts()["openpath"], pd.DataFrame(facts()["pannuke_by_organ"])
    shot, tags = facts()["zero_shot_weighted_f1"], hashtags()
    rows = {
        "tweets": (path["tweets"], tags["tweets"].sum()),
        "replies": (path["replies"], tags["replies"].sum()),
        "OpenPath": (path["total"], path["tweets"] + path["replies"] + path["path_laion"]),
        "Kather tiles": (shot["kather"]["n"], kather_counts().to_numpy().sum()),
        "PanNuke tiles": (shot["pannuke"]["n"], organs["n"].sum()),
        "DigestPath tiles": (shot["digestpath"]["n"], sum(class_sizes()["digestpath"].values())),
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["stated", "sum of the parts"]).astype(int)
    table["agree"] = table["stated"] == table["sum of the parts"]
    return table


def kather_report() -> dict[str, Score]:
    """All scores of `metrics.report` for the published confusion matrix; intervals over tiles."""
    return metrics.report(*as_labels(kather_counts()))


def kather_recall() -> dict[Any, Score]:
    """Recall of each of the nine tissues; `wilson` over tiles, which has a width even where none is missed."""
    found = metrics.per_class(*as_labels(kather_counts()))
    return {name: wilson(recall.value, recall.n) for name, recall in found.items()}
