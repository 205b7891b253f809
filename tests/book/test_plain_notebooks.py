"""Students' and teachers' notebooks: plain Markdown, the code of the book, links that lead somewhere."""

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
import course  # noqa: E402
import plain_markdown  # noqa: E402
import roles  # noqa: E402
from claims import is_claim  # noqa: E402
from sync import derived, sources  # noqa: E402

NAMES = [source.stem for source in sources()]
FORMS = [("student", name) for name in NAMES] + [("teacher", name) for name in course.units()]
each_page = pytest.mark.parametrize("name", NAMES)
each_notebook = pytest.mark.parametrize(("form", "name"), FORMS)
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


def plain(name: str, form: str = "student") -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "notebooks" / form / f"{name}.ipynb", as_version=4)


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
        (":label: ex-11-own", "option"),
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


@each_notebook
def test_no_markup_of_the_site_is_left(form: str, name: str) -> None:
    assert [found for text in prose(plain(name, form)) for found in raw(text)] == []
    for cell in plain(name, form).cells:
        assert cell.metadata.keys() <= {"cellView", "jupyter"}


def _split(name: str) -> tuple[list[str], list[str]]:
    """Code of a page: all of it, and what stands outside of solutions; claims aside."""
    inside, everything, outside = False, [], []
    for cell in pair(name).cells:
        if cell.cell_type == "code" and not is_claim(cell):
            everything.append(cell.source)
            outside += [] if inside else [cell.source]
        for mark in re.findall(r"\{solution-(start|end)\}", cell.source) if cell.cell_type == "markdown" else ():
            inside = mark == "start"
    return everything, outside


@each_page
def test_the_code_is_that_of_the_book_without_claims(name: str) -> None:
    """A student's has stubs in place of solutions, a teacher's each solution and its check."""
    everything, outside = _split(name)
    code = [cell.source for cell in plain(name).cells if cell.cell_type == "code"]
    stubs = [source for source in code if "exercises.check(" in source]
    assert [source for source in code if source not in stubs] == (outside if name in course.units() else everything)
    assert len(stubs) == (len(course.labels(name)) if name in course.units() else 0)
    assert all(re.search(r"^answer = (?:\.\.\.|\"\"\" \"\"\")$", stub, re.MULTILINE) for stub in stubs)
    if name in course.units():
        told = [cell.source for cell in plain(name, "teacher").cells if cell.cell_type == "code"]
        checks = [source for source in told if "exercises.check(" in source]
        assert [source for source in told if source not in checks] == everything
        assert len(checks) == len(stubs)


@each_page
def test_the_words_are_those_of_the_book(name: str) -> None:
    """Nothing is lost: each word outside of markup stands in the teacher's notebook, in the same order."""
    ours = iter(
        re.findall(r"\w+", _said("\n\n".join(prose(plain(name, "teacher" if name in course.units() else "student")))))
    )
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
    written = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "notebooks").rglob("*.ipynb"))
    assert written == sorted(f"notebooks/{form}/{name}.ipynb" for form, name in FORMS)
    asked = subprocess.run(["git", "ls-files", "notebooks"], cwd=ROOT, capture_output=True, text=True, check=False)
    if asked.returncode:
        pytest.skip("not a git checkout")
    assert sorted(asked.stdout.split()) == written


@each_notebook
def test_colab_gets_a_gpu_and_no_outputs(form: str, name: str) -> None:
    notebook = plain(name, form)
    nbformat.validate(notebook)
    assert notebook.metadata["accelerator"] == "GPU"
    assert notebook.metadata["colab"]["gpuType"] == "T4"
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert all(cell.outputs == [] for cell in notebook.cells if cell.cell_type == "code")
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


@each_notebook
def test_each_figure_has_its_caption_and_description_as_text_below(form: str, name: str) -> None:
    cells = plain(name, form).cells
    below = {c.source: after.source for c, after in pairwise(cells) if c.cell_type == "code"}
    for cell in pair(name).cells:
        marked = cell.metadata.get("mystnb", {})
        for words in (marked.get("figure", {}).get("caption"), marked.get("image", {}).get("alt")):
            if words and cell.source in below:
                assert roles.plain(words) in below[cell.source]


@pytest.mark.parametrize("name", course.units())
def test_a_student_gets_no_solution(name: str) -> None:
    """No line of one, and no word of its reading; a teacher has both, and what to say at the top."""
    everything, outside = _split(name)
    text = "\n".join(cell.source for cell in plain(name).cells)
    given = "\n".join(
        [*outside, *re.split(r":::\{solution-start\}(?s:.*?):::\{solution-end\}", "\n".join(prose(pair(name))))]
    )
    for source in everything:
        if source not in outside:
            long = [line for line in source.splitlines() if len(line) > 40 and line not in given]
            assert [line for line in long if line in text] == []
    assert "Solution" not in text
    first, told = (cell.source for cell in plain(name, "teacher").cells[:2])
    assert "teacher's notebook" in first
    assert course.teaching(name)["across"] in told.replace("> ", "")


@each_notebook
def test_works_are_cited_in_words_and_listed(form: str, name: str) -> None:
    text = "\n\n".join(prose(plain(name, form)))
    for key in roles.cited("\n".join(prose(pair(name)))):
        assert bibliography.listed([key]) in text
        assert form == "student" or bibliography.short(key) in text


@each_page
def test_it_begins_with_its_page_and_ends_with_the_next(name: str) -> None:
    first, *_, last = prose(plain(name))
    assert f"]({addresses.site(f'book/{name}')})" in first
    assert addresses.colab(f"notebooks/student/{name}.ipynb") in first
    toc = re.findall(r"file: book/(\w+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
    following = toc[toc.index(name) + 1]
    assert last.startswith("**Next:**")
    assert addresses.site(f"book/{following}") in last
    assert (addresses.colab(f"notebooks/student/{following}.ipynb") in last) == (following in NAMES)


def links(name: str, form: str = "student") -> list[str]:
    tokens = [
        child for text in prose(plain(name, form)) for t in MarkdownIt().parse(text) for child in t.children or ()
    ]
    return [str(token.attrs.get("href") or token.attrs.get("src", "")) for token in tokens if token.attrs]


@each_notebook
def test_links_lead_to_pages_notebooks_and_files_that_there_are(form: str, name: str) -> None:
    site, raw_files = addresses.site("").removesuffix(".html"), addresses.raw("")
    notebooks = addresses.colab("")
    for link in links(name, form):
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
        ("{doc}`11_zero_shot`", "[11 · Zero-shot](SITE/book/11_zero_shot.html)"),
        ("{doc}`here <data_cards>`", "[here](SITE/book/data_cards.html)"),
        ("{ref}`ex-11-cuts`", "[Four cuts of each tile](SITE/book/11_zero_shot.html#ex-11-cuts)"),
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
