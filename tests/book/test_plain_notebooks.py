"""The notebooks for Colab: plain Markdown, the code of the book, links that lead somewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
BOOK, HTML = ROOT / "book", ROOT / "_build" / "html"
sys.path.insert(0, str(BOOK / "_tools"))
import addresses  # noqa: E402
import bibliography  # noqa: E402
import plain_markdown  # noqa: E402
import roles  # noqa: E402
from claims import is_claim  # noqa: E402
from sync import derived, sources  # noqa: E402

NAMES = [source.stem for source in sources()]
each_page = pytest.mark.parametrize("name", NAMES)
MARKS = {
    "role": re.compile(r"\{[\w:.+-]+\}`"),
    "fence": re.compile(r"^[>\s]*(?::{3,}.*|(?:`{3,}|~{3,})\s*\{.*)$", re.MULTILINE),
    "option": re.compile(r"^[>\s]*:[\w-]+:(?:\s|$)", re.MULTILINE),
    "label": re.compile(r"^[>\s]*\([\w.-]+\)=\s*$", re.MULTILINE),
    "substitution": re.compile(r"\{\{.+?\}\}"),
    "attributes": re.compile(r"\{[.#][\w-]+[^}]*\}"),
    "comment": re.compile(r"^%.*$", re.MULTILINE),
    "metadata": re.compile(r"^tags:|^mystnb:", re.MULTILINE),
}


def plain(name: str) -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)


def pair(name: str) -> nbformat.NotebookNode:
    return nbformat.read(BOOK / f"{name}.ipynb", as_version=4)


def prose(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def raw(text: str) -> list[tuple[str, str]]:
    """What a server without MyST would show as it stands: kind and text, code blocks aside."""
    shown = re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    shown = re.sub(r"(\{[\w:.+-]+\})?(`+)[^`]+\2", lambda found: found[0] if found[1] else "code", shown)
    return [(kind, found[0]) for kind, mark in MARKS.items() for found in mark.finditer(shown)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("see {term}`tile`", "role"),
        ("> by {cite:t}`radford2021clip`", "role"),
        (":::{exercise} A title", "fence"),
        ("```{figure} pictures/demo.png", "fence"),
        ("> :::", "fence"),
        (":label: ex-07-own", "option"),
        ("(your-own-pool)=\n## A pool", "label"),
        ("{{ gpu_budgets }}", "substitution"),
        ("![x](y.png){.dark-light}", "attributes"),
        ("% a comment", "comment"),
    ],
)
def test_the_finder_finds_what_is_planted(text: str, kind: str) -> None:
    assert kind in {found for found, _ in raw(text)}


def test_the_finder_finds_much_in_the_notebooks_of_the_book_and_nothing_in_plain_code() -> None:
    assert sum(len(raw(text)) for name in NAMES for text in prose(pair(name))) > 500
    assert raw("```python\n{term}`x`\n```\nand $\\frac{1}{2}$, `{}`, a set {1, 2}, 10:30: late") == []


@each_page
def test_no_markup_of_the_site_is_left(name: str) -> None:
    assert [found for text in prose(plain(name)) for found in raw(text)] == []
    for cell in plain(name).cells:
        assert cell.metadata.keys() <= {"cellView", "jupyter"}


@each_page
def test_the_code_is_that_of_the_book_without_claims(name: str) -> None:
    ours = [cell for cell in pair(name).cells if not is_claim(cell)]
    code = [[c.source for c in cells if c.cell_type == "code"] for cells in (ours, plain(name).cells)]
    assert [re.sub(r"\A#@title Solution: .*\n", "", source) for source in code[1]] == code[0]


@each_page
def test_the_words_are_those_of_the_book(name: str) -> None:
    """Nothing is lost: each word outside of markup stands in the plain notebook, in the same order."""
    ours = iter(re.findall(r"\w+", _said("\n\n".join(prose(plain(name))))))
    lost = [word for word in re.findall(r"\w+", _said("\n\n".join(prose(pair(name))))) if word not in ours]
    assert lost == []


def _said(text: str) -> str:
    """Text without roles, addresses, fences, options and labels; titles of blocks stay."""
    text = re.sub(r"^:::\{(?:exercise|admonition)\} (.*)$", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"^:[\w-]+:.*$", "", text, flags=re.MULTILINE)
    text = MARKS["label"].sub("", MARKS["fence"].sub("", text))
    return re.sub(r"\{[\w:]+\}`[^`]+`|\]\([^)]*\)", "", text)


def test_what_is_committed_is_what_sync_writes() -> None:
    stale = [path.name for path, text in derived().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "Run: make sync"
    assert sorted(path.stem for path in (ROOT / "notebooks").iterdir()) == sorted(NAMES)
    asked = subprocess.run(["git", "ls-files", "notebooks"], cwd=ROOT, capture_output=True, text=True, check=False)
    if asked.returncode:
        pytest.skip("not a git checkout")
    assert asked.stdout.split() == [f"notebooks/{name}.ipynb" for name in sorted(NAMES)]


@each_page
def test_colab_gets_a_gpu_and_no_outputs(name: str) -> None:
    notebook = plain(name)
    nbformat.validate(notebook)
    assert notebook.metadata["accelerator"] == "GPU"
    assert notebook.metadata["colab"]["gpuType"] == "T4"
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert all(cell.outputs == [] for cell in notebook.cells if cell.cell_type == "code")
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


@each_page
def test_each_figure_has_its_caption_and_description_as_text_below(name: str) -> None:
    cells = plain(name).cells
    below = {c.source: after.source for c, after in pairwise(cells) if c.cell_type == "code"}
    below = {re.sub(r"\A#@title Solution: .*\n", "", source): text for source, text in below.items()}
    for cell in pair(name).cells:
        marked = cell.metadata.get("mystnb", {})
        for words in (marked.get("figure", {}).get("caption"), marked.get("image", {}).get("alt")):
            assert not words or roles.plain(words) in below[cell.source]


@each_page
def test_solutions_are_folded_away(name: str) -> None:
    """What the pair has between solution-start and solution-end: code as a form, text in details."""
    inside, code, hidden = False, [], 0
    for cell in pair(name).cells:
        if cell.cell_type == "code" and inside and not is_claim(cell):
            code.append(cell.source)
        for mark in re.findall(r"\{solution-(start|end)\}", cell.source) if cell.cell_type == "markdown" else ():
            hidden += mark == "start"
            inside = mark == "start"
    folded = [cell for cell in plain(name).cells if cell.source.startswith("#@title Solution: ")]
    assert [cell.source.split("\n", 1)[1] for cell in folded] == code
    assert all(cell.metadata == {"cellView": "form", "jupyter": {"source_hidden": True}} for cell in folded)
    text = "\n".join(prose(plain(name)))
    assert text.count("<details>\n<summary>") == text.count("\n\n</details>") >= hidden
    assert (hidden > 0) == name[:2].isdigit()


@each_page
def test_works_are_cited_in_words_and_listed(name: str) -> None:
    keys = roles.cited("\n".join(prose(pair(name))))
    text = "\n\n".join(prose(plain(name)))
    for key in keys:
        assert bibliography.short(key) in text
        assert bibliography.listed([key]) in text


@each_page
def test_it_begins_with_its_page_and_ends_with_the_next(name: str) -> None:
    first, *_, last = prose(plain(name))
    assert f"]({addresses.site(f'book/{name}')})" in first
    assert addresses.colab(f"notebooks/{name}.ipynb") in first
    toc = re.findall(r"file: book/(\w+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
    following = toc[toc.index(name) + 1]
    assert last.startswith("**Next:**")
    assert addresses.site(f"book/{following}") in last
    assert (addresses.colab(f"notebooks/{following}.ipynb") in last) == (following in NAMES)


def links(name: str) -> list[str]:
    tokens = [child for text in prose(plain(name)) for t in MarkdownIt().parse(text) for child in t.children or ()]
    return [str(token.attrs.get("href") or token.attrs.get("src", "")) for token in tokens if token.attrs]


@each_page
def test_links_lead_to_pages_notebooks_and_files_that_there_are(name: str) -> None:
    site, raw_files = addresses.site("").removesuffix(".html"), addresses.raw("")
    notebooks = addresses.colab("")
    for link in links(name):
        assert link.startswith("https://"), f"{link}: Colab opens a notebook alone, so a relative link leads nowhere"
        if link.startswith(site):
            page = urlsplit(link.removeprefix(site)).path.removesuffix(".html")
            assert (ROOT / f"{page}.md").exists() or (ROOT / f"{page}.py").exists(), link
        for start in (raw_files, notebooks):
            assert not link.startswith(start) or (ROOT / link.removeprefix(start)).is_file(), link


@pytest.mark.skipif(not (HTML / "index.html").exists(), reason="no built book; run: make book")
@each_page
def test_anchors_of_the_book_are_on_its_pages(name: str) -> None:
    from check import soup

    site, seen = addresses.site("").removesuffix(".html"), 0
    for link in (link for link in links(name) if link.startswith(site)):
        address = urlsplit(link.removeprefix(site))
        page = soup(HTML / address.path)
        assert not address.fragment or page.find(id=unquote(address.fragment)), link
        seen += bool(address.fragment)
    assert seen


@each_page
def test_the_address_of_the_repository_comes_from_one_function(name: str) -> None:
    """Any other mention of owner and name would stay behind when the repository moves."""
    text = json.dumps(plain(name), ensure_ascii=False)
    for known in (addresses.raw(""), addresses.colab(""), f"{addresses.repository()}@{addresses.tag()}"):
        text = text.replace(known, "")
    assert addresses.slug() not in text


def test_what_has_no_plain_form_is_named() -> None:
    with pytest.raises(ValueError, match=r"role \{download\}`x` .* ROLES"):
        roles.plain("{download}`x`")
    with pytest.raises(ValueError, match=r"directive \{mermaid\} .* DIRECTIVES"):
        plain_markdown.Page().plain(":::{mermaid}\na-->b\n:::")
    with pytest.raises(ValueError, match="list or quote"):
        plain_markdown.Page().plain("- item\n\n  ```{note}\n  x\n  ```")
    with pytest.raises(KeyError, match=r"glossary\.md"):
        roles.plain("{term}`no such word`")
    with pytest.raises(KeyError, match="nobody1999"):
        roles.plain("{cite}`nobody1999`")
    with pytest.raises(FileNotFoundError, match="99_nothing"):
        roles.plain("{doc}`99_nothing`")


@pytest.mark.parametrize(
    ("myst", "markdown"),
    [
        ("{term}`Tiles <tile>`", "[Tiles](SITE/book/glossary.html#term-tile)"),
        ("{term}`dot\nproduct`", "[dot product](SITE/book/glossary.html#term-dot-product)"),
        ("{term}`Tiny CLIP`", "[Tiny CLIP](SITE/book/glossary.html#term-tiny-CLIP)"),
        ("{doc}`11_zero_shot`", "[Zero-shot classification](SITE/book/11_zero_shot.html)"),
        ("{doc}`here <data_cards>`", "[here](SITE/book/data_cards.html)"),
        ("{ref}`ex-07-own`", "[Your own words](SITE/book/11_zero_shot.html#ex-07-own)"),
        ("{ref}`tracks`", "[Two tracks](SITE/book/how_to_use.html#tracks)"),
        ("{cite}`radford2021clip,ruifrok2001`", "(Radford et al. 2021; Ruifrok and Johnston 2001)"),
        ("{cite:t}`kish1965`", "Kish (1965)"),
        (
            "{py:func}`plip_tutorial.metrics.scores.report`",
            "[`plip_tutorial.metrics.scores.report`](SITE/book/api/metrics.html#plip_tutorial.metrics.scores.report)",
        ),
        ("`{}`, `{term}` and ``a {doc}`b` c``", "`{}`, `{term}` and ``a {doc}`b` c``"),
        (":::{tip}\nLook.\n:::", "> **Tip**\n>\n> Look."),
        (
            ":::{admonition} Gone\n:class: warning\nA {term}`tile`.\n:::",
            "> **Gone**\n>\n> A [tile](SITE/book/glossary.html#term-tile).",
        ),
        (":::{code-block} python\nx = 1\n:::", "```python\nx = 1\n```"),
        ("```bash\necho {term}`x`\n```", "```bash\necho {term}`x`\n```"),
        ("(here)=\n## Head\ntext", "## Head\ntext"),
    ],
)  # fmt: skip
def test_markdown_of_the_book_becomes_plain(myst: str, markdown: str) -> None:
    site = addresses.site("").removesuffix("/.html")
    assert plain_markdown.Page().plain(myst).replace(site, "SITE") == markdown
