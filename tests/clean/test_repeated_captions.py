import pytest
from hypothesis import given
from hypothesis import strategies as st

from plip_tutorial.clean import boilerplate, near_duplicate_captions


def test_captions_are_the_same_but_for_case_marks_and_encoding():
    texts = [
        "Na\u00efve B cells!",
        "nai\u0308ve  b-cells \U0001f52c",
        "naive B cells",
        "benign, not malignant",
        "malignant, not benign",
        "",
    ]
    assert near_duplicate_captions(texts).tolist() == [0, 0, 2, 3, 4, 5]


def test_a_caption_may_stand_in_three_posts():
    texts = ["Mucus"] * 3 + ["Great case!"] * 4
    assert boilerplate(texts).tolist() == [False] * 3 + [True] * 4


SAID = st.tuples(st.sampled_from(["Great case!", "great  case", "Mucus.", "Fat"]), st.integers(0, 4))


@given(st.lists(SAID, max_size=30), st.integers(1, 4))
def test_boilerplate_is_what_stands_in_more_posts_than_allowed(said, limit):
    texts, posts = [text for text, _ in said], [post for _, post in said]
    keys = [" ".join(text.lower().strip("!.").split()) for text in texts]
    slow = [len({post for key, post in zip(keys, posts, strict=True) if key == mine}) > limit for mine in keys]
    assert boilerplate(texts, posts, limit=limit).tolist() == slow


def test_one_caption_or_none_is_no_list_of_captions():
    for call in (near_duplicate_captions, boilerplate):
        with pytest.raises(TypeError, match=r"got one string \('Great case!'\)"):
            call("Great case!")
        with pytest.raises(TypeError, match="caption 1 of 2 is None, not a string"):
            call(["Fat", None])
