"""Message templates that no case can produce, with the reason."""

from __future__ import annotations

#: Reason by the module and the first words of a template.
EXCEPTIONS: dict[str, str] = {
    "api/messages.py: Number out of range": "The body is repaired, and the stream warns of that.",
    "streams/reports/record_parts.py: {}: two records have the same hash": (
        "It needs two objects whose IDs have one hash."
    ),
    "streams/reports/record_parts.py: expected an object": (
        "It is a detail of the message about records of an unexpected shape."
    ),
    "streams/custom.py: {} {}, as the settings define it": "It is a description in the catalog.",
    "api/shared_budget.py: The store of the shared budget is lost.": (
        "The budget of one job replaces it. Only its own warning is logged."
    ),
    "api/shared_connection.py: the connection is closed": (
        "A thread that waits for its start meets it. The client then reports that it is closed."
    ),
    "api/shared_stores.py: INSERT INTO": "It is a statement for a database.",
    "cli/__init__.py: A signal ended the run": "A signal ends the process of the test.",
    "streams/creative_reports.py: creatives of type": (
        "It is a detail of the message about a type that TikTok rejects."
    ),
    "streams/single_objects.py: expected an object": (
        "It is a detail of the message about a damaged response."
    ),
    "streams/gmv_max_items.py: expected an ID at": (
        "It is a detail of the message about a damaged response."
    ),
}
