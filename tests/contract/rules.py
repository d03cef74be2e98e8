"""Rules that each request must keep, with the source where TikTok documents them."""

from __future__ import annotations

import dataclasses
import typing as t

from .endpoints import ENDPOINTS
from .endpoints_insights import INSIGHT_RULES
from .file_rules import FILE_RULES
from .messages import BASE_PATH
from .object_rules import OBJECT_RULES
from .parameters import problems_of
from .report_rules import REPORT_RULES
from .rule_types import Rule
from .shop_rules import SHOP_RULES
from .type_rules import TASK_RULES, TYPE_RULES

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from .messages import SentRequest


def is_post(request: SentRequest) -> bool:
    """Return True for a POST request."""
    return request.method == "POST"


TRANSPORT_RULES = (
    Rule(
        "The path is below /open_api/v1.3 and ends with a slash",
        "fact sheet 2",
        lambda _: True,
        lambda request: (
            request.target.startswith(f"{BASE_PATH}/")
            and request.target.partition("?")[0].endswith("/")
        ),
    ),
    Rule(
        "The token is in the header Access-Token, without a scheme, and not in the query string",
        "fact sheet 2",
        lambda _: True,
        lambda request: (
            " " not in request.headers.get("Access-Token", " ")
            and not {"access_token", "access-token"} & {name.lower() for name in request.query}
        ),
    ),
    Rule(
        "A GET has no body",
        "fact sheet 2",
        lambda request: not is_post(request),
        lambda request: not request.body,
    ),
    Rule(
        "A POST has a JSON object as its body, and no query string",
        "yml report_task_create",
        is_post,
        lambda request: (
            request.headers.get("Content-Type", "").startswith("application/json")
            and bool(request.parameters)
            and not request.query
        ),
    ),
    Rule(
        "The endpoint is documented, with its method",
        "the table of endpoints",
        lambda _: True,
        lambda request: (request.method, request.path) in ENDPOINTS,
    ),
)

RULES = (
    *TRANSPORT_RULES,
    *OBJECT_RULES,
    *REPORT_RULES,
    *TYPE_RULES,
    *TASK_RULES,
    *SHOP_RULES,
    *INSIGHT_RULES,
    *FILE_RULES,
)


@dataclasses.dataclass(frozen=True)
class Violation:
    """A request or run that breaks a rule."""

    rule: str
    source: str
    case: str

    def __str__(self) -> str:
        """Return the violation in one line."""
        return f"{self.rule} [{self.source}]: {self.case}"


def parameter_violations(request: SentRequest) -> Iterator[Violation]:
    """Yield a violation for each undocumented or malformed parameter."""
    endpoint = ENDPOINTS.get((request.method, request.path))
    if endpoint is None:
        return
    are_texts = request.method == "GET"
    problems_by_parameter: dict[str, list[str]] = {}
    for problem in problems_of(endpoint.parameters, request.parameters, are_texts=are_texts):
        problems_by_parameter.setdefault(problem.partition(" ")[0], []).append(problem)
    for parameter, problems in problems_by_parameter.items():
        case = f"{'; '.join(problems[:3])} ({len(problems)} in total): {request}"
        yield Violation(f"{request.path} {parameter} is as documented", endpoint.source, case)


def violations(request: SentRequest) -> Iterator[Violation]:
    """Yield the violations of a request."""
    yield from parameter_violations(request)
    for rule in RULES:
        if rule.applies(request) and not rule.is_kept(request):
            yield Violation(rule.name, rule.source, str(request))
