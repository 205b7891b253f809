import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plip_tutorial.collect.post_text import asks, clean_text, has_words
from plip_tutorial.microcosm.threads import plan

MASTODON = (  # as its servers send it
    '<p><span class="h-card" translate="no"><a href="https://b.social/@a" class="u-url mention">@<span>a</span></a>'
    '</span> Look at this <strong>nae</strong>vus, <a href="https://b.social/tags/x" class="mention hashtag" rel="tag">'
    '#<span>dermpath</span></a></p><p>see <a href="https://example.org/cases?id=7" target="_blank">'
    '<span class="invisible">https://</span><span class="ellipsis">example.org/cases</span>'
    '<span class="invisible">?id=7</span></a></p>'
)
PIECES = [
    "RT @a: ", "@user ", "@a@b.social", "https://t.co/x1", "#GIPath", "##a", "#1", "&amp;", "&amp;lt;", "&lt;b&gt;",
    "<br/>", "\u200b", "\u202e", "\ufeff", "👩‍🔬", "1️⃣", "🇵🇹", "!!", "?!", "...", " . ", "cc ", "H&E", "via ", "tumor",
    "(", ")", "ﬁ", "10", "⁹", "½", "<", ">", "<a href='x?y'>", "<span>", "</a>",
    "&#x200b;", "\uff06amp;", " ", "\n", "“", "m@x.org", "=", "-",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join)
options = st.sampled_from(["drop", "keep"])


@given(texts, options)
@example("&amp;amp;lt;", "drop")
@example("@a@b.c.@d", "drop")
def test_cleaning_twice_is_cleaning_once(text, hashtags):
    once = clean_text(text, hashtags=hashtags)
    assert clean_text(once, hashtags=hashtags) == once


@given(texts, options)
def test_what_is_left_has_words_and_none_of_the_dirt(text, hashtags):
    clean = clean_text(text, hashtags=hashtags)
    assert has_words(clean) or clean == ""
    assert not re.search(r"https?://|[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufe00-\ufe0f]|[!?]{2}|\s\s|&amp;", clean)
    assert not re.search(r"(?:^|\s)@\w|[\U0001f300-\U0001faff]", clean)
    assert hashtags == "keep" or not re.search(r"(?:^|\s)#[a-zA-Z]", clean)
    assert clean == clean.strip()


@pytest.mark.parametrize(
    ("raw", "dropped", "kept"),
    [
        (
            "Signet ring cells #GIPath #pathology https://t.co/abc",
            "Signet ring cells",
            "Signet ring cells GIPath pathology",
        ),
        ("Naevus (#dermpath) , 20x", "Naevus, 20x", "Naevus (dermpath), 20x"),
        ("RT @user12: H&amp;E!!! 🔬", "H&E!", "H&E!"),
        ("Via @user12: necrosis", "necrosis", "necrosis"),
        ("@user1 @user2 Agree, mucin.", "Agree, mucin.", "Agree, mucin."),
        ("RT after surgery: fibrosis", "RT after surgery: fibrosis", "RT after surgery: fibrosis"),
        ("size <5 mm, Ki67 >20%", "size <5 mm, Ki67 >20%", "size <5 mm, Ki67 >20%"),
        ("<p>Lung &lt; 1&nbsp;cm<br>benign</p>", "Lung < 1 cm benign", "Lung < 1 cm benign"),
        ("case #3 of the day, cc @user", "case #3 of the day", "case #3 of the day"),
        ("ER+++ HER2 0", "ER+++ HER2 0", "ER+++ HER2 0"),
        ("ben\u200bign \u202eskin\u202c", "benign skin", "benign skin"),
        ("which one?!?!", "which one?", "which one?"),
        ("wait... mucin,, really -- yes", "wait. mucin, really - yes", "wait. mucin, really - yes"),
        ("CD4 <CD8 and Ki67 >20%", "CD4 <CD8 and Ki67 >20%", "CD4 <CD8 and Ki67 >20%"),
        ("if p <a or b> c, i<b>c", "if p <a or b> c, ic", "if p <a or b> c, ic"),
        ("450 x10⁹/L, 1½ cm, p<10⁻³", "450 x10⁹/L, 1½ cm, p<10⁻³", "450 x10⁹/L, 1½ cm, p<10⁻³"),
        ("2 cm², CO₂, CD8⁺, grade Ⅳ", "2 cm2, CO2, CD8+, grade IV", "2 cm2, CO2, CD8+, grade IV"),
        ("4x10<sup>9</sup>/L in H<sub>2</sub>O", "4x10^9/L in H2O", "4x10^9/L in H2O"),
        ("broken \ufffd\ud83d naevus", "broken naevus", "broken naevus"),
        (MASTODON, "Look at this naevus, see", "Look at this naevus, dermpath see"),
        ("#GIPath 🔥🔥 https://t.co/abc 20", "", "GIPath 20"),
        ("", "", ""),
    ],
)
def test_examples(raw, dropped, kept):
    assert clean_text(raw) == dropped
    assert clean_text(raw, hashtags="keep") == kept


@pytest.mark.parametrize(
    ("text", "is_question"),
    [
        ("Lecture: https://example.org/watch?v=1", False),
        (MASTODON, False),
        ("Dx? https://example.org", True),
        ("What is it https://t.co/a1?", True),
        ("診断は？", True),
        ("A case.", False),
    ],
)
def test_a_question_mark_inside_a_link_asks_nothing(text, is_question):
    assert asks(text) is is_question


def test_words_of_the_microcosm_survive_cleaning():
    for row in range(400):
        post = plan(0, row)
        clean = clean_text(post.text)
        lost = set(
            re.findall(
                r"[a-z]{4,}", re.sub(r"[\u00ad\u200b-\u200d\u2066\u202a\ufeff]|[#@]\w+|https\S+|&\w+;", "", post.text)
            )
        )
        assert lost <= set(re.findall(r"[a-z]{4,}", clean)), post.text
