"""Does the model read? Sentences with another order, a negation or other words, and what they do to its answers.

Does the order of words count, does a negation (Yuksekgonul et al. 2023)? Does the answer depend on how one asks?

    preference(plip, images, captions, [negated(text) for text in captions])
    finds(plip, images, labels, [negated(text) for text in sentences])
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.metrics import score_input
from plip_tutorial.metrics import scores as metrics
from plip_tutorial.metrics.scores import Score
from plip_tutorial.microcosm.seeding import rng

if TYPE_CHECKING:
    from plip_tutorial.plip.model import PLIP

IMAGES = "image embeddings (n, d)"  # what an error calls them
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
        given = f"{len(images)} pictures, {len(right)} right and {len(wrong)} wrong texts"
        raise ValueError(f"{given}; there must be as many.")
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


def agreement(answers: ArrayLike) -> NDArray[np.float64]:
    """Share of the prompts that give the most common answer to each picture; 1 where all agree.

    Args:
        answers: class indices, one row a prompt, (t, n).

    Returns:
        (n,) shares, from 1 / t to 1.
    """
    table = np.stack([score_input.labels(row, f"answers[{i}]") for i, row in enumerate(np.asarray(answers))])
    votes = (table[:, None, :] == np.unique(table)[None, :, None]).sum(0)  # (classes, n)
    return np.asarray(votes.max(0) / len(table))
