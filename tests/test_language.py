"""The project's language: plain words, clear names and short sentences.

The words and what to write instead are listed in `language.py`.
"""

from __future__ import annotations

import typing as t

import language
import pytest

if t.TYPE_CHECKING:
    from pathlib import Path

MAX_OPAQUE_PER_THOUSAND = 4.0
MAX_DOCSTRING_SEMICOLONS_PER_THOUSAND = 0.9
MAX_DOC_SEMICOLONS_PER_THOUSAND = 1.5
MAX_MEAN_SENTENCE_WORDS = 18.0


def path_id(file: Path) -> str:
    """Return the path of a file in the project."""
    return str(file.relative_to(language.ROOT))


def places_of(files: list[Path], character: str, content: t.Callable[[Path], list[str]]) -> str:
    """Return a line for each file whose texts hold a character, the most frequent first."""
    counts = {path_id(file): "".join(content(file)).count(character) for file in files}
    order = sorted(counts, key=lambda name: -counts[name])
    return "\n".join(f"{name}: {counts[name]}" for name in order if counts[name])


def docstring_texts(file: Path) -> list[str]:
    """Return the docstrings of a file."""
    return [text.text for text in language.docstrings(file)]


@pytest.mark.parametrize("file", language.all_files(), ids=path_id)
def test_file_uses_plain_words(file: Path) -> None:
    """Names, docstrings, comments, messages and prose avoid the words of the list."""
    violations = language.violations(file)
    assert not violations, "\n" + "\n".join(violations)


@pytest.mark.parametrize("file", language.CODE_FILES, ids=path_id)
def test_docstring_begins_with_a_verb_or_a_noun(file: Path) -> None:
    """No docstring begins with What or Whether."""
    places = [
        f"{path_id(file)}:{text.line}: {text.text.split(maxsplit=1)[0]} -> name the thing, or "
        "write 'Return True if ...'"
        for text in language.what_docstrings(file)
    ]
    assert not places, "\n" + "\n".join(places)


@pytest.mark.parametrize("file", language.PACKAGE_FILES, ids=path_id)
def test_docstring_sentences_are_short(file: Path) -> None:
    """The sentences of a module's docstrings have at most 18 words on average."""
    content = docstring_texts(file)
    mean = language.mean_words(content)
    longest = language.longest_sentences("\n\n".join(content))
    assert mean <= MAX_MEAN_SENTENCE_WORDS, "\n".join([f"mean {mean:.1f} words", *longest])


@pytest.mark.parametrize("file", language.DOC_FILES, ids=path_id)
def test_doc_sentences_are_short(file: Path) -> None:
    """The sentences of a page have at most 18 words on average."""
    text = language.doc_text(file)
    mean = language.mean_words([text])
    assert mean <= MAX_MEAN_SENTENCE_WORDS, "\n".join(
        [f"{path_id(file)}: mean {mean:.1f} words", *language.longest_sentences(text)]
    )


def test_names_say_what_they_hold() -> None:
    """At most 4 of 1,000 variables and parameters of the package have an opaque name."""
    places = [
        f"{path_id(file)}:{name.line}: {name.text}"
        for file in language.PACKAGE_FILES
        for name in language.opaque_names(file)
    ]
    rate = language.opaque_name_rate()
    assert rate <= MAX_OPAQUE_PER_THOUSAND, "\n".join(["Rename:", *places])


def test_docstrings_have_few_semicolons() -> None:
    """The package's docstrings have at most 0.9 semicolons per 1,000 words."""
    rate = language.docstring_rate(language.SEMICOLON)
    places = places_of(language.PACKAGE_FILES, ";", docstring_texts)
    assert rate <= MAX_DOCSTRING_SEMICOLONS_PER_THOUSAND, (
        f"{rate:.1f} per 1,000 words. Write two sentences:\n{places}"
    )


def test_docs_have_few_semicolons() -> None:
    """The documentation has at most 1.5 semicolons per 1,000 words."""
    rate = language.doc_rate(language.SEMICOLON)
    places = places_of(language.DOC_FILES, ";", lambda file: [language.doc_text(file)])
    assert rate <= MAX_DOC_SEMICOLONS_PER_THOUSAND, (
        f"{rate:.1f} per 1,000 words. Write two sentences:\n{places}"
    )


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("prose", "TikTok tells no time, and reads it anew.", {"tells", "anew"}),
        ("prose", "The licence and its colour. A License, and a color.", {"licence", "colour"}),
        ("prose", "An authorised catalogue of look-ups", {"look-ups", "authorised", "catalogue"}),
        ("prose", "Write whole numbers; refused values", {"refused"}),
        ("name", "MOST_PAGES", {"MOST_PAGES"}),
        ("name", "LEAST_AHEAD", {"LEAST_AHEAD"}),
        ("name", "toldOnce", {"told"}),
        ("name", "license_url", set()),
        ("name", "almost_done", set()),
        ("prose", "toldness, foretell, oddment, gapless", set()),
    ],
)
def test_word_list_finds_words(kind: str, content: str, words: set[str]) -> None:
    """The word list finds a listed word, and no longer word that contains it."""
    text = language.Text(1, kind, content)
    words_in_text = {violation.word for violation in language.words_to_replace(text)}
    assert words_in_text == words


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Say `told`.", "Say       ."),
        ("```\ntold\n```\nNow", "   \n    \n   \nNow"),
        ("[a page](told.md)", "[a page          "),
        (">>> told(1)", "           "),
    ],
)
def test_code_is_not_prose(content: str, expected: str) -> None:
    """Code blocks, code spans, link targets and examples are not searched for words."""
    assert language.without_code(content) == expected


def test_violation_names_file_line_and_advice() -> None:
    """A violation names the file, the line, the word and what to write instead."""
    text = language.Text(3, "comment", "first\nas ever")
    (violation,) = language.words_to_replace(text)
    file = language.ROOT / "README.md"
    assert violation.at(file).startswith("README.md:4: 'as ever' (comment) -> use ")
