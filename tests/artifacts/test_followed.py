"""The pair that the book follows is in the corpus, and is what its post says."""

from __future__ import annotations

import numpy as np
import pytest

from plip_tutorial import artifacts
from plip_tutorial.artifacts.followed import FOLLOWED, Followed


@pytest.fixture(scope="module")
def ours() -> Followed:
    return artifacts.followed()


def test_it_is_the_pair_of_its_post_and_stands_in_the_corpus(ours: Followed) -> None:
    pair = artifacts.corpus()[ours.row]
    assert pair["text"] == ours.text
    assert pair["truth_patient"] == ours.post["truth_patient"]
    assert np.array_equal(np.asarray(pair["image"].convert("RGB")), np.asarray(ours.image))


def test_it_is_a_case_with_one_picture_a_slip_and_a_reply(ours: Followed) -> None:
    assert ours.post["id"] == ours.id == FOLLOWED
    assert ours.post["images"][0].size == ours.image.size == (64, 64)
    assert "mallignant" in ours.text
    assert "http" in ours.post["text"]
    assert "#" not in ours.text
    assert any("adenocarcinoma" in reply for reply in ours.replies)


def test_a_larger_picture_shows_the_same_field(ours: Followed) -> None:
    large = artifacts.followed(size=224).image
    assert large.size == (224, 224)
    small = np.asarray(large.resize((64, 64)), np.float32)
    assert np.abs(small - np.asarray(ours.image, np.float32)).mean() < 20


def test_a_pair_that_the_corpus_has_lost_is_named() -> None:
    lost = Followed(7, {}, [], artifacts.followed().image, "no such caption")
    with pytest.raises(LookupError, match="post 7 makes 0 pairs"):
        _ = lost.row
