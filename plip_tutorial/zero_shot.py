"""Classes made of words: embed a sentence for each class, and give a picture the class that is nearest.

For unit vectors the nearest is the one with the largest dot product, so a classifier is a matrix with a row a class:

    words = classifier(plip, ["adipose tissue", "mucus"], "An H&E image of {}")
    predicted, scores = predict(plip.encode_images(tiles), words)

One sentence is a sample, not a result: other words for the same class give other scores. An ensemble (Radford et al.
2021, section 3.1.4) averages many sentences; `prompt_spread` shows how far they scatter.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.contrastive.similarity import unit
from plip_tutorial.metrics import score_input
from plip_tutorial.metrics.confusion import Metric
from plip_tutorial.metrics.scores import Score, score

if TYPE_CHECKING:
    from plip_tutorial.plip.model import PLIP

Embeddings = NDArray[np.float32]
ClassNames = Sequence[str | Sequence[str]]
Template = str | Callable[[str], str]  # a sentence with {} for the name, or a function that makes a sentence of it
TEMPLATE = "An H&E image of {}"  # the words of Huang et al. 2023


def prompts(name: str | Sequence[str], templates: Template | Sequence[Template]) -> list[str]:
    """Every template filled with every synonym of one class.

    Args:
        name: a name, or a list of synonyms.
        templates: sentences with ``{}`` for the name, or functions of the name, as CLIP's own templates are.

    >>> prompts(["fat", "adipose tissue"], ["an image of {}", lambda name: f"{name}, H&E"])
    ['an image of fat', 'fat, H&E', 'an image of adipose tissue', 'adipose tissue, H&E']

    Raises:
        TypeError: for a name or a template of another kind.
        ValueError: for a class without a name, and for a template without ``{}``, which would fit all classes alike.
    """
    synonyms, patterns = _as_list(name), _as_list(templates)
    if not synonyms or not patterns:
        raise ValueError("every class needs at least one name, and there must be at least one template")
    for synonym in synonyms:
        if not isinstance(synonym, str):
            raise TypeError(f"the name of a class is {synonym!r}; names are strings, such as 'adipose tissue'")
        if not synonym.strip():
            raise ValueError(f"the name of a class is {synonym!r}: every class needs at least one name with letters")
    return [_filled(pattern, synonym) for synonym, pattern in product(synonyms, patterns)]


def _filled(pattern: Template, name: str) -> str:
    if isinstance(pattern, str):
        if "{}" not in pattern:
            raise ValueError(f"the template {pattern!r} has no {{}} for the name of the class")
        return pattern.replace("{}", name)
    if not callable(pattern):
        raise TypeError(f"the template is {pattern!r}; pass a sentence with {{}}, or a function of the name")
    sentence = pattern(name)
    with suppress(LookupError):  # sentences that were written by hand, one a name, know no other
        if not isinstance(sentence, str) or sentence == pattern(f"no {name}"):
            raise ValueError(
                f"the template makes {sentence!r} of {name!r}; it must make a sentence that holds the name"
            )
    return sentence


def classifier(plip: PLIP, class_names: ClassNames, templates: Template | Sequence[Template] = TEMPLATE) -> Embeddings:
    """One unit vector a class, the mean over all its sentences.

    Args:
        plip: a `PLIP`, or anything with its ``encode_text``.
        class_names: k names; a list in the place of a name holds synonyms.
        templates: one or more sentences with ``{}`` for the name, or functions of it. ``"{}"`` takes the names as they
            are.

    Returns:
        (k, d) float32 unit vectors.

    Raises:
        ValueError: for a template without ``{}`` or a class without a name.
    """
    if isinstance(class_names, Mapping):
        raise ValueError(
            "expected a list of class names, got a mapping; of one with synonyms pass list(names.values())"
        )
    if isinstance(class_names, (str, set, frozenset)) or not (class_names := list(class_names)):
        raise ValueError(f"expected a list of class names, got {class_names!r}")
    sentences = [prompts(name, templates) for name in class_names]
    first: dict[tuple[str, ...], int] = {}
    for i, group in enumerate(sentences):
        if (twin := first.setdefault(tuple(sorted(group)), i)) != i:  # the first would get all pictures
            said = f"classes {twin} and {i} have the same words, {group[0]!r}: no picture can be {i}"
            warnings.warn(said, stacklevel=2)
    embeddings = plip.encode_text([sentence for group in sentences for sentence in group])
    ends = np.cumsum([len(group) for group in sentences])
    return unit(np.stack([rows.mean(0) for rows in np.split(embeddings, ends[:-1])]))


def predict(image_embeddings: ArrayLike, classifier: ArrayLike) -> tuple[NDArray[np.int64], Embeddings]:
    """The class with the largest dot product.

    Args:
        image_embeddings: (n, d) unit vectors.
        classifier: (k, d) unit vectors.

    Returns:
        Indices of the classes (n,), and the cosines behind them (n, k).

    Raises:
        ValueError: if the two are no vectors of one space, or not finite.
    """
    names = ("image embeddings (n, d)", "classifier (k, d)")
    images, words = score_input.one_space(image_embeddings, classifier, names, empty=True)
    scores = images @ words.T
    return scores.argmax(1), scores


def probabilities(scores: ArrayLike, logit_scale: float) -> NDArray[np.float64]:
    """Softmax of scaled cosines (n, k), as in training; ``logit_scale`` is `PLIP.logit_scale`.

    >>> probabilities([[0.30, 0.25]], 100.0).round(3).tolist()
    [[0.993, 0.007]]

    Raises:
        ValueError: for another shape, for NaN and infinity, and for a scale that is not above 0.
    """
    if not 0 < logit_scale < np.inf:
        raise ValueError(f"logit_scale is {logit_scale}; it must be above 0, as PLIP.logit_scale is")
    logits = score_input.logits(scores, "scores") * logit_scale
    powers = np.exp(logits - logits.max(1, keepdims=True))
    chances: NDArray[np.float64] = powers / powers.sum(1, keepdims=True)
    return chances


def prompt_spread(
    plip: PLIP,
    image_embeddings: ArrayLike,
    y_true: ArrayLike,
    class_names: ClassNames,
    templates: Sequence[Template],
    *,
    metric: str | Metric = "weighted_f1",
    groups: ArrayLike | None = None,
) -> dict[Template, Score]:
    """The score of each template alone.

    Args:
        plip: a `PLIP`, or anything with its ``encode_text``.
        image_embeddings: (n, d) unit vectors.
        y_true: (n,) indices into ``class_names``.
        class_names: k names, or lists of synonyms.
        templates: sentences with ``{}`` for the name.
        metric: see `metrics.score`.
        groups: (n,) patients or slides that are resampled as a whole.

    Returns:
        Template -> score, in the order given.
    """
    if isinstance(templates, str) or callable(templates):
        raise ValueError(f"expected a list of templates, got {templates!r}")
    truth, spread = score_input.class_indices(y_true, len(class_names), "y_true"), {}
    for template in templates:
        predicted, _ = predict(image_embeddings, classifier(plip, class_names, template))
        spread[template] = score(metric, truth, predicted, groups=groups)
    return spread


@dataclass(frozen=True)
class Confusion:
    """One cell of a confusion matrix beside its diagonal.

    Attributes:
        true: the right class.
        predicted: the class that was given instead.
        share: share of the right class's items that fell into this cell.
        items: their places, (m,).
    """

    true: Any
    predicted: Any
    share: float
    items: NDArray[np.int64]


def worst_confusions(y_true: ArrayLike, y_pred: ArrayLike, n: int = 3) -> list[Confusion]:
    """The ``n`` cells into which the largest share of a class goes astray; their items are worth looking at.

    >>> worst_confusions(["fat", "fat", "mucus"], ["fat", "mucus", "mucus"])[0].share
    0.5
    """
    truth, predicted = score_input.labels(y_true, "y_true"), score_input.labels(y_pred, "y_pred")
    score_input.check_lengths(truth, predicted, names=("y_true", "y_pred"))
    cells = []
    for right, wrong in sorted(set(zip(truth.tolist(), predicted.tolist(), strict=True))):
        if right != wrong:
            items = np.flatnonzero((truth == right) & (predicted == wrong))
            cells.append(Confusion(right, wrong, len(items) / int((truth == right).sum()), items))
    return sorted(cells, key=lambda cell: -cell.share)[:n]


def _as_list(given: Any) -> list[Any]:
    alone = isinstance(given, str) or callable(given) or not isinstance(given, Iterable)
    return [given] if alone else list(given)
