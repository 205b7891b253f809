"""Chapter 10: where the model fails, each limit with a measurement.

Does the order of words count, does a negation (Yuksekgonul et al. 2023)? Does the answer depend on how one asks? Does a
score rest on recognised slides? Is a probability what it says (Guo et al. 2017)? When should the model keep silent
(split conformal prediction, Vovk et al. 2005)?

    preference(plip, images, captions, [negated(text) for text in captions])
    finds(plip, images, labels, [negated(text) for text in sentences])
    temperature = fit_temperature(logits, labels)
    sets = conformal_sets(probabilities, conformal_threshold(held_out, labels, coverage=0.9))
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from plip_tutorial.metrics import score_input
from plip_tutorial.metrics import scores as metrics
from plip_tutorial.metrics.scores import Score
from plip_tutorial.microcosm.seeding import rng

if TYPE_CHECKING:
    from plip_tutorial.plip.model import PLIP

Floats = NDArray[np.float64]
IMAGES = "image embeddings (n, d)"  # what an error calls them
TEMPERATURES = (-7, 7)  # natural logarithms between which a temperature is looked for: 0.0009 to 1097
OPPOSITES = {"benign": "malignant", "malignant": "benign", "normal": "tumor", "tumor": "normal"}
# Sentences whose truth hangs on the order of two names. In half of them the name that is true stands first.
ORDERED = ("{true}, not {other}", "{true} without {other}", "not {other} but {true}", "no {other}, only {true}")


def shuffled(text: str, seed: int = 0) -> str:
    """The same words in another order; a text of one word stays as it is.

    >>> sorted(shuffled("glands in the stroma").split())
    ['glands', 'in', 'stroma', 'the']
    """
    words = text.split()
    order = rng("shuffle", text, seed).permutation(len(words))
    if len(words) > 1 and (order == np.arange(len(words))).all():
        order = np.roll(order, 1)
    return " ".join(words[i] for i in order)


def negated(text: str) -> str:
    """The caption with the opposite claim: "image of X" becomes "image with no X".

    >>> negated("An H&E image of mucus")
    'An H&E image with no mucus'
    """
    changed = re.sub(r"\bimage of\b", "image with no", text, count=1)
    return changed if changed != text else f"no {text}"


def opposite(text: str) -> str:
    """Benign and malignant, normal and tumor exchanged: a change that every model should notice.

    >>> opposite("benign lung tissue")
    'malignant lung tissue'
    """
    return re.sub(r"\b(" + "|".join(OPPOSITES) + r")\b", lambda word: OPPOSITES[word[0]], text)


def paraphrased(text: str) -> str:
    """The caption in other words, still true: what `negated` makes of it, without the "no".

    >>> paraphrased("An H&E image of mucus")
    'An H&E image with mucus'
    """
    changed = re.sub(r"\bimage of\b", "image with", text, count=1)
    return changed if changed != text else f"seen here: {text}"


def ordered(form: str, template: str, true: str, other: str) -> tuple[str, str]:
    """A sentence that is right, and the same words in the order that makes it wrong.

    Args:
        form: one of `ORDERED`.
        template: a prompt with ``{}``.
        true: the name of what the picture shows.
        other: the name of something that it does not show.

    >>> ordered("{true}, not {other}", "An H&E image of {}", "mucus", "fat")
    ('An H&E image of mucus, not fat', 'An H&E image of fat, not mucus')
    """
    right, wrong = form.format(true=true, other=other), form.format(true=other, other=true)
    return template.replace("{}", right), template.replace("{}", wrong)


def preference(
    plip: PLIP,
    image_embeddings: ArrayLike,
    right: Sequence[str],
    wrong: Sequence[str],
    *,
    groups: ArrayLike | None = None,
) -> Score:
    """Share of pictures that are nearer to the right text than to the wrong one; a coin gives one half.

    Args:
        plip: encodes the texts.
        image_embeddings: unit vectors, (n, d).
        right: the text that describes each picture, (n,).
        wrong: the altered text, (n,). Equal cosines count one half.
        groups: patients or slides, (n,), for the interval.

    Raises:
        ValueError: if the lengths differ.
    """
    images = score_input.embeddings(image_embeddings, IMAGES)
    if not len(images) == len(right) == len(wrong):
        raise ValueError(
            f"{len(images)} pictures, {len(right)} right and {len(wrong)} wrong texts; there must be as many."
        )
    texts = sorted({*right, *wrong})
    vectors = dict(zip(texts, plip.encode_text(texts), strict=True))
    ahead = np.array([image @ (vectors[r] - vectors[w]) for image, r, w in zip(images, right, wrong, strict=True)])
    return metrics.average(np.where(np.abs(ahead) < 1e-6, 0.5, ahead > 0), groups=groups)


def finds(
    plip: PLIP,
    image_embeddings: ArrayLike,
    y: ArrayLike,
    sentences: Sequence[str],
    *,
    groups: ArrayLike | None = None,
) -> dict[str, Score]:
    """How well a sentence sorts the pictures of one class before all others (area under the ROC curve).

    The sentence stays and the pictures change, so it does not matter whether it is an unusual one. A model that
    understands "no X" puts pictures of X last: well below 0.5, which is a coin.

    Args:
        plip: encodes the texts.
        image_embeddings: unit vectors, (n, d).
        y: class indices, (n,).
        sentences: one for each class.
        groups: patients or slides, (n,), for the intervals.

    Returns:
        Sentence -> score.
    """
    images = score_input.embeddings(image_embeddings, IMAGES)
    labels = score_input.class_indices(y, len(sentences))
    score_input.check_lengths(images, labels, names=("image embeddings", "y"))
    cosines = images @ plip.encode_text(list(sentences)).T
    return {text: metrics.auroc(labels == i, cosines[:, i], groups=groups) for i, text in enumerate(sentences)}


def agreement(answers: ArrayLike) -> Floats:
    """Share of the prompts that give the most common answer to each picture; 1 where all agree.

    Args:
        answers: class indices, one row a prompt, (t, n).

    Returns:
        (n,) shares, from 1 / t to 1.
    """
    rows = [score_input.labels(row, f"answers[{i}]") for i, row in enumerate(np.asarray(answers))]
    table = np.stack(rows)
    votes = (table[:, None, :] == np.unique(table)[None, :, None]).sum(0)  # (classes, n)
    shares: Floats = votes.max(0) / len(table)
    return shares


def coins(groups: ArrayLike, seed: int = 0) -> NDArray[np.int64]:
    """A label that cannot be learned: one coin for each patient or slide, the same for all its tiles.

    As many heads as tails (or one more), so that a constant answer is right in half of the groups.

    >>> coins(["a", "a", "b", "b"]).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """
    names, place = np.unique(score_input.groups(groups, len(np.asarray(groups))), return_inverse=True)
    tossed = rng("coins", seed).permutation(np.arange(len(names)) % 2)
    return np.asarray(tossed[place], np.int64)


def by_lab(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    labs: Sequence[str] | ArrayLike,
    *,
    metric: str = "macro_f1",
    groups: ArrayLike | None = None,
) -> dict[str, Score]:
    """A score for each lab: how far do stain and scanner move it?

    Args:
        y_true: the right labels, (n,).
        y_pred: the predicted labels, (n,).
        labs: (n,) laboratories.
        metric: a name in `metrics.METRICS`.
        groups: patients or slides, (n,), for the intervals.
    """
    truth, predicted = score_input.labels(y_true, "y_true"), score_input.labels(y_pred, "y_pred")
    score_input.check_lengths(truth, predicted, names=("y_true", "y_pred"))
    lab = score_input.groups(labs, len(truth), "labs")
    own = np.arange(len(lab)) if groups is None else score_input.groups(groups, len(truth))
    here = {str(name): lab == name for name in np.unique(lab)}
    return {n: metrics.score(metric, truth[at], predicted[at], groups=own[at]) for n, at in here.items()}


def fit_temperature(logits: ArrayLike, y: ArrayLike) -> float:
    """The number by which logits are divided so that held-out labels are most likely (Guo et al. 2017).

    Args:
        logits: (n, k) of held-out items, at least one.
        y: class indices, (n,).

    Returns:
        The temperature, above 0. It warns if there is no best one: where every item is right, the colder the better,
        and where the logits are no better than chance, the hotter.
    """
    z = score_input.logits(logits)
    labels = score_input.class_indices(y, z.shape[1])
    score_input.check_lengths(z, labels, names=("logits", "y"))

    def surprise(log_temperature: float) -> float:
        return float(-log_softmax(z / np.exp(log_temperature), axis=1)[np.arange(len(z)), labels].mean())

    best = float(np.exp(minimize_scalar(surprise, bounds=TEMPERATURES, method="bounded").x))
    right = z[np.arange(len(z)), labels]
    if (right >= z.max(1)).all() or right.mean() <= z.mean():  # the loss is convex in 1 / T: it falls to one end
        why = "all held-out items are right, or the logits tell the classes apart no better than chance"
        warnings.warn(f"there is no best temperature ({why}); {best:.4g} says nothing", stacklevel=2)
    return best


def conformal_threshold(probabilities: ArrayLike, y: ArrayLike, *, coverage: float = 0.9) -> float:
    """Smallest probability that puts a class into the set, chosen on held-out items (split conformal prediction).

    A set of all classes at or above it holds the right class with at least this coverage, if the new items come from
    the same world as the held-out ones. That is the catch: another lab is another world.

    Args:
        probabilities: (n, k) of held-out items.
        y: class indices, (n,).
        coverage: wanted share of sets that hold the right class, between 0 and 1.

    Returns:
        The threshold. It is 0, and a warning says so, where n is too small for the coverage: then no probability can
        be excluded, and every set holds all classes.

    Raises:
        ValueError: for a coverage outside 0 to 1, and for what is no probability.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"coverage is {coverage}; it lies between 0 and 1.")
    chances = score_input.probabilities(probabilities).astype(np.float64)
    labels = score_input.class_indices(y, chances.shape[1])
    score_input.check_lengths(chances, labels, names=("probabilities", "y"))
    right = np.sort(chances[np.arange(len(labels)), labels])
    missed = 1 - Fraction(str(coverage))  # exact: 10 * (1 - 0.9) is less than 1 in floats, and would be one rank off
    rank = int((len(right) + 1) * missed)
    if rank == 0:
        needed = f"a coverage of {coverage} needs at least {-int(-1 // missed) - 1}"
        warnings.warn(f"{len(right)} held-out items, but {needed}: every set will hold all classes", stacklevel=2)
    return float(right[rank - 1]) if rank else 0.0


def conformal_sets(probabilities: ArrayLike, threshold: float) -> NDArray[np.bool_]:
    """Bool mask (n, k): which classes are in the set of each item.

    Raises:
        ValueError: for what is no probability, or a threshold that is none.
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"the threshold is {threshold}; it is a probability, see conformal_threshold")
    return score_input.probabilities(probabilities).astype(np.float64) >= threshold


def coverage_and_size(sets: ArrayLike, y: ArrayLike, *, groups: Any = None) -> tuple[Score, Score]:
    """Share of sets (n, k) that hold the right class (n,), and the mean number of classes in a set."""
    members = np.asarray(sets)
    if members.ndim != 2 or members.dtype != bool:
        raise ValueError(f"sets must be a bool mask (n, k), got {members.dtype} {members.shape}: see conformal_sets")
    labels = score_input.class_indices(y, members.shape[1])
    score_input.check_lengths(members, labels, names=("sets", "y"))
    held = members[np.arange(len(labels)), labels]
    return metrics.average(held, groups=groups), metrics.average(members.sum(1), groups=groups)
