"""MyST, as the book is written in, becomes Markdown that every notebook server shows: Colab knows no MyST.

A `Page` goes through the text cells of one notebook in their order, since a solution may reach over several. A
student's page leaves solutions out, and each page marks where an exercise wants its answer (`STUB`). Where the blocks
are, MyST's own parser says; what each becomes stands in `DIRECTIVES`, one function each, and in `roles`. What has no
plain form is an error, so that a new directive cannot reach a notebook raw.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import addresses
import bibliography
import live_view
import roles
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

FENCES = {"colon_fence", "fence"}
NAMED = re.compile(r"\{([\w:-]+)\}\s*(.*)")
OPTION = re.compile(r":([\w-]+):\s*(.*)")
STUB = "\0stub:"  # and the label of an exercise: here its answer is asked for
Form = Literal["student", "teacher", "reader"]
NOTES = ("note", "tip", "hint", "important", "warning", "caution", "attention", "danger", "error")


@cache
def parser() -> MarkdownIt:
    """The parser of the book, with the extensions that ``_config.yml`` switches on."""
    extensions = addresses.config()["parse"]["myst_enable_extensions"]
    return create_md_parser(MdParserConfig(enable_extensions=set(extensions)), RendererHTML)


def figure_text(caption: str, description: str) -> str:
    """What stands under a figure: its caption, and what is to be seen for those who cannot see it."""
    lines = [f"**Figure.** {caption}"] if caption else []
    return quoted("\n\n".join([*lines, *([f"*In words:* {description}"] if description else [])]))


def quoted(text: str) -> str:
    """Text as a quote."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())


@dataclass
class Page:
    """The text cells of one page, in their order.

    Attributes:
        form: whose notebook it is; a student's has no solutions, and a reader's, of a page that is no unit, no checks.
        name: of the page, ``"11_zero_shot"``.
        cited: keys of the works cited so far.
        exercises: titles of the exercises so far, by their labels.
        solution: the label of the exercise whose solution is open, else empty.
    """

    form: Form = "student"
    name: str = "index"
    cited: list[str] = field(default_factory=list)
    exercises: dict[str, str] = field(default_factory=dict)
    solution: str = ""

    @property
    def hidden(self) -> bool:
        """Whether what comes now is left out."""
        return bool(self.solution) and self.form == "student"

    def plain(self, source: str) -> str:
        """One cell as plain Markdown, without the marks of stubs."""
        return "\n\n".join(text for kind, text in self.pieces(source) if kind == "text")

    def pieces(self, source: str) -> Iterator[tuple[str, str]]:
        """One cell as its texts and, between them, the places of stubs with the labels of their exercises."""
        whole = "\n\n".join(part for part in self._parts(source) if part)
        for part in re.split(rf"({STUB}\S+)", whole):
            if part.startswith(STUB):
                yield "stub", part.removeprefix(STUB)
            elif part.strip():
                yield "text", part.strip("\n")

    def _parts(self, source: str) -> Iterator[str]:
        """Pieces of a text that this form shows."""
        lines, done = source.splitlines(), 0
        for token in (token for token in parser().parse(source) if token.level == 0 and token.map):
            start, end = token.map  # type: ignore[misc]
            if token.type == "myst_target" or (token.type in FENCES and token.info.startswith("{")):
                yield self._shown(lines[done:start])
                yield self._directive(token) if token.type in FENCES else ""
                done = end
        yield self._shown(lines[done:])

    def _shown(self, lines: list[str]) -> str:
        text = self._text(lines)  # works that a solution cites are listed in both forms
        return "" if self.hidden else text

    def _text(self, lines: list[str]) -> str:
        """Text without directives; code in it stays as it is."""
        text = "\n".join(lines).strip("\n")
        code = [token for token in parser().parse(text) if token.type in (*FENCES, "code_block") and token.map]
        for token in code:
            if token.info.startswith("{"):
                raise ValueError(f"a directive inside of a list or quote has no plain form: {token.info}. Move it out.")
        lines, pieces, done = text.splitlines(), [], 0
        for start, end in [*(token.map for token in code), (len(lines), len(lines))]:  # type: ignore[misc]
            prose = "\n".join(lines[done:start])
            self.cited += roles.cited(prose)
            pieces += [roles.plain(prose), *lines[start:end]]
            done = end
        return "\n".join(pieces).strip("\n")

    def _directive(self, token: Token) -> str:
        named = NAMED.fullmatch(token.info.strip())
        name, argument = (named[1], named[2]) if named else (token.info, "")
        if name not in DIRECTIVES:
            raise ValueError(
                f"the directive {{{name}}} has no plain form. Add one to DIRECTIVES in book/_tools/plain_markdown.py."
            )
        options, body = divided(token.content)
        return DIRECTIVES[name](self, argument, options, body)

    def exercise(self, argument: str, options: dict[str, str], body: str) -> str:
        """A heading, so that Colab lists and folds it, and the task; for a student the place of the answer."""
        self.exercises[options["label"]] = argument
        task = f"### Exercise: {argument}\n\n{self.plain(body)}"
        return f"{task}\n\n{STUB}{options['label']}" if self.form == "student" else task

    def open_solution(self, argument: str, options: dict[str, str], body: str) -> str:
        """From here on a student sees nothing."""
        self.solution = argument
        return "" if self.hidden else f"**Solution: {self.exercises[argument]}**"

    def close_solution(self, argument: str, options: dict[str, str], body: str) -> str:
        """The end of a solution, and for a teacher its check."""
        label, self.solution = self.solution, ""
        return f"{STUB}{label}" if self.form == "teacher" else ""

    def note(self, argument: str, options: dict[str, str], body: str) -> str:
        """A quote with its title or kind in bold."""
        return quoted(f"**{roles.plain(argument)}**\n\n{self.plain(body)}")

    def figure(self, argument: str, options: dict[str, str], body: str) -> str:
        """A picture that is a file. Colab opens a notebook alone and shows no attachments: so it comes from the web."""
        description = options.get("alt", "")
        picture = f"![{description.translate(str.maketrans('[]', '()'))}]({addresses.raw(f'book/{argument}')})"
        return f"{picture}\n\n{figure_text(self.plain(body), description)}"

    def code(self, argument: str, options: dict[str, str], body: str) -> str:
        """Code that is read and not run."""
        return f"```{argument}\n{body}\n```"

    def live(self, argument: str, options: dict[str, str], body: str) -> str:
        """A place where the page answers: here a link to it."""
        page = addresses.site(f"book/{self.name}", live_view.anchor(argument))
        return f"**Try it on the page:** [{live_view.VIEWS[argument]}]({page})"

    def bibliography(self, argument: str, options: dict[str, str], body: str) -> str:
        """The works that this page has cited."""
        return bibliography.listed(self.cited)


def divided(content: str) -> tuple[dict[str, str], str]:
    """The options of a directive and what comes after them."""
    lines, options = content.splitlines(), {}
    while lines and (found := OPTION.fullmatch(lines[0].strip())):
        options[found[1]] = found[2]
        lines.pop(0)
    return options, "\n".join(lines).strip("\n")


def _note_of(kind: str) -> Callable[[Page, str, dict[str, str], str], str]:
    """A note whose title is its kind; what stands behind its name belongs to the text."""

    def note(page: Page, argument: str, options: dict[str, str], body: str) -> str:
        return page.note(kind.capitalize(), options, f"{argument}\n{body}".strip())

    return note


#: What each directive becomes, from its argument, its options and its body.
DIRECTIVES: dict[str, Callable[[Page, str, dict[str, str], str], str]] = {
    "exercise": Page.exercise,
    "solution-start": Page.open_solution,
    "solution-end": Page.close_solution,
    "admonition": Page.note,
    "figure": Page.figure,
    "code-block": Page.code,
    "live": Page.live,
    "bibliography": Page.bibliography,
    **{kind: _note_of(kind) for kind in NOTES},
}
