"""One reader of tables: what is written by any program comes back cell by cell, and what cannot be read is named."""

import csv
import io
import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plip_tutorial.sources.tables import names_a_file, picture_path, records

CODES = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('",;\t\n'), max_size=6)
rows = st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=5)


@given(rows, st.sampled_from(",;\t"), st.sampled_from(CODES), st.booleans())
def test_what_the_standard_library_writes_comes_back_cell_by_cell(tmp_path_factory, table, separator, code, excel):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\r\n" if excel else "\n")
    writer.writerows([["first", "the second", "third"], *table])
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_bytes(text.getvalue().encode(code))
    expected = [dict(zip(["first", "the second", "third"], row, strict=True)) for row in table if any(row)]
    assert [record for _, record in records(path)] == expected


@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_seen_whatever_the_ending_says(tmp_path, name, separator):
    table = [["file", "says, in words; here"], ["0012", "007"], ["1e5", "NA"], ["nan", "fat; mucus, debris"], ["", "x"]]
    pd.DataFrame(table[1:], columns=table[0]).to_csv(tmp_path / name, sep=separator, index=False)
    assert [list(record.values()) for _, record in records(tmp_path / name)] == table[1:]


def told(path, content, code="utf-8"):
    path.write_bytes(content if isinstance(content, bytes) else content.encode(code))
    return [(line, str(found) if isinstance(found, Exception) else found) for line, found in records(path)]


def test_what_spreadsheets_leave_in_a_file(tmp_path):
    assert told(tmp_path / "t.csv", 'sep=;\r\na; b \r\n1; "x;y"\r\n;\r\n2;z;;\r\n') == [
        (3, {"a": "1", "b": "x;y"}),
        (5, {"a": "2", "b": "z"}),
    ]


def test_old_encodings_are_read_with_a_warning_that_shows_a_line(tmp_path):
    with pytest.warns(UserWarning, match=r"t\.csv is not UTF-8 and was read as Windows-1252, for example '2,Präparat"):
        assert told(tmp_path / "t.csv", "a,b\n1,x\n2,Präparat – 5 µm\n", "cp1252")[1][1]["b"] == "Präparat – 5 µm"
    mixed = "a,b\n1,é\n".encode() + b"2,\xe9\n3,y\n"  # UTF-8 with a broken line is not an old encoding
    assert told(tmp_path / "u.csv", mixed) == [(2, {"a": "1", "b": "é"}), (3, "not UTF-8"), (4, {"a": "3", "b": "y"})]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("a,b\n1\n", 2, "1 cell where the header has 2"),
        ("a,b\n1,2,3\n", 2, "3 cells where the header has 2"),
        ('a,b\n1,"x" y\n', 2, "look at the quotation marks"),
        ('a,b\n0,x\n1,"x\n2,y\n3,z\n', 3, "lines 3 to 5 cannot be read"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, content, line, words):
    number, reason = told(tmp_path / "t.csv", content)[-1]
    assert number == line
    assert words in reason


def test_json_in_its_three_shapes(tmp_path):
    table = [{"a": "0012", "b": 7}, {"a": None}]
    lines = "\n".join(map(json.dumps, table))
    for name, content, code in [
        ("t.json", json.dumps(table, indent=1), "utf-8"),
        ("u.json", json.dumps(table), "utf-16"),
        ("v.json", lines, "utf-8"),  # JSON lines by another name
        ("t.jsonl", lines, "utf-8-sig"),
        ("t.ndjson", lines, "utf-16"),
    ]:
        assert told(tmp_path / name, content, code) == [(1, table[0]), (2, table[1])]
    assert told(tmp_path / "w.json", '{"a": 1}') == [(1, {"a": 1})]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.json", "[{", "is not JSON"),
        ("t.json", b'["\xff"]', "is not JSON"),
        ("t.csv", "", "no header line"),
        ("t.csv", "a,b,a\n1,2,3\n", "several columns called 'a'"),
        ("t.xlsx", "", r"Save as, 'CSV UTF-8'\. Give a file that ends in \.csv, \.tsv"),
        ("t.csv.gz", "", "Unpack it first"),
        ("tweets.js", "", r"name it \.json"),
        ("t.parquet", "PAR1", "no Parquet file"),
    ],
)
def test_files_that_cannot_be_read_are_refused_with_a_remedy(tmp_path, name, content, words):
    with pytest.raises(ValueError, match=words):
        told(tmp_path / name, content)


def test_a_missing_file_is_no_set_on_the_hub(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.csv is no file"):
        list(records(tmp_path / "gone.csv"))
    (tmp_path / "set.csv").mkdir()  # a directory may have any name
    wanted = {"a/b.json": True, "a.parquet": True, "~/a": True, "c:\\a": True, "a/b": False, "b": False}
    assert {name: names_a_file(name) for name in wanted} == wanted
    assert not names_a_file(tmp_path / "set.csv")


def test_paths_as_other_systems_write_them(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").touch()
    for name in ("in/a.png", "in\\a.png", "/in/a.png", str(tmp_path / "in/a.png")):
        assert picture_path(name, tmp_path) == tmp_path / "in" / "a.png"
    with pytest.raises(ValueError, match="is an address: download it"):
        picture_path("https://example.org/a.png", tmp_path)
