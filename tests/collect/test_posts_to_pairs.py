import json
from collections import Counter

import numpy as np
import pytest
from datasets import Dataset, Features, List, Value, concatenate_datasets
from datasets import Image as ImageFeature
from PIL import Image

from plip_tutorial.collect import (
    FILTERS,
    PAPER_ORDER,
    PostFilter,
    by_hashtag,
    clean_text,
    is_english,
    pairs_from_posts,
    post_filter,
    read_posts,
)  # fmt: skip
from plip_tutorial.microcosm.posts import FEATURES, posts

PICTURES = PAPER_ORDER[-1]
TEXT_FILTERS = PAPER_ORDER[:-1]


@pytest.fixture(scope="module")
def world():
    """400 posts, with raw picture bytes beside them for the slow reference."""
    table = posts(400)
    raw = table.cast_column("images", List(ImageFeature(decode=False)))
    return table, list(raw)


def by_hand(rows, order=TEXT_FILTERS):
    """The paper's recipe, done with a pencil: (group, picture bytes, caption, source) of each pair."""
    number = {row["id"]: i for i, row in enumerate(rows)}
    here = list(range(len(rows)))
    for name in order:
        if name == "text in English":
            here = [i for i in here if is_english([clean_text(rows[i]["text"])])[0]]
        elif name == "not a retweet":
            here = [i for i in here if rows[i]["retweet_of"] is None and not rows[i]["text"].startswith("RT @")]
        elif name == "not marked sensitive":
            here = [i for i in here if not rows[i]["possibly_sensitive"]]
        elif name == "no question mark":
            here = [i for i in here if "?" not in rows[i]["text"] and "\uff1f" not in rows[i]["text"]]
        elif name == "text cleaning":
            here = [i for i in here if clean_text(rows[i]["text"])]
        elif name == "adds the reply with most likes":
            chosen = [i for i in here if rows[i]["in_reply_to"] is None]
            for i in list(chosen):
                replies = [j for j in here if rows[j]["in_reply_to"] == rows[i]["id"]]
                chosen += sorted(replies, key=lambda j: (-rows[j]["likes"], j))[:1]
            here = sorted(chosen)
    pairs = []
    for i in here:
        reply = rows[i]["in_reply_to"] is not None
        group = number[rows[i]["in_reply_to"]] if reply else i
        for image in rows[group]["images"]:
            pairs.append((group, image["bytes"], clean_text(rows[i]["text"]), "reply" if reply else "tweet"))
    return pairs


def listed(pairs):
    raw = pairs.cast_column("image", ImageFeature(decode=False))
    return [(row["group_id"], row["image"]["bytes"], row["text"], row["source"]) for row in raw]


@pytest.mark.parametrize(
    "order",
    [TEXT_FILTERS, TEXT_FILTERS[::-1], TEXT_FILTERS[:2] + TEXT_FILTERS[4:], (*TEXT_FILTERS[4:], *TEXT_FILTERS[:4])],
)
def test_the_pairs_are_those_of_the_recipe_done_by_hand(world, order):
    table, rows = world
    pairs, funnel = pairs_from_posts(table, filters=order)
    assert listed(pairs) == by_hand(rows, order)
    assert [step.name for step in funnel.steps] == list(order)
    assert len(pairs) > 50


def test_the_order_decides_who_answers_a_question(world):
    """Questions out first: their replies have no post left to answer. In the paper's order the reply has been added."""
    table, rows = world
    early = ("no question mark", *(name for name in TEXT_FILTERS if name != "no question mark"))
    asked = {
        i
        for i, row in enumerate(rows)
        if row["truth_kind"] == "question" and row["in_reply_to"] is None and "?" in row["text"]
    }
    paper, questions_first = (
        set(pairs_from_posts(table, filters=order)[0]["group_id"]) for order in (TEXT_FILTERS, early)
    )
    assert paper & asked
    assert not questions_first & asked


def test_the_funnel_grades_each_filter_by_its_own_task(world):
    table, rows = world
    _, funnel = pairs_from_posts(table)
    steps = {step.name: step for step in funnel.steps}
    assert set(steps) == set(TEXT_FILTERS)
    kept, dropped = funnel.wrong("no question mark", n=None)
    assert all(rows[i]["truth_kind"] == "question" and "?" not in rows[i]["text"] for i in kept)
    assert all(rows[i]["truth_kind"] != "question" and "?" in rows[i]["text"] for i in dropped)
    assert len(kept) > 0 < len(dropped)
    assert all(rows[i]["text"].startswith("Via @") for i in funnel.wrong("not a retweet", n=None).kept)
    assert np.isnan(steps["text cleaning"].precision)
    before, after = (steps[name].purity for name in ("text in English", "no question mark"))
    assert after > before


def test_all_pairs_of_a_thread_share_a_group_and_their_truth_is_that_of_the_picture(world):
    table, rows = world
    pairs, _ = pairs_from_posts(table)
    for row in pairs.remove_columns("image"):
        post = rows[row["group_id"]]
        assert row["truth_tissue"] in post["truth_tissues"]
        assert (row["truth_patient"], row["truth_slide"]) == (post["truth_patient"], post["truth_slide"])
        if row["truth_match"]:
            assert row["truth_tissue"] == post["truth_tissues"][0]
    sources = {}
    for group, source in zip(pairs["group_id"], pairs["source"], strict=True):
        sources.setdefault(group, Counter())[source] += 1
    both = [seen for seen in sources.values() if len(seen) == 2]
    assert both
    assert all(
        seen["tweet"] == seen["reply"] == len(rows[group]["images"])
        for group, seen in sources.items()
        if len(seen) == 2
    )


def test_pictures_that_are_not_pathology_go_one_by_one(world):
    table, rows = world
    truth = {
        image["bytes"]: fine for row in rows for image, fine in zip(row["images"], row["truth_pathology"], strict=True)
    }
    asked = []

    def oracle(pictures):
        asked.append(len(pictures))
        return np.array([np.asarray(picture).tobytes() in known for picture in pictures])

    good = [i for i, row in enumerate(rows) if any(row["truth_pathology"])]
    known = {
        np.asarray(table[i]["images"][k]).tobytes()
        for i in good
        for k, fine in enumerate(rows[i]["truth_pathology"])
        if fine
    }
    pairs, funnel = pairs_from_posts(table, is_pathology=oracle)
    plain, _ = pairs_from_posts(table)
    assert listed(pairs) == [pair for pair in listed(plain) if truth[pair[1]]]
    assert all(pairs["truth_pathology"])
    assert (funnel.steps[-1].name, funnel.steps[-1].precision, funnel.steps[-1].recall) == (PICTURES, 1.0, 1.0)
    assert len(asked) == 1  # all at once, as a model wants it
    first, _ = pairs_from_posts(table, filters=(PICTURES, *TEXT_FILTERS), is_pathology=oracle)
    assert listed(first) == listed(pairs)
    with pytest.raises(ValueError, match=r"is_pathology got \d+ pictures and gave an answer of shape \(1,\)"):
        pairs_from_posts(table, is_pathology=lambda pictures: [True])


def test_hashtags_can_be_searched_for_and_kept_as_words(world):
    table, rows = world
    found = by_hashtag(table, ["#DERMPATH"])
    for row, hit in zip(rows, found, strict=True):
        root = row if row["in_reply_to"] is None else next(r for r in rows if r["id"] == row["in_reply_to"])
        assert hit == ("dermpath" in root["hashtags"])
    assert 0 < found.sum() < by_hashtag(table).sum() == len(table)
    kept, _ = pairs_from_posts(table, hashtags="keep")
    dropped, _ = pairs_from_posts(table)
    assert len(kept) == len(dropped)
    assert sum("dermpath" in text for text in kept["text"]) > 0 == sum("dermpath" in text for text in dropped["text"])


def test_a_filter_of_your_own_needs_a_name_and_a_mask(world):
    table, _ = world
    popular = PostFilter("at least ten likes", lambda posts: np.array(posts["likes"][:]) >= 10)
    pairs, funnel = pairs_from_posts(table, filters=[popular, "not a retweet"])
    assert funnel.steps[0].kept == sum(likes >= 10 for likes in table["likes"])
    assert len(pairs)
    with pytest.raises(ValueError, match=r"unknown filter 'no cats'. Choose one of: text in English"):
        pairs_from_posts(table, filters=["no cats"])


def test_a_registered_filter_is_found_by_its_name(world, monkeypatch):
    monkeypatch.setitem(FILTERS, "nothing", None)  # and away with it at the end
    post_filter("nothing")(lambda posts: np.zeros(len(posts), bool))
    pairs, funnel = pairs_from_posts(world[0], filters=["nothing", *TEXT_FILTERS])
    assert len(pairs) == 0
    assert {"image", "text", "group_id", "truth_match"} <= set(pairs.column_names)
    assert [step.kept for step in funnel.steps] == [0] * (1 + len(TEXT_FILTERS))


def make(rows):
    base = dict.fromkeys(FEATURES, None) | {"hashtags": [], "likes": 0, "possibly_sensitive": False, "images": []}
    picture = Image.fromarray(np.zeros((4, 4, 3), np.uint8))
    columns = [name for name in FEATURES if not name.startswith("truth_")]
    rows = [{**base, **row, "images": [picture] * row.get("images", 0)} for row in rows]
    features = {name: Value("string") if name == "id" else FEATURES[name] for name in columns}
    return Dataset.from_list([{name: row[name] for name in columns} for row in rows]).cast(
        Features(features | {"in_reply_to": Value("string")})
    )


def test_replies_stand_and_fall_with_their_post():
    table = make(
        [
            {"id": "a", "text": "A case of lymphoma", "images": 1},
            {"id": "b", "text": "I agree with lymphoma", "in_reply_to": "a", "likes": 2},
            {"id": "c", "text": "It is a lymphoma", "in_reply_to": "a", "likes": 2},
            {"id": "d", "text": "A reply to what nobody knows", "in_reply_to": "z", "likes": 9},
            {"id": "e", "text": "Here is my own case", "in_reply_to": "a", "images": 2},
            {"id": "f", "text": "A post without a picture"},
        ]
    )
    pairs, funnel = pairs_from_posts(table)
    assert pairs["text"][:] == [
        "A case of lymphoma",
        "I agree with lymphoma",
        "Here is my own case",
        "Here is my own case",
    ]
    assert pairs["group_id"][:] == [0, 0, 4, 4]
    assert funnel.table().columns.tolist() == ["kept", "dropped"]
    assert pairs.column_names == ["image", "text", "group_id", "source"]


def test_no_caption_without_a_word_passes_unnoticed():
    table = make(
        [{"id": "a", "text": "🔥 #GIPath", "images": 1}, {"id": "b", "text": "nice case of mucin", "images": 1}]
    )
    pairs, funnel = pairs_from_posts(table)
    assert (pairs["text"][:], funnel.steps[-1].dropped) == (["nice case of mucin"], 1)
    wordless = make([{"id": "a", "text": "🔥 20", "images": 1}])
    with pytest.warns(UserWarning, match="1 of 1 captions hold no word, the first of them '🔥 20'"):
        pairs_from_posts(wordless, filters=["not a retweet"])


def test_an_own_export_goes_all_the_way(tmp_path):
    Image.fromarray(np.full((8, 8, 3), 9, np.uint8)).save(tmp_path / "a.png")
    lines = [
        {"id": "1", "text": "Mucin pools in a colon biopsy, cc @me #GIPath", "images": ["a.png"]},
        {"id": "2", "text": "Agree, this is mucin", "in_reply_to": "1"},
        {"id": "3", "text": "What is it?", "images": ["a.png"]},
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, lines)))
    pairs, funnel = pairs_from_posts(read_posts(tmp_path / "x.jsonl")[0])
    assert pairs["text"][:] == ["Mucin pools in a colon biopsy", "Agree, this is mucin"]
    assert np.asarray(pairs[1]["image"]).max() == 9
    assert [step.kept for step in funnel.steps] == [3, 3, 3, 3, 2, 2]


def test_missing_columns_are_named(world):
    with pytest.raises(ValueError, match=r"posts lack the columns \['likes', 'text'\]"):
        pairs_from_posts(world[0].remove_columns(["text", "likes"]))


def test_what_is_no_table_and_what_is_no_choice_is_named(world):
    with pytest.raises(TypeError, match=r"posts is a tuple.*posts, problems = read_posts\(path\)"):
        pairs_from_posts((world[0], []))
    with pytest.raises(TypeError, match=r"posts is a list.*read_posts\(path\) makes one"):
        pairs_from_posts(world[0].to_list()[:2])
    with pytest.raises(ValueError, match="hashtags is 'remove'; choose drop or keep"):
        pairs_from_posts(world[0], hashtags="remove")
    alone, listed = (pairs_from_posts(world[0], filters=given)[0] for given in ("text cleaning", ["text cleaning"]))
    assert alone["text"][:] == listed["text"][:]


def test_selections_and_concatenations_are_tables_too(world):
    table, rows = world
    mixed = concatenate_datasets([table.select(range(200, 400)), table.select(range(200))])
    pairs, _ = pairs_from_posts(mixed)
    assert listed(pairs) == by_hand(rows[200:] + rows[:200])
