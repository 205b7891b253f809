"""Own pictures: tables equal what lies on disk, and every broken file is named."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, DatasetDict, Features, Value, load_from_disk
from datasets import Image as Cell
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from plip_tutorial.sources import own_tiles
from plip_tutorial.sources.own_tiles import hold_out, read_csv, read_folder, read_hub, read_pairs, shared_groups

REAL = Path(__file__).parents[2] / "../shared/data"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the real tiles are not beside this repository")


def picture(path: Path, seed: int, *, mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "tiles"
    picture(root / "TUM" / "slide_2" / "b.png", 0)
    picture(root / "TUM" / "slide_1" / "a.PNG", 1)
    picture(root / "ADI" / "é 7.tif", 2, mode="L")
    (root / "ADI" / "notes.txt").write_text("not a picture")
    (root / "empty").mkdir()
    (root / "README.md").write_text("beside the classes")
    return root


def test_a_folder_becomes_a_labelled_table(folder: Path) -> None:
    tiles = read_folder(folder)
    assert tiles.features["label"].names == ["ADI", "TUM"]
    assert tiles["file"][:] == ["ADI/é 7.tif", "TUM/slide_1/a.PNG", "TUM/slide_2/b.png"]
    assert tiles["label"][:] == [0, 1, 1]
    assert tiles["slide"][:] == ["é 7.tif", "slide_1", "slide_2"]
    for row in tiles:
        np.testing.assert_array_equal(row["image"], Image.open(folder / row["file"]))


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_kind_of_list_gives_the_same_pairs(tmp_path: Path, ending: str) -> None:
    names = ["a.png", "a.png", "in/b.png", "c.png"]
    for seed, name in enumerate(dict.fromkeys(names)):
        picture(tmp_path / name, seed)
    table = pd.DataFrame({"file": names, "says": [" mucus", "debris", 'fat, "lobules"', "debris"], "other": 1})
    path = tmp_path / f"list{ending}"
    if ending == ".parquet":
        table.to_parquet(path)
    elif ending == ".jsonl":
        table.to_json(path, orient="records", lines=True)
    else:
        table.to_csv(path, sep="\t" if ending == ".tsv" else ",", index=False)
    pairs = read_csv(path, image="file", caption="says")
    assert pairs.column_names == ["image", "text", "group_id", "source"]
    assert pairs["text"][:] == ["mucus", "debris", 'fat, "lobules"', "debris"]
    assert pairs["group_id"][:] == [0, 0, 1, 0]
    np.testing.assert_array_equal(pairs[2]["image"], Image.open(tmp_path / "in/b.png"))


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".json", ".parquet"])
def test_a_cell_stays_the_text_that_it_is(tmp_path: Path, ending: str) -> None:
    captions = ["007", "NA", "nan", "1e5", "1.0", "None", "TRUE"]
    names = [f"{i:04}" for i in range(len(captions))]
    for i, name in enumerate(names):
        picture(tmp_path / f"{i}.png", i).rename(tmp_path / name)
    table, path = pd.DataFrame({"image": names, "caption": captions}), tmp_path / f"list{ending}"
    if ending == ".parquet":
        table.to_parquet(path)
    elif ending.startswith(".json"):
        table.to_json(path, orient="records", lines=ending == ".jsonl")
    else:
        table.to_csv(path, sep=";", index=False, encoding="utf-16")
    pairs = read_csv(path)
    assert pairs["text"][:] == captions
    np.testing.assert_array_equal(pairs[3]["image"], Image.open(tmp_path / "0003"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.csv", "image,caption\na.png\n", r"1 lines that cannot be read:\nline 2: 1 cell where the header has 2"),
        ("p.csv", "image,caption\nhttps://x.example/a.png,fat\n", "row 0: https://x.example/a.png is an address"),
        ("p.json", '[{"image": "a.png", "caption": ["fat", "mucus"]}]', "in row 0 no text as caption, but a list"),
        ("p.json", '[{"image": "a.png", "caption": null}]', "no caption in row 0"),
        ("p.json", '{"image": ["a.png"]}', r"no column 'caption'\. It has: image"),
        ("p.json", "[1]", "line 1: no object with columns"),
        ("p.xlsx", "", r"Save as, 'CSV UTF-8'"),
    ],
)
def test_a_table_that_cannot_become_pairs_is_explained(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        read_pairs(tmp_path / name)


def test_pairs_are_a_file_a_directory_or_a_set_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(own_tiles, "load_dataset", lambda name, split: asked.append(name) or load_from_disk(directory))
    directory = saved(tmp_path, ["mucus", "fat"])
    (tmp_path / "p.csv").write_text("picture,says\n0.png,mucus\n1.png,fat\n")
    options = {"image": "picture", "caption": "says"}
    for name in (tmp_path / "p.csv", directory, "somebody/pairs.v1"):
        assert read_pairs(name, **options)["text"][:] == ["mucus", "fat"]
    assert asked == ["somebody/pairs.v1"]
    for name in ("gone.csv", "gone.xlsx", "./gone", "somebody/pairs.json"):
        with pytest.raises((FileNotFoundError, ValueError), match=r"is no file|Save as"):
            read_pairs(name)
    assert len(asked) == 1
    with pytest.raises(ValueError, match="brings its own pictures"):
        read_pairs("somebody/pairs", folder=tmp_path)
    with pytest.raises(ValueError, match="a directory without a saved data set"):
        read_pairs(tmp_path)


def test_parts_and_classes_of_a_data_set(tmp_path: Path) -> None:
    table = load_from_disk(saved(tmp_path, ["mucus", "fat", "mucus"])).class_encode_column("says")
    DatasetDict({"train": table, "test": table.select([0])}).save_to_disk(tmp_path / "parts")
    options = {"image": "picture", "caption": "says"}
    assert read_hub(str(tmp_path / "parts"), **options)["text"][:] == ["mucus", "fat", "mucus"]
    assert len(read_hub(str(tmp_path / "parts"), split="test", **options)) == 1
    with pytest.raises(ValueError, match=r"no part 'dev'\. It has: train, test"):
        read_hub(str(tmp_path / "parts"), split="dev", **options)
    with pytest.raises(ValueError, match=r"no column 'caption'\. It has: picture, says"):
        read_hub(str(tmp_path / "parts"), image="picture")


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz")), min_size=1, max_size=12))
def test_groups_are_those_of_a_slow_search(rows: list[tuple[str, str]]) -> None:
    groups = list(range(len(rows)))
    for _ in rows:  # as often as the longest chain can be
        for i, (image, text) in enumerate(rows):
            for j, (other_image, other_text) in enumerate(rows):
                if image == other_image or text == other_text:
                    groups[i] = groups[j] = min(groups[i], groups[j])
    found = shared_groups([image for image, _ in rows], [text for _, text in rows])
    same = found[:, None] == found
    np.testing.assert_array_equal(same, np.array(groups)[:, None] == groups)
    assert set(found) == set(range(found.max() + 1))


@needs_real
def test_real_tiles_are_read_as_their_manifest_says() -> None:
    manifest = pd.read_csv(REAL / "nct_crc_mini" / "manifest.csv").sort_values("file")
    tiles = read_folder(REAL / "nct_crc_mini")
    assert tiles["file"][:] == manifest["file"].tolist()
    assert tiles.features["label"].int2str(tiles["label"][:]) == manifest["label"].tolist()
    pairs = read_csv(REAL / "negatives" / "manifest.csv", image="file", caption="what")
    assert {row["image"].mode for row in pairs} > {"RGB", "L"}


def test_all_broken_files_are_named_at_once(folder: Path) -> None:
    whole = picture(folder / "ADI" / "cut.jpg", 3)
    whole.write_bytes(whole.read_bytes()[:-200])
    (folder / "TUM" / "page.png").write_text("<html>404</html>")
    with pytest.raises(ValueError, match=r"2 of 5 pictures(.|\n)*cut\.jpg: (.|\n)*page\.png: "):
        read_folder(folder)


def test_a_long_list_of_broken_files_is_shortened(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for i in range(23):
        (tmp_path / "a" / f"{i:02}.png").touch()
    with pytest.raises(ValueError, match=r"23 of 23(.|\n)*19\.png(.|\n)*and 3 more$"):
        read_folder(tmp_path)


def test_a_folder_without_classes_or_pictures(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere is no folder"):
        read_folder(tmp_path / "nowhere")
    picture(tmp_path / "loose.png", 0)
    with pytest.raises(ValueError, match="Sort the pictures by class"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("image,caption\ngone.png,mucus\n", "gone.png: no such file"),
        ("image,caption\n,mucus\n", "no image in row 0"),
        ("image,caption\ngone.png, \nx.png,fat\nx.png,\n", "no caption in row 0, row 2"),
        ("image,caption\n", "table is empty"),
        ("image,text\nx.png,mucus\n", "no column 'caption'. It has: image, text"),
    ],
)
def test_a_faulty_list_is_explained(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_csv(path)


def test_another_ending_or_no_file(tmp_path: Path) -> None:
    (tmp_path / "list.xlsx").touch()
    with pytest.raises(ValueError, match=r"Give a file that ends in \.csv"):
        read_csv(tmp_path / "list.xlsx")
    with pytest.raises(FileNotFoundError, match="is no file"):
        read_csv(tmp_path / "nothing.csv")


def test_relative_paths_start_where_the_reader_says(tmp_path: Path) -> None:
    picture(tmp_path / "elsewhere" / "a.png", 0)
    (tmp_path / "list.csv").write_text("image,caption\na.png,mucus\n")
    assert len(read_csv(tmp_path / "list.csv", folder=tmp_path / "elsewhere")) == 1
    with pytest.raises(ValueError, match=r"a\.png: no such file"):
        read_csv(tmp_path / "list.csv")


def saved(tmp_path: Path, captions: list[str | None], broken: bytes | None = None) -> str:
    cells = [{"bytes": picture(tmp_path / f"{i}.png", i % 2).read_bytes(), "path": None} for i in range(len(captions))]
    if broken is not None:
        cells[-1] = {"bytes": broken, "path": None}
    table = Dataset.from_dict(
        {"picture": cells, "says": captions}, features=Features(picture=Cell(), says=Value("string"))
    )
    table.save_to_disk(tmp_path / "table")
    return str(tmp_path / "table")


def test_a_data_set_becomes_pairs_and_the_same_picture_is_one_group(tmp_path: Path) -> None:
    name = saved(tmp_path, ["mucus", "debris", "fat"])
    pairs = read_hub(name, image="picture", caption="says")
    assert pairs["text"][:] == ["mucus", "debris", "fat"]
    assert pairs["group_id"][:] == [0, 1, 0]
    np.testing.assert_array_equal(pairs[1]["image"], Image.open(tmp_path / "1.png"))


@pytest.mark.parametrize(
    ("captions", "broken", "message"),
    [
        (["mucus", None], None, "no says in row 1"),
        (["mucus", "fat"], b"no picture", "1 of 2 pictures cannot be read:\nrow 1: "),
    ],
)
def test_a_faulty_data_set_is_explained(
    tmp_path: Path, captions: list[str | None], broken: bytes | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_hub(saved(tmp_path, captions, broken), image="picture", caption="says")


@given(groups=st.lists(st.integers(0, 30), min_size=1, max_size=200), share=st.floats(0, 0.5), seed=st.integers(0, 9))
def test_whole_groups_are_held_out(groups: list[int], share: float, seed: int) -> None:
    held = hold_out(groups, share, seed=seed)
    assert set(np.array(groups)[held]).isdisjoint(np.array(groups)[~held])
    assert abs(held.sum() - share * len(groups)) <= max(np.unique(groups, return_counts=True)[1])


@pytest.mark.parametrize("share", [-0.1, 1.0, 1.5, float("nan")])
def test_a_share_that_leaves_nothing_or_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"share is .*below 1"):
        hold_out([0, 1, 2], share)
