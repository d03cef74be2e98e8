"""Measures of the project's language: words, names, semicolons and sentences.

`python tests/language.py` prints the figures. `test_language.py` holds the project to limits.
"""

from __future__ import annotations

import ast
import dataclasses
import io
import json
import re
import statistics
import sys
import tokenize
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parent.parent
PACKAGE_FILES = sorted((ROOT / "tap_tiktok_ads").rglob("*.py"))
TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))
SCRIPT_FILES = sorted(file for name in ("scripts", "benchmarks") for file in ROOT.glob(f"{name}/*"))
#: This file and its test name the words that they look for.
LANGUAGE_FILES = {Path(__file__), Path(__file__).with_name("test_language.py")}
CODE_FILES = [
    file
    for file in (*PACKAGE_FILES, *TEST_FILES, *SCRIPT_FILES)
    if file.suffix == ".py" and file not in LANGUAGE_FILES
]
ROOT_PAGES = ("AGENTS", "CHANGELOG", "CODE_OF_CONDUCT", "CONTRIBUTING", "README", "SECURITY")
DOC_FILES = sorted(
    [
        *(ROOT / f"{name}.md" for name in ROOT_PAGES),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / ".github").rglob("*.md"),
        *(ROOT / "benchmarks").rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
    ]
)
SCHEMA_FILES = sorted((ROOT / "schemas").rglob("*.json"))
FORM_FILES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))

#: Names that do not say what a thing is.
OPAQUE_NAMES = frozenset(
    [
        "one",
        "found",
        "known",
        "told",
        "part",
        "parts",
        "wanted",
        "others",
        "missing",
        "chosen",
        "asked",
        "sent",
        "left",
        "rest",
        "before",
        "again",
        "own",
    ]
)
#: Words to leave out, with the words to write instead.
PROSE_WORDS = {
    r"tells?|told|telling": "report, log, return or raise",
    r"anew": "re-read or retry",
    r"as ever": "the statement without it",
    r"likewise": "the noun again",
    r"what came": "received",
    r"answer(s|ed|ing)?|(TikTok|server|API)('s)? repl(y|ies|ied)": "response, or respond",
    r"ask(s|ed|ing)? for": "request",
    r"look-ups?": "lookup",
    r"listings?": "list, list endpoint or collection",
    r"a reading|readings": "pass",
    r"odd|oddly": "inconsistent, or unexpected",
    r"oddities": "fault injection options",
    r"whole(?! (number|second|minute|hour)s?)": "complete, or entire",
    r"gaps?": "incomplete partition, or days that were not read",
    r"in the background": "asynchronous",
    r"refus(e|es|ed|ing|al|als)": "permission denied, or rejected",
    r"impersonal": "unpartitioned",
    r"usual metrics": "default metrics",
    r"ready streams": "built-in streams",
    r"frugal": "the setting or parameter that it stands for",
    r"spool(s|ed)?|tombstoned|tombstones an?": "the plain word for the thing",
}
#: British spellings, with the American ones.
BRITISH_WORDS = {
    r"(un|re)?authoris(e|es|ed|ing|ation|ations)": "authorize",
    r"catalogues?": "catalog",
    r"(de)?normalis(e|es|ed|ing|ation)": "normalize",
    r"(de)?serialis(e|es|ed|ing|ation)": "serialize",
    r"(initial|final|minim|maxim|optim|priorit|organ|recogn|summar|synchron|util|customi|special)"
    r"is(e|es|ed|ing|ation)": "the spelling with z",
    r"analys(e|es|ed|ing)": "analyze",
    r"(dis)?colou?rs?(?<!olor)(?<!olors)": "color",
    r"licences?": "license",
    r"(mis)?behaviours?": "behavior",
    r"favou?rs?(?<!avor)(?<!avors)|favourites?": "favor",
    r"honour(s|ed)?": "honor",
    r"neighbour(s|ing)?": "neighbor",
    r"centres?|centred": "center",
    r"grey": "gray",
    r"artefacts?": "artifact",
    r"labell(ed|ing)": "labeled",
    r"modell(ed|ing)": "modeled",
    r"travell(ed|ing)": "traveled",
    r"whilst|amongst": "while, among",
    r"learnt|spelt": "learned, spelled",
    r"defence|offence": "defense, offense",
    r"programmes?": "program",
}
#: Words of a name, in lower case, with the words to write instead.
NAME_WORDS = {r"told|tells?": "reported", r"anew": "retry", r"likewise": "the noun"}
#: Prefixes and parts of constants, with those to write instead.
CONSTANT_PARTS = {"MOST_": "MAX_", "LEAST_": "MIN_"}
#: Public names, which keep their spelling: an option of the simulator.
PUBLIC_NAMES = frozenset({"unauthorised"})

WORDS = [
    (re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE), advice)
    for pattern, advice in (PROSE_WORDS | BRITISH_WORDS).items()
]
NAME_PATTERNS = [
    (re.compile(rf"(?<![a-z])(?:{pattern})(?![a-z])"), advice)
    for pattern, advice in (NAME_WORDS | BRITISH_WORDS).items()
]
_CODE_BLOCK = re.compile(r"^( *)(```|~~~).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
_CODE_SPAN = re.compile(r"`[^`\n]+`")
_LINK_TARGET = re.compile(r"\]\([^)\s]*\)|https?://\S+|<!--.*?-->|<[^>\n]+>")
_TABLE_ROW = re.compile(r"^\s*\|.*$", re.MULTILINE)
_EXAMPLE = re.compile(r"^\s*(>>>|\.\.\.).*$", re.MULTILINE)
#: The end of a sentence, an item of a list, a heading, or an empty line.
_SENTENCE_END = re.compile(r"[.!?]['\")*_`]*\s|:\s*\n|\n\s*\n|\n\s*(?:[-*#>+]|\d+\.)\s|\n#+ ")
_NAME_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
MIN_SENTENCE_WORDS = 4


class Text(t.NamedTuple):
    """A piece of prose, or a name, in a file.

    Attributes:
        line: Number of its first line, from 1.
        kind: `docstring`, `comment`, `message`, `name` or `prose`.
        text: The text. Code and links are replaced by spaces.
    """

    line: int
    kind: str
    text: str


class Violation(t.NamedTuple):
    """A word that a rule rules out.

    Attributes:
        line: Number of its line, from 1.
        word: The word.
        advice: What to write instead.
        kind: The kind of its text.
    """

    line: int
    word: str
    advice: str
    kind: str

    def at(self, file: Path) -> str:
        """Return the violation as `file:line: word -> use advice`."""
        path = file.relative_to(ROOT)
        return f"{path}:{self.line}: {self.word!r} ({self.kind}) -> use {self.advice}"


def _blank(match: re.Match[str]) -> str:
    """Return spaces in place of a match. Line breaks stay, so that lines keep their numbers."""
    return re.sub(r"[^\n]", " ", match[0])


def without_code(text: str) -> str:
    """Return a text without code blocks, code spans, links and examples of the interpreter."""
    for pattern in (_CODE_BLOCK, _EXAMPLE, _CODE_SPAN, _LINK_TARGET):
        text = pattern.sub(_blank, text)
    return text


def docstring_nodes(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.Constant]]:
    """Yield each documented module, class and function, with its docstring."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            value = first.value if isinstance(first, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield node, value


def docstrings(file: Path) -> list[Text]:
    """Return the docstrings of a Python file, without code."""
    tree = ast.parse(file.read_text("utf-8"))
    return [
        Text(node.lineno, "docstring", without_code(str(node.value)))
        for _, node in docstring_nodes(tree)
    ]


def comments(file: Path) -> Iterator[Text]:
    """Yield the comments of a Python file, without directives such as `noqa`."""
    for token in tokenize.generate_tokens(io.StringIO(file.read_text("utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield Text(token.start[0], "comment", without_code(token.string))


def messages(file: Path) -> Iterator[Text]:
    """Yield the string literals of a Python file that hold several words."""
    tree = ast.parse(file.read_text("utf-8"))
    documentation = {id(node) for _, node in docstring_nodes(tree)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in documentation:
            continue
        if isinstance(node.value, str) and " " in node.value.strip():
            yield Text(node.lineno, "message", without_code(node.value))


def names(file: Path) -> Iterator[Text]:
    """Yield the names that a Python file assigns or defines: variables, parameters, functions."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield Text(node.lineno, "name", node.id)
        elif isinstance(node, ast.arg):
            yield Text(node.lineno, "name", node.arg)
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield Text(node.lineno, "name", node.name)


def variables(file: Path) -> Iterator[Text]:
    """Yield the variables and parameters of a Python file."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield Text(node.lineno, "name", node.id)
        elif isinstance(node, ast.arg):
            yield Text(node.lineno, "name", node.arg)


def opaque_names(file: Path) -> Iterator[Text]:
    """Yield the variables and parameters whose name does not say what they hold."""
    return (text for text in variables(file) if text.text in OPAQUE_NAMES)


def doc_text(file: Path) -> str:
    """Return the prose of a Markdown file. Of the changelog, only what is not released yet."""
    text = file.read_text("utf-8")
    if file.name == "CHANGELOG.md":
        released = re.search(r"^## \[?\d", text, re.MULTILINE)
        text = text[: released.start()] if released else text
    return without_code(text)


def schema_texts(file: Path) -> Iterator[Text]:
    """Yield the titles and descriptions of a JSON schema. Their lines are not known."""

    def walk(value: t.Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (
                value[key] for key in ("title", "description") if isinstance(value.get(key), str)
            )
            for member in value.values():
                yield from walk(member)
        elif isinstance(value, list):
            for member in value:
                yield from walk(member)

    for text in walk(json.loads(file.read_text("utf-8"))):
        yield Text(1, "description", without_code(text))


def texts(file: Path) -> Iterator[Text]:
    """Yield all texts of a file that the word list applies to.

    String literals of tests are data: the messages in them are read where the package has them.
    """
    if file.suffix == ".py":
        yield from docstrings(file)
        yield from comments(file)
        yield from names(file)
        if file not in TEST_FILES:
            yield from messages(file)
    elif file.suffix == ".json":
        yield from schema_texts(file)
    elif file.suffix == ".yml":
        yield Text(1, "prose", without_code(file.read_text("utf-8")))
    else:
        yield Text(1, "prose", doc_text(file))


def words_to_replace(text: Text) -> Iterator[Violation]:
    """Yield each word of a text that the word list rules out."""
    content, patterns = text.text, WORDS
    if text.kind == "name":
        if content in PUBLIC_NAMES:
            return
        for prefix, advice in CONSTANT_PARTS.items():
            if prefix in content:
                yield Violation(text.line, content, advice, text.kind)
        content, patterns = _NAME_CASE.sub("_", content).lower(), NAME_PATTERNS
    for pattern, advice in patterns:
        for match in pattern.finditer(content):
            line = text.line + content.count("\n", 0, match.start())
            yield Violation(line, match[0], advice, text.kind)


def violations(file: Path) -> list[str]:
    """Return each word of a file that the word list rules out, with its line and the advice."""
    words = [word for text in texts(file) for word in words_to_replace(text)]
    return [word.at(file) for word in sorted(words)]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text. Table rows, headings and items of few words are left out."""
    pieces = _SENTENCE_END.split(_TABLE_ROW.sub("\n", text))
    return [piece for piece in pieces if len(piece.split()) >= MIN_SENTENCE_WORDS]


def mean_words(content: Iterable[str]) -> float:
    """Return the mean number of words in the sentences of some texts. 0 without a sentence."""
    counts = [len(piece.split()) for text in content for piece in sentences(text)]
    return statistics.fmean(counts) if counts else 0.0


def longest_sentences(text: str, count: int = 3) -> list[str]:
    """Return the longest sentences of a text, each on one line with its number of words."""
    pieces = sorted(sentences(text), key=lambda piece: len(piece.split()), reverse=True)
    return [f"{len(piece.split())} words: {' '.join(piece.split())}" for piece in pieces[:count]]


def per_thousand(count: int, total: int) -> float:
    """Return a count per 1,000."""
    return 1000 * count / max(1, total)


def what_docstrings(file: Path) -> Iterator[Text]:
    """Yield the docstrings of a file that begin with What or Whether."""
    return (text for text in docstrings(file) if re.match(r"\s*(What|Whether)\b", text.text))


def all_files() -> list[Path]:
    """Return the files that the word list applies to."""
    return [*CODE_FILES, *DOC_FILES, *SCHEMA_FILES, *FORM_FILES]


@dataclasses.dataclass(frozen=True)
class Figures:
    """Figures of the project's language. Rates are per 1,000 names or words.

    Attributes:
        opaque_names: Names of variables and parameters that are in `OPAQUE_NAMES`.
        docstring_tells: "tell", "told", "anew", "as ever" and "likewise" in docstrings.
        doc_tells: The same words in the documentation.
        docstring_semicolons: Semicolons in docstrings.
        doc_semicolons: Semicolons in the documentation.
        docstring_words: Mean number of words in a sentence of docstrings.
        doc_words: Mean number of words in a sentence of the documentation.
        what_docstrings: Number of docstrings that begin with What or Whether.
        listed_words: Number of words in all files that the word list rules out.
    """

    opaque_names: float
    docstring_tells: float
    doc_tells: float
    docstring_semicolons: float
    doc_semicolons: float
    docstring_words: float
    doc_words: float
    what_docstrings: int
    listed_words: int


TELL = re.compile(r"\b(tells?|told|telling|anew|likewise)\b|as ever", re.IGNORECASE)
SEMICOLON = re.compile(";")


def rate(pattern: re.Pattern[str], content: Iterable[str]) -> float:
    """Return how often a pattern occurs per 1,000 words of some texts."""
    text = "\n".join(content)
    return per_thousand(len(pattern.findall(text)), len(text.split()))


def docstring_rate(pattern: re.Pattern[str]) -> float:
    """Return how often a pattern occurs per 1,000 words of the package's docstrings."""
    return rate(pattern, (text.text for file in PACKAGE_FILES for text in docstrings(file)))


def doc_rate(pattern: re.Pattern[str]) -> float:
    """Return how often a pattern occurs per 1,000 words of the documentation, without tables."""
    return rate(pattern, (_TABLE_ROW.sub("", doc_text(file)) for file in DOC_FILES))


def opaque_name_rate() -> float:
    """Return how many of 1,000 variables and parameters of the package have an opaque name."""
    all_names = [name for file in PACKAGE_FILES for name in variables(file)]
    opaque_count = sum(name.text in OPAQUE_NAMES for name in all_names)
    return per_thousand(opaque_count, len(all_names))


def measure() -> Figures:
    """Return the figures of the package and of the documentation."""
    return Figures(
        opaque_names=opaque_name_rate(),
        docstring_tells=docstring_rate(TELL),
        doc_tells=doc_rate(TELL),
        docstring_semicolons=docstring_rate(SEMICOLON),
        doc_semicolons=doc_rate(SEMICOLON),
        docstring_words=mean_words(
            text.text for file in PACKAGE_FILES for text in docstrings(file)
        ),
        doc_words=mean_words(map(doc_text, DOC_FILES)),
        what_docstrings=sum(1 for file in CODE_FILES for _ in what_docstrings(file)),
        listed_words=sum(len(violations(file)) for file in all_files()),
    )


def main() -> None:
    """Print the figures."""
    for name, value in dataclasses.asdict(measure()).items():
        sys.stdout.write(f"{name:22}{value:8.1f}\n")


if __name__ == "__main__":
    main()
