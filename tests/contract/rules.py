"""The table of rules: what each request must keep, and where TikTok states it."""

from __future__ import annotations

import dataclasses
import typing as t

from .endpoints import ENDPOINTS
from .messages import BASE_PATH
from .object_rules import OBJECT_RULES
from .parameters import problems_of
from .report_rules import REPORT_RULES
from .rule_types import Rule
from .shop_rules import SHOP_RULES

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from .messages import Sent


def is_post(sent: Sent) -> bool:
    """Return True for a POST request."""
    return sent.method == "POST"


TRANSPORT_RULES = (
    Rule(
        "The path is below /open_api/v1.3 and ends with a slash",
        "fact sheet 2",
        lambda _: True,
        lambda sent: (
            sent.target.startswith(f"{BASE_PATH}/") and sent.target.partition("?")[0].endswith("/")
        ),
    ),
    Rule(
        "The token is in the header Access-Token, without a scheme, and not in the query string",
        "fact sheet 2",
        lambda _: True,
        lambda sent: (
            " " not in sent.headers.get("Access-Token", " ")
            and not {"access_token", "access-token"} & {name.lower() for name in sent.query}
        ),
    ),
    Rule(
        "A GET has no body",
        "fact sheet 2",
        lambda sent: not is_post(sent),
        lambda sent: not sent.body,
    ),
    Rule(
        "A POST has a JSON object as its body, and no query string",
        "yml report_task_create",
        is_post,
        lambda sent: (
            sent.headers.get("Content-Type", "").startswith("application/json")
            and bool(sent.parameters)
            and not sent.query
        ),
    ),
    Rule(
        "The endpoint is documented, with its method",
        "the table of endpoints",
        lambda _: True,
        lambda sent: (sent.method, sent.path) in ENDPOINTS,
    ),
)

RULES = (*TRANSPORT_RULES, *OBJECT_RULES, *REPORT_RULES, *SHOP_RULES)


@dataclasses.dataclass(frozen=True)
class Violation:
    """A request or run that breaks a rule."""

    rule: str
    source: str
    case: str

    def __str__(self) -> str:
        """Return the violation in one line."""
        return f"{self.rule} [{self.source}]: {self.case}"


def parameter_violations(sent: Sent) -> Iterator[Violation]:
    """Yield each parameter that the table of endpoints does not allow."""
    endpoint = ENDPOINTS.get((sent.method, sent.path))
    if endpoint is None:
        return
    are_texts = sent.method == "GET"
    found: dict[str, list[str]] = {}
    for problem in problems_of(endpoint.parameters, sent.parameters, are_texts=are_texts):
        found.setdefault(problem.partition(" ")[0], []).append(problem)
    for parameter, problems in found.items():
        case = f"{'; '.join(problems[:3])} ({len(problems)} in all): {sent}"
        yield Violation(f"{sent.path} {parameter} is as documented", endpoint.source, case)


def violations(sent: Sent) -> Iterator[Violation]:
    """Yield each rule that a request breaks."""
    yield from parameter_violations(sent)
    for rule in RULES:
        if rule.applies(sent) and not rule.is_kept(sent):
            yield Violation(rule.name, rule.source, str(sent))
