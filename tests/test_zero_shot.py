"""Classifiers made of words, with a text tower that is a table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score

from plip_tutorial import zero_shot
from plip_tutorial.metrics.scores import score


class Table:
    """In the place of a PLIP: each text has its own unit vector."""

    calls = 0

    def encode_text(self, texts: Iterable[str]) -> np.ndarray:
        self.calls += 1
        seeds = [int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) for text in texts]
        rows = np.array([np.random.default_rng(seed).normal(size=8) for seed in seeds], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


TABLE = Table()
names = st.text("abc", min_size=1, max_size=4)
classes = st.lists(names | st.lists(names, min_size=1, max_size=3), min_size=1, max_size=4)
templates = st.lists(st.sampled_from(["{}", "an image of {}", "{} and {}", "H&E {}."]), min_size=1, max_size=3)


@pytest.mark.filterwarnings("ignore:classes . and . have the same words")
@given(classes, templates)
def test_classifier_is_the_mean_of_every_sentence(class_names: list, patterns: list[str]) -> None:  # type: ignore[type-arg]
    ours = zero_shot.classifier(TABLE, class_names, patterns)  # type: ignore[arg-type]
    for row, name in zip(ours, class_names, strict=True):
        synonyms = [name] if isinstance(name, str) else name
        total = np.zeros(8)
        for synonym in synonyms:
            for pattern in patterns:
                total += TABLE.encode_text([pattern.replace("{}", synonym)])[0]
        np.testing.assert_allclose(row, total / np.linalg.norm(total), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-6)


def test_all_sentences_go_through_the_model_together() -> None:
    table = Table()
    zero_shot.classifier(table, ["a", ["b", "c"]], ["{}", "x {}"])  # type: ignore[arg-type]
    assert table.calls == 1


def test_predict_is_the_largest_cosine() -> None:
    draw = np.random.default_rng(0)
    images, words = draw.normal(size=(20, 8)), draw.normal(size=(3, 8))
    indices, scores = zero_shot.predict(images, words)
    slow = [[sum(a * b for a, b in zip(image, word, strict=True)) for word in words] for image in images]
    np.testing.assert_allclose(scores, slow, atol=1e-4)
    assert indices.tolist() == [max(range(3), key=row.__getitem__) for row in slow]
    chances = zero_shot.probabilities(scores, 100.0)
    np.testing.assert_allclose(chances.sum(1), 1)
    assert (chances.argmax(1) == indices).all()
    np.testing.assert_allclose(np.log(chances[:, 0] / chances[:, 1]), 100 * (scores[:, 0] - scores[:, 1]), rtol=1e-4)


def test_prompt_spread_scores_each_template() -> None:
    draw, patterns = np.random.default_rng(0), ["{}", "an image of {}", "H&E {}."]
    images, y = draw.normal(size=(60, 8)), draw.integers(0, 3, 60)
    spread = zero_shot.prompt_spread(TABLE, images, y, ["a", "b", "c"], patterns)  # type: ignore[arg-type]
    assert list(spread) == patterns
    for pattern, ours in spread.items():
        predicted = (images @ TABLE.encode_text([pattern.replace("{}", name) for name in "abc"]).T).argmax(1)
        assert ours.value == pytest.approx(f1_score(y, predicted, average="weighted"))
        assert ours == score("weighted_f1", y, predicted)
    assert len({ours.value for ours in spread.values()}) == 3


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_worst_confusions(rows: list[tuple[int, int]]) -> None:
    y, p = np.array(rows).T
    matrix = confusion_matrix(y, p, labels=range(4)) / np.maximum(np.bincount(y, minlength=4), 1)[:, None]
    ours = zero_shot.worst_confusions(y, p, 20)
    np.fill_diagonal(matrix, 0)
    assert len(ours) == (matrix > 0).sum()
    assert [cell.share for cell in ours] == pytest.approx(sorted(matrix[matrix > 0], reverse=True))
    for cell in ours:
        assert cell.share == pytest.approx(matrix[cell.true, cell.predicted])
        assert ((y[cell.items] == cell.true) & (p[cell.items] == cell.predicted)).all()


@pytest.mark.parametrize(
    ("class_names", "patterns", "message"),
    [
        (["a"], "an image", "no {}"),
        (["a"], [], "at least one template"),
        (["a", []], "{}", "at least one name"),
        ([], "{}", "list of class names"),
        ("fat", "{}", "list of class names, got 'fat'"),
        ({"fat"}, "{}", "list of class names"),
        ({"fat": ["adipose tissue"]}, "{}", r"pass list\(names\.values\(\)\)"),  # the synonyms would be lost
        (["a", ""], "{}", "the name of a class is ''"),
        (["a", ["b", " "]], "{}", "the name of a class is ' '"),
        (["a"], [lambda name: "a picture"], "the template makes 'a picture' of 'a'"),
        (["a"], lambda name: None, "the template makes None of 'a'"),
    ],
)
def test_mistakes_are_explained(class_names: list[str], patterns: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        zero_shot.classifier(TABLE, class_names, patterns)  # type: ignore[arg-type]


def test_names_and_templates_of_another_kind_are_named() -> None:
    for wrong in (None, float("nan"), 7, ["a", None]):
        with pytest.raises(TypeError, match="the name of a class is"):
            zero_shot.classifier(TABLE, [wrong], "{}")  # type: ignore[arg-type, list-item]
    with pytest.raises(TypeError, match="the template is 7; pass a sentence"):
        zero_shot.classifier(TABLE, ["a"], [7])  # type: ignore[arg-type, list-item]
    with pytest.raises(ValueError, match="list of templates, got"):
        zero_shot.prompt_spread(TABLE, np.eye(8), [0] * 8, ["a"], "{}")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="list of templates, got"):
        zero_shot.prompt_spread(TABLE, np.eye(8), [0] * 8, ["a"], str.upper)  # type: ignore[arg-type]


def test_functions_are_templates_as_in_the_notebooks_of_clip() -> None:
    functions = [lambda name: f"a photo of a {name}.", lambda name: f"{name.upper()}, H&E"]
    ours = zero_shot.classifier(TABLE, ["fat", ["lymphocytes", "white cells"]], functions)  # type: ignore[arg-type]
    assert zero_shot.prompts("fat", functions) == ["a photo of a fat.", "FAT, H&E"]
    same = zero_shot.classifier(TABLE, ["fat", ["lymphocytes", "white cells"]], functions[0])  # type: ignore[arg-type]
    np.testing.assert_array_equal(
        same,
        zero_shot.classifier(TABLE, ["fat", ["lymphocytes", "white cells"]], "a photo of a {}."),  # type: ignore[arg-type]
    )
    assert not np.allclose(ours, same)
    by_hand = {"fat": "an image of fat", "mucus": "a pool of mucus"}
    np.testing.assert_array_equal(
        zero_shot.classifier(TABLE, (name for name in by_hand), by_hand.__getitem__),  # type: ignore[arg-type]
        zero_shot.classifier(TABLE, list(by_hand.values()), "{}"),  # type: ignore[arg-type]
    )
    spread = zero_shot.prompt_spread(TABLE, np.eye(8), [0, 1] * 4, ["fat", "mucus"], functions)  # type: ignore[arg-type]
    assert list(spread) == functions


def test_two_classes_of_the_same_words_are_said() -> None:
    with pytest.warns(UserWarning, match="classes 0 and 2 have the same words, 'fat': no picture can be 2"):
        zero_shot.classifier(TABLE, ["fat", "mucus", ["fat"]], "{}")  # type: ignore[arg-type]


def test_vectors_of_two_models_do_not_meet() -> None:
    with pytest.raises(ValueError, match="are they of one model"):
        zero_shot.predict(np.zeros((5, 8)), np.zeros((3, 16)))
    with pytest.raises(ValueError, match="are they of one model"):
        zero_shot.predict(np.zeros(8), np.zeros((3, 8)))
