"""MyST, as the book is written in, becomes Markdown that every notebook server shows: Colab knows no MyST.

A `Page` goes through the text cells of one notebook in their order, since a solution may reach over several. Where the
blocks are, MyST's own parser says; what each becomes stands in `DIRECTIVES`, one function each, and in `roles`. What
has no plain form is an error, so that a new directive cannot reach a notebook raw.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby

import addresses
import bibliography
import roles
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

FENCES = {"colon_fence", "fence"}
NAMED = re.compile(r"\{([\w:-]+)\}\s*(.*)")
OPTION = re.compile(r":([\w-]+):\s*(.*)")
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
        cited: keys of the works cited so far.
        exercises: titles of the exercises so far, by their labels.
        solution: the title of the solution that is open, else empty.
    """

    cited: list[str] = field(default_factory=list)
    exercises: dict[str, str] = field(default_factory=dict)
    solution: str = ""

    def plain(self, source: str) -> str:
        """One cell as plain Markdown; what belongs to a solution is folded away."""
        parts = [part for part in self._parts(source) if part[1]]
        folded = []
        for solution, group in groupby(parts, key=lambda part: part[0]):
            text = "\n\n".join(text for _, text in group)
            folded.append(fold(solution, text) if solution else text)
        return "\n\n".join(folded)

    def _parts(self, source: str) -> Iterator[tuple[str, str]]:
        """Pieces of a text, each with the solution that it stands in."""
        lines, done = source.splitlines(), 0
        for token in (token for token in parser().parse(source) if token.level == 0 and token.map):
            start, end = token.map  # type: ignore[misc]
            if token.type == "myst_target" or (token.type in FENCES and token.info.startswith("{")):
                yield self.solution, self._text(lines[done:start])
                yield self.solution, self._directive(token) if token.type in FENCES else ""
                done = end
        yield self.solution, self._text(lines[done:])

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
        """A heading, so that Colab lists and folds it, and the task."""
        self.exercises[options["label"]] = argument
        return f"### Exercise: {argument}\n\n{self.plain(body)}"

    def open_solution(self, argument: str, options: dict[str, str], body: str) -> str:
        """From here on everything is folded away."""
        self.solution = f"Solution: {self.exercises[argument]}"
        return ""

    def close_solution(self, argument: str, options: dict[str, str], body: str) -> str:
        """The end of what is folded."""
        self.solution = ""
        return ""

    def whole_solution(self, argument: str, options: dict[str, str], body: str) -> str:
        """A solution of text only."""
        return fold(f"Solution: {self.exercises[argument]}", self.plain(body))

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


def fold(title: str, text: str) -> str:
    """Text that opens with a click. Blank lines around it, or Markdown would take it for HTML."""
    return f"<details>\n<summary><b>{title}</b> (click to open)</summary>\n\n{text}\n\n</details>"


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
    "solution": Page.whole_solution,
    "admonition": Page.note,
    "figure": Page.figure,
    "code-block": Page.code,
    "bibliography": Page.bibliography,
    **{kind: _note_of(kind) for kind in NOTES},
}
