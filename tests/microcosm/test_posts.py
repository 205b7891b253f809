import re
from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from plip_tutorial.microcosm import TISSUES, captions, dressing, render_tile, threads
from plip_tutorial.microcosm.everyday import CLINIC, KINDS, STAINED_OTHERWISE
from plip_tutorial.microcosm.pictures import alter
from plip_tutorial.microcosm.posts import FEATURES, posts
from plip_tutorial.microcosm.stain import TRAINING_LABS
from plip_tutorial.microcosm.threads import BLOCK, hashtag_shares, paper, plan, reply_rates

N = 40 * BLOCK


@pytest.fixture(scope="module")
def rows():
    return [plan(0, row) for row in range(N)]


@pytest.fixture(scope="module")
def top(rows):
    return [row for row in rows if row.in_reply_to is None]


@pytest.fixture(scope="module")
def table():
    return posts(150)


def test_a_row_does_not_depend_on_what_was_asked_before(rows):
    threads._block.cache_clear()
    wanted = [3 * BLOCK + 5, 7, 2 * BLOCK, 7]
    assert [plan(0, row) for row in wanted] == [rows[row] for row in wanted]
    assert plan(1, 7) != plan(0, 7)


def test_the_first_rows_of_a_long_table_are_the_short_table(table):
    assert posts(9)[:] == table[:9]


def test_hashtags_have_the_shares_of_the_paper(top):
    counts = paper()["openpath"]["hashtags"]
    expected = np.array([count["tweets"] for count in counts.values()])
    seen = Counter(post.hashtags[0] for post in top if post.kind not in ("retweet", "repost"))
    observed = np.array([seen[tag] for tag in counts])
    frequent = expected / expected.sum() * observed.sum() >= 5  # what is rarer goes into one bin
    fold = (
        np.append(observed[frequent], observed[~frequent].sum()),
        np.append(expected[frequent], expected[~frequent].sum()),
    )
    assert chisquare(fold[0], fold[1] / fold[1].sum() * fold[0].sum()).pvalue > 0.01


def test_hashtags_of_an_organ_go_with_it_and_all_organs_weigh_alike():
    tags, shares = hashtag_shares()
    skin, breast = (shares[threads.ORGANS.index(organ)] for organ in ("skin", "breast"))
    assert shares.sum(1) == pytest.approx(1)
    assert shares.min() >= 0
    assert skin[tags.index("dermpath")] > 0.95
    assert breast[tags.index("dermpath")] == 0
    assert breast[tags.index("BreastPath")] > 4 * breast[tags.index("NeuroPath")]


def test_posts_draw_as_many_replies_as_in_the_paper(rows, top):
    totals = paper()["openpath"]
    replies = Counter(row.in_reply_to for row in rows if row.in_reply_to is not None)
    assert sum(replies.values()) / len(top) == pytest.approx(totals["replies"] / totals["tweets"], rel=0.06)
    for tag in ("dermpath", "GIPath", "HemePath", "BSTpath"):
        own = [replies[post.row] for post in top if post.hashtags[0] == tag]
        assert np.mean(own) == pytest.approx(reply_rates()[tag], abs=5 * np.std(own) / len(own) ** 0.5)


def test_replies_answer_the_post_just_before_them(rows):
    for row in rows:
        if row.in_reply_to is not None:
            parent = rows[row.in_reply_to]
            assert parent.row < row.row
            assert parent.in_reply_to is None
            assert row.pictures == ()
            assert row.created_at >= parent.created_at
            assert all(between.in_reply_to == parent.row for between in rows[parent.row + 1 : row.row])


def test_retweets_repeat_and_some_do_not_admit_it(rows, top):
    retweets = [row for row in top if row.kind == "retweet"]
    assert len(retweets) > 0.03 * len(top)
    for row in retweets:
        if row.retweet_of is not None:
            old = rows[row.retweet_of]
            assert row.text == f"RT @{old.author}: {old.text}"
            assert row.pictures == old.pictures
    assert 0.05 < np.mean([row.retweet_of is None for row in retweets]) < 0.25


def test_reposts_show_the_same_picture_a_little_changed(top):
    repost = next(row for row in top if row.kind == "repost")
    originals = {picture for row in top if row.kind == "case" for picture in row.pictures}
    for picture in repost.pictures:
        assert threads.replace(picture, altered=0) in originals
        assert picture.altered
    tile = render_tile("stroma", seed=3)
    changed = alter(tile, 1, 2)
    assert changed.shape == tile.shape
    other = render_tile("stroma", seed=4).astype(int)
    assert 0 < np.abs(changed.astype(int) - tile).mean() < 0.7 * np.abs(other - tile).mean()


def test_every_nuisance_is_there(rows, top):
    kinds = Counter(row.kind for row in top)
    assert set(kinds) == {"case", "other", "question", "vague", "chatter", "advert", "retweet", "repost"}
    assert min(kinds.values()) > 0.01 * len(top)
    assert {row.kind for row in rows} - set(kinds) == {"reply", "empty reply"}
    assert {row.language for row in rows} == {"en", "es", "pt", "fr", "de", "it", "tr", "ja"}
    assert 0.05 < np.mean([row.language != "en" for row in top]) < 0.25
    assert 0.01 < np.mean([row.possibly_sensitive for row in top]) < 0.05
    assert any(row.possibly_sensitive != row.sensitive for row in top)
    cases = [row for row in top if row.kind == "case"]
    assert 0.02 < np.mean([not row.match for row in cases]) < 0.12
    text = " ".join(row.text for row in top)
    assert all(trace in text for trace in ("https://t.co/", "@user", "&amp;", "#", "\u200b", "\u202a", "!!", "🔬"))
    assert {len(row.pictures) for row in top} == {1, 2, 3, 4}


def test_what_comes_along_is_of_many_kinds(top):
    first = {
        kind: Counter(row.pictures[0].kind for row in top if row.kind == kind) for kind in ("other", "chatter", "case")
    }
    assert set(first["other"]) == {*CLINIC, *STAINED_OTHERWISE}
    assert first["chatter"].most_common(1)[0][0] == "group_photo"
    assert set(first["chatter"]) == set(threads.LIFE)
    assert set(first["case"]) == set(TISSUES)
    further = {picture.kind for row in top if row.kind == "case" for picture in row.pictures[1:]} - set(TISSUES)
    assert further <= set(threads.BESIDE)
    assert len(further) > len(threads.BESIDE) / 2


def test_likes_have_a_heavy_tail(top):
    likes = [post.likes for post in top if post.kind != "retweet"]
    middle, high = np.percentile(likes, [50, 99])
    assert high > 10 * middle > 0


def test_tissues_come_about_equally_often(top):
    seen = Counter(post.tissue for post in top if post.kind == "case")
    rest = [n for name, n in seen.items() if name != "background"]
    assert set(seen) == set(TISSUES)
    assert max(rest) < 1.4 * min(rest)
    assert seen["background"] < min(rest)


def test_lymph_nodes_come_from_patients_of_any_organ_and_other_tissue_from_its_own(rows):
    nodes = {name for name, tissue in TISSUES.items() if tissue.organ == "lymph node"}
    for organ in threads.ORGANS:
        names, shares = threads._tissues_of(organ)
        assert nodes <= set(names)
        assert {TISSUES[name].organ for name in names} == {"any", "lymph node", organ}
        assert sum(shares) == pytest.approx(1)
        assert min(shares) > 0
    assert nodes <= {picture.kind for row in rows for picture in row.pictures}


def test_a_magnification_fits_the_picture_nearly_always(top):
    fits = []
    for post in top:
        if post.kind in ("case", "question", "repost") and post.match and post.pictures[0].kind in TISSUES:
            field = post.pictures[0].shown
            right = next(numbers for limit, numbers, _ in captions.POWERS if field < limit)
            powers = re.findall(r"\b\d+x\b", post.text.split("https")[0])
            fits += [power in re.findall(r"\d+x", right) for power in powers]
    assert len(fits) > 500
    assert np.mean(fits) == pytest.approx(1 - captions.WRONG_POWER, abs=0.04)


def test_a_patient_has_one_lab_and_several_slides_from_training_labs_only(top):
    own = [post for post in top if post.kind not in ("retweet", "repost")]
    labs, slides = {}, {}
    for post in own:
        labs.setdefault(post.patient, set()).add(post.lab)
        slides.setdefault(post.patient, set()).add(post.slide)
        assert post.slide.startswith(post.patient + "-")
    assert {len(found) for found in labs.values()} == {1}
    assert {lab for found in labs.values() for lab in found} == set(TRAINING_LABS)
    assert np.mean([len(found) > 1 for found in slides.values()]) > 0.2


def test_the_table_holds_what_the_plan_says(table):
    assert table.features == FEATURES
    for i, cells in enumerate(table):
        post = plan(0, i)
        assert cells["text"] == post.text
        assert (
            len(cells["images"]) == len(cells["truth_tissues"]) == len(cells["truth_pathology"]) == len(post.pictures)
        )
        assert cells["truth_pathology"] == [name in TISSUES for name in cells["truth_tissues"]]
        assert all(name in TISSUES or name in KINDS for name in cells["truth_tissues"])
    shown = next(row for row in range(150) if plan(0, row).pictures and not plan(0, row).pictures[0].altered)
    first = plan(0, shown).pictures[0]
    tile = render_tile(first.kind, seed=first.seed, lab=first.lab, slide=first.slide)
    np.testing.assert_array_equal(np.asarray(table[shown]["images"][0]), tile)


def test_ids_lead_to_rows_and_differ_between_worlds(table):
    where = {name: i for i, name in enumerate(table["id"])}
    answers = [(i, parent) for i, parent in enumerate(table["in_reply_to"]) if parent is not None]
    assert all(where[parent] == plan(0, i).in_reply_to for i, parent in answers)
    assert answers
    assert not set(posts(5, seed=1)["id"]) & set(where)


def test_an_empty_table_has_the_same_columns_and_size_counts():
    assert posts(0).features == FEATURES
    assert next(picture for cells in posts(3, size=32) for picture in cells["images"]).size == (32, 32)


def test_a_dressed_text_carries_its_hashtags():
    for i in range(50):
        text, tags = dressing.dress("Two words.", "GIPath", threads.rng("dress", i))
        assert tags[0] == "GIPath"
        assert all(f"#{tag}" in text for tag in tags)
