import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from plip_tutorial.exports import FEATURES, read_posts

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
