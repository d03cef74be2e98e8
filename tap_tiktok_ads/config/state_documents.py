"""JSON documents that hold a state: a state, a STATE message, and the documents of Meltano."""

from __future__ import annotations

import dataclasses
import typing as t

from tap_tiktok_ads.api.errors import ConfigError
from tap_tiktok_ads.config.files import check_state, read_json

if t.TYPE_CHECKING:
    from pathlib import Path

#: The members that lead to a state: of a STATE message, of `meltano state get`, and of a file in
#: a state backend of Meltano.
WRAPPERS = (("value",), ("singer_state",), ("completed", "singer_state"))
#: The member of Meltano's file with the state of runs that read some streams only.
PARTIAL = "partial"


@dataclasses.dataclass(frozen=True, slots=True)
class StateDocument:
    """A document, and where its state is.

    Attributes:
        content: The document.
        path: The members that lead to the state. Empty if the document is the state.
    """

    content: dict[str, t.Any]
    path: tuple[str, ...] = ()

    @classmethod
    def of(cls, content: dict[str, t.Any]) -> StateDocument:
        """Return the document of a JSON object."""
        for path in WRAPPERS:
            state = cls(content, path).state
            if isinstance(state, dict) and ("bookmarks" in state or not state):
                return cls(content, path)
        return cls(content)

    @property
    def state(self) -> t.Any:
        """The state."""
        value: t.Any = self.content
        for name in self.path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def with_state(self, state: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return a document of this form with another state."""
        document = state
        for depth in reversed(range(len(self.path))):
            holder = StateDocument(self.content, self.path[:depth]).state
            document = {**holder, self.path[depth]: document}
        return document


def read_state_document(path: Path) -> StateDocument:
    """Return the document in a file, with a state of this tap.

    Raises:
        ConfigError: The file holds no state of this tap, or one that Meltano has to merge.
    """
    label = f"State file {path}"
    document = StateDocument.of(read_json(str(path), label, open))
    if document.path[:1] == ("completed",) and document.content.get(PARTIAL):
        msg = (
            f"{label} holds a partial state, which Meltano merges. Write the merged state with "
            "`meltano state get STATE_ID`, and pass that file."
        )
        raise ConfigError(msg)
    check_state(document.state, label, str(path))
    return document
