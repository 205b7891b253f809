import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from plip_tutorial.collect import clean_text, read_posts
from plip_tutorial.collect.exports import FEATURES
from plip_tutorial.plots.markup import widget

X = {
    "id": "17", "author_id": "9", "text": "H&amp;E #GIPath", "created_at": "2022-01-01T00:00:00Z",
    "public_metrics": {"like_count": 5}, "possibly_sensitive": True, "entities": {"hashtags": [{"tag": "GIPath"}]},
    "referenced_tweets": [{"type": "quoted", "id": "1"}, {"type": "replied_to", "id": "16"}],
    "attachments": {"media_keys": ["m2"]},
}  # fmt: skip
MASTODON = {
    "id": "18", "account": {"acct": "a@b.social"}, "content": "<p>Naevus</p>", "created_at": "2022-01-02",
    "favourites_count": 3, "sensitive": False, "tags": [{"name": "dermpath"}], "in_reply_to_id": None,
    "reblog": {"id": "4"}, "media_attachments": [{"url": "tile.png", "type": "image"}],
}  # fmt: skip
BLUESKY = {
    "post": {
        "uri": "at://x/19", "author": {"handle": "a.bsky.social"}, "likeCount": 2, "indexedAt": "2024-01-01",
        "record": {"text": "Mucin #GIPath", "createdAt": "2024-01-01", "reply": {"parent": {"uri": "at://x/18"}}},
        "embed": {"images": [{"fullsize": "tile.png"}, {"fullsize": "tile.png"}]},
    }
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    Image.fromarray(np.full((8, 8, 3), 200, np.uint8)).save(tmp_path / "tile.png")
    return tmp_path


def write(folder, *lines, name="export.jsonl"):
    path = folder / name
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
    return path


def test_an_answer_of_the_x_api_is_taken_apart(folder):
    media = [{"media_key": "m1", "url": "no.png"}, {"media_key": "m2", "url": "tile.png"}]
    path = write(folder, {"data": [X, {"id": "20", "text": "two"}], "includes": {"media": media}})
    posts, problems = read_posts(path)
    assert problems == []
    first = posts[0]
    assert np.asarray(first.pop("images")[0]).shape == (8, 8, 3)
    assert first == {
        "id": "17", "author": "9", "created_at": "2022-01-01T00:00:00Z", "text": "H&amp;E #GIPath", "likes": 5,
        "hashtags": ["GIPath"], "possibly_sensitive": True, "retweet_of": None, "in_reply_to": "16",
    }  # fmt: skip
    assert posts[1]["images"] == []


def test_a_retweet_of_the_x_api_points_at_the_original(folder):
    posts, _ = read_posts(write(folder, {**X, "referenced_tweets": [{"type": "retweeted", "id": "3"}]}))
    assert posts[0]["retweet_of"] == "3"
    assert posts[0]["in_reply_to"] is None


def test_mastodon_and_bluesky_are_understood(folder):
    repost = {**BLUESKY, "reason": {"$type": "app.bsky.feed.defs#reasonRepost", "indexedAt": "2024-02-02"}}
    posts, problems = read_posts(write(folder, MASTODON, BLUESKY, repost))
    assert problems == []
    assert posts["author"][:] == ["a@b.social", "a.bsky.social", "a.bsky.social"]
    assert posts["likes"][:] == [3, 2, 2]
    assert posts["hashtags"][:] == [["dermpath"], ["GIPath"], ["GIPath"]]
    assert posts["in_reply_to"][:] == [None, "at://x/18", "at://x/18"]
    assert posts["retweet_of"][:] == ["4", None, "at://x/19"]
    assert [len(pictures) for pictures in posts["images"]] == [1, 2, 2]


def test_three_formats_of_the_same_posts_give_the_same_table(folder):
    records = [
        {
            "id": "1",
            "author": "a",
            "text": 'one, "two" #GIPath',
            "likes": 4,
            "hashtags": ["GIPath"],
            "images": ["tile.png"],
        },
        {"id": "2", "text": "line\nbreak", "in_reply_to": "1", "possibly_sensitive": True},
    ]
    write(folder, *records)
    table = pd.DataFrame(records)
    table.to_parquet(folder / "export.parquet")
    table["hashtags"] = ["GIPath", ""]
    table["images"] = ['["tile.png"]', ""]
    table.convert_dtypes().to_csv(folder / "export.csv", index=False)
    read = [read_posts(folder / f"export.{kind}") for kind in ("jsonl", "csv", "parquet")]
    assert [problems for _, problems in read] == [[], [], []]
    assert read[0][0][:] == read[1][0][:] == read[2][0][:]
    assert read[0][0].features == FEATURES


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": "2", "text": "x"', "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        ([1, 2], "expected an object, got list"),
        (None, "expected an object, got NoneType"),
        ({"text": "x"}, "no id"),
        ({"id": "2"}, "no text"),
        ({"id": "2", "text": 5}, "text is 5"),
        ({"id": "2", "text": "x", "likes": "many"}, "likes are 'many', not a number"),
        ({"id": "2", "text": "x", "possibly_sensitive": "perhaps"}, "possibly_sensitive is 'perhaps'"),
        ({"id": "1", "text": "x"}, "id '1' stands in line 1 already"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_malformed_line_is_reported_and_the_rest_is_read(folder, line, reason):
    posts, problems = read_posts(write(folder, {"id": "1", "text": "a"}, line, b"", {"id": "3", "text": "c"}))
    assert posts["text"][:] == ["a", "c"]
    assert len(problems) == 1
    assert str(problems[0]).startswith("export.jsonl, line 2: ")
    assert reason in str(problems[0])


@given(st.data())
def test_nothing_is_lost_silently(tmp_path_factory, data):
    """Every line that is not blank is either read or reported, whatever bytes stand in it."""
    good = [json.dumps({"id": str(i), "text": f"t{i}"}).encode() for i in range(5)]
    lines = [bytearray(line) for line in good]
    for _ in range(data.draw(st.integers(0, 6))):
        line = data.draw(st.sampled_from(lines))
        place = data.draw(st.integers(0, len(line) - 1))
        line[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte not in b"\r\n\x0b\x0c"))
    path = tmp_path_factory.mktemp("export") / "export.jsonl"
    path.write_bytes(b"\n".join(lines))
    posts, problems = read_posts(path)
    assert len(posts) + len({problem.line for problem in problems}) == sum(bool(bytes(line).strip()) for line in lines)
    read, told = set(posts["text"][:]), " ".join(problem.reason for problem in problems)
    for i, line in enumerate(lines):
        assert bytes(line) != good[i] or f"t{i}" in read or f"id '{i}' stands in line" in told


def test_csv_reports_lines_with_too_few_cells_or_bad_bytes(folder):
    path = folder / "export.csv"
    path.write_bytes(b'\xef\xbb\xbfid,text,likes\n1,a,2\n2,b\n\n3,"two\nlines",0\n4,\xff,1\n5,e,\n')
    posts, problems = read_posts(path)
    assert posts["text"][:] == ["a", "two\nlines", "e"]
    assert posts["likes"][:] == [2, 0, 0]
    assert [str(p) for p in problems] == [
        "export.csv, line 3: 2 cells where the header has 3",
        "export.csv, line 7: not UTF-8",
    ]


def test_pictures_that_are_not_there_are_reported_and_the_post_is_read(folder):
    (folder / "broken.png").write_bytes(b"no picture")
    images = ["tile.png", "gone.png", "https://x.example/a.png", 7, "broken.png"]
    posts, problems = read_posts(write(folder, {"id": "1", "text": "a", "images": images}))
    assert len(posts[0]["images"]) == 1
    assert [problem.lost for problem in problems] == ["picture"] * 4
    for problem, words in zip(
        problems, ["is not there", "download it", "is no path", "cannot be decoded"], strict=True
    ):
        assert words in problem.reason


def test_files_that_cannot_be_read_at_all_are_refused(folder):
    (folder / "a.parquet").write_bytes(b"PAR1 no")
    (folder / "a.csv").write_bytes(b"")
    with pytest.raises(ValueError, match=r"a.parquet is no Parquet file"):
        read_posts(folder / "a.parquet")
    with pytest.raises(ValueError, match=r"a.csv has no header"):
        read_posts(folder / "a.csv")
    with pytest.raises(ValueError, match=r"Save as, .*Give a file that ends in .csv"):
        read_posts(folder / "a.xlsx")
    with pytest.raises(FileNotFoundError):
        read_posts(folder / "b.jsonl")


def test_an_empty_file_is_an_empty_table(folder):
    posts, problems = read_posts(write(folder))
    assert (len(posts), problems) == (0, [])
    assert posts.features == FEATURES


def test_half_an_emoji_costs_neither_the_export_nor_the_post(folder):
    line = b'{"id": "2", "text": "mucin \\ud83d #GIPath\\ude00", "author": "a\\ud83d", "images": ["\\ud83d.png"]}'
    posts, problems = read_posts(write(folder, {"id": "1", "text": "a"}, line))
    assert posts["text"][:] == ["a", "mucin \ufffd #GIPath\ufffd"]
    assert posts["author"][:] == [None, "a\ufffd"]
    assert [str(problem) for problem in problems] == ["export.jsonl, line 2: picture \ufffd.png is not there"]
    assert clean_text(posts["text"][1]) == "mucin"
    assert "\ufffd" in widget("search", "", "", {"text": "mucin \ud83d"})._repr_html_().encode().decode()


@pytest.mark.parametrize(
    ("likes", "expected"),
    [
        ("12.0", 12), (12.0, 12), ("1,234", 1234), ("1.2K", 1200), ("3 M", 3_000_000), (" 7 ", 7), ("", 0), (None, 0),
        (float("nan"), 0), ("nan", 0), (2**63 - 1, 2**63 - 1), ("1,234,567", 1_234_567), ("1e3", 1000),
    ],
)  # fmt: skip
def test_likes_as_programs_write_them(folder, likes, expected):
    posts, problems = read_posts(write(folder, {"id": "1", "text": "a", "likes": likes}))
    assert problems == []
    assert posts["likes"][:] == [expected]


@pytest.mark.parametrize("likes", [2**63, -1, 1.5, "1.234", "1e400", float("inf"), "12 people", [3]])
def test_what_is_no_count_is_reported_and_the_rest_is_read(folder, likes):
    posts, problems = read_posts(write(folder, {"id": "1", "text": "a", "likes": likes}, {"id": "2", "text": "b"}))
    assert posts["id"][:] == ["2"]
    assert "likes are" in problems[0].reason


def test_nothing_in_a_reference_is_no_reference_in_any_format(folder):
    table = pd.DataFrame(
        {"id": [1, 2, 3], "text": list("abc"), "retweet_of": [None, 1, None], "in_reply_to": [1, None, 2]}
    )
    table.to_csv(folder / "export.csv", index=False)
    table.to_csv(folder / "words.csv", index=False, na_rep="nan", sep=";", encoding="utf-16")
    table.to_parquet(folder / "export.parquet")
    (folder / "export.jsonl").write_text("\n".join(json.dumps(row) for row in table.to_dict("records")))  # NaN
    table.to_json(folder / "null.jsonl", orient="records", lines=True)
    for name in ("export.csv", "words.csv", "export.parquet", "export.jsonl", "null.jsonl"):
        posts, problems = read_posts(folder / name)
        assert problems == []
        assert posts["id"][:] == ["1", "2", "3"]
        assert posts["retweet_of"][:] == [None, "1", None]
        assert posts["in_reply_to"][:] == ["1", None, "2"]


@pytest.mark.parametrize("value", ["1.50E+18", "1,5E+18", 1.5e18])
def test_an_id_that_a_program_has_rounded_is_reported(folder, value):
    posts, problems = read_posts(
        write(folder, {"id": value, "text": "a"}, {"id": "2", "text": "b", "in_reply_to": value})
    )
    assert len(posts) == 0
    assert ["Export ids as text" in problem.reason for problem in problems] == [True, True]


def test_long_texts_and_old_names_of_x(folder):
    long = {**X, "note_tweet": {"text": "the whole text #one", "entities": {"hashtags": [{"tag": "one"}]}}}
    old = {
        "id": 10**18 + 1, "id_str": "1000000000000000001", "full_text": "Naevus", "favorite_count": 7,
        "user": {"screen_name": "a"}, "in_reply_to_status_id_str": "17", "retweeted_status": {"id_str": "16"},
        "entities": {"hashtags": [{"text": "dermpath"}]},
        "extended_entities": {"media": [{"media_url_https": "tile.png"}, {"media_url_https": "tile.png"}]},
    }  # fmt: skip
    posts, problems = read_posts(write(folder, long, {"tweet": old}))
    assert problems == []
    assert posts["text"][:] == ["the whole text #one", "Naevus"]
    assert posts["hashtags"][:] == [["one"], ["dermpath"]]
    assert [posts[1][name] for name in ("id", "author", "likes", "in_reply_to", "retweet_of")] == [
        "1000000000000000001", "a", 7, "17", "16",
    ]  # fmt: skip
    assert len(posts[1]["images"]) == 2


def test_pictures_beside_a_quoted_post_of_bluesky(folder):
    images = {"images": [{"fullsize": "tile.png"}]}
    post = {**BLUESKY["post"], "embed": {"$type": "app.bsky.embed.recordWithMedia#view", "media": images, "record": {}}}
    posts, problems = read_posts(write(folder, {"feed": [{"post": post}]}, name="export.json"))
    assert problems == []
    assert len(posts[0]["images"]) == 1


def test_the_archive_that_a_user_of_mastodon_can_download(folder):
    note = {
        "id": "n1", "content": "<p>Naevus</p>", "published": "2024-01-01", "inReplyTo": "n0", "sensitive": True,
        "attachment": [{"url": "/tile.png"}],
        "tag": [{"type": "Mention", "name": "@b@c.org"}, {"type": "Hashtag", "name": "#dermpath"}],
    }  # fmt: skip
    outbox = {
        "id": "outbox.json",
        "orderedItems": [{"id": "n1/activity", "type": "Create", "actor": "a", "object": note}],
    }
    posts, problems = read_posts(write(folder, outbox, name="outbox.json"))
    assert problems == []
    found = posts[0]
    assert len(found.pop("images")) == 1
    assert found == {
        "id": "n1", "author": "a", "created_at": "2024-01-01", "text": "<p>Naevus</p>", "hashtags": ["dermpath"],
        "likes": 0, "possibly_sensitive": True, "retweet_of": None, "in_reply_to": "n0",
    }  # fmt: skip


def test_a_hashtag_in_the_html_of_mastodon(folder):
    html = '<p>Naevus <a href="https://m.org/tags/x#top" rel="tag">#<span>dermpath</span></a></p>'
    posts, _ = read_posts(write(folder, [{"id": "1", "content": html}], name="export.json"))
    assert posts["hashtags"][:] == [["dermpath"]]


@pytest.mark.parametrize("cell", ["a|b", '["a", "b"]', "['a', 'b']", "['a' 'b']", "[a, b]"])
def test_lists_written_as_text(folder, cell):
    table = pd.DataFrame({"id": ["1"], "text": ["[1] as it stands"], "hashtags": [cell]})
    table.to_csv(folder / "export.csv", index=False)
    posts, _ = read_posts(folder / "export.csv")
    assert posts["hashtags"][:] == [["a", "b"]]
    assert posts["text"][:] == ["[1] as it stands"]


def test_a_flat_table_of_an_export_of_x(folder):
    """Objects become columns with dots, lists of objects become text, as data frames write them."""
    flat = pd.json_normalize([X | {"media": [{"url": "tile.png"}]}])
    flat.to_csv(folder / "export.csv", index=False)
    posts, problems = read_posts(folder / "export.csv")
    whole, _ = read_posts(write(folder, X | {"media": [{"url": "tile.png"}]}))
    assert problems == []
    assert posts[:] == whole[:]
    assert len(posts[0]["images"]) == 1


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_and_encodings(folder, separator, code):
    table = pd.DataFrame({"id": ["0012", "NA"], "text": ["Präparat; a, b", "007"], "likes": [1, 2]})
    table.to_csv(folder / "export.csv", index=False, sep=separator, encoding=code)
    posts, problems = read_posts(folder / "export.csv")
    assert problems == []
    assert (posts["id"][:], posts["text"][:]) == (["0012", "NA"], ["Präparat; a, b", "007"])


def test_a_table_without_ids_says_what_it_has(folder):
    (folder / "export.csv").write_text("number|text\n1|a\n")
    with pytest.raises(ValueError, match=r"no id in any line\. It has: number\|text\. Name a column 'id'"):
        read_posts(folder / "export.csv")


def test_a_picture_that_breaks_off_is_reported_with_its_line(folder):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(folder / "cut.jpg")
    cut = (folder / "cut.jpg").read_bytes()[:-300]
    (folder / "cut.jpg").write_bytes(cut)
    good = {"bytes": (folder / "tile.png").read_bytes(), "path": None}
    posts, problems = read_posts(write(folder, {"id": "1", "text": "a", "images": ["tile.png", "cut.jpg"]}))
    assert str(problems[0]).startswith("export.jsonl, line 1: picture cut.jpg cannot be decoded (")
    assert len(posts[0]["images"]) == 1
    table = pd.DataFrame(
        {"id": ["1", "2"], "text": ["a", "b"], "images": [[good], [{"bytes": cut, "path": None}, good]]}
    )
    table.to_parquet(folder / "export.parquet")
    posts, problems = read_posts(folder / "export.parquet")
    assert [len(pictures) for pictures in posts["images"]] == [1, 1]
    assert str(problems[0]).startswith("export.parquet, line 2: picture in the file cannot be decoded (")
