"""Check of all runs: number of checked requests and violations of each rule."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from .endpoints import ENDPOINTS
from .rules import RULES, Violation, violations
from .run_rules import COMPLETE_RULES, REPEAT_RULES, RUN_RULES, RunRule
from .runs import COMMANDS, PLANS, Plan, record, record_commands

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .messages import SentRequest
    from .rule_types import Rule

#: All rules, in the order of the table.
ALL_RULES: tuple[Rule | RunRule, ...] = (*RULES, *RUN_RULES)
#: Maximum number of examples of a broken rule in a message.
MAX_EXAMPLES = 2


@dataclasses.dataclass
class RuleReport:
    """Result of checking requests against the rules.

    Attributes:
        checked: Number of requests, or of cases of a run, that each rule applies to.
        requests: Number of requests by method and path.
        broken: Violations by rule, each with the name of its run.
    """

    checked: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    requests: collections.Counter[tuple[str, str]] = dataclasses.field(
        default_factory=collections.Counter
    )
    broken: dict[str, list[tuple[str, Violation]]] = dataclasses.field(default_factory=dict)

    def add(self, name: str, violation: Violation) -> None:
        """Add a violation of a run."""
        self.broken.setdefault(violation.rule, []).append((name, violation))

    def check(
        self, name: str, run: Sequence[SentRequest], run_rules: Sequence[RunRule] = RUN_RULES
    ) -> None:
        """Check the requests of a run."""
        for request in run:
            self.requests[request.method, request.path] += 1
            self.checked.update(rule.name for rule in RULES if rule.applies(request))
            for violation in violations(request):
                self.add(name, violation)
        for rule in run_rules:
            for case, is_kept in rule.verdicts(run):
                self.checked[rule.name] += 1
                if not is_kept:
                    self.add(name, Violation(rule.name, rule.source, case))

    @property
    def unexercised(self) -> set[str]:
        """Names of the rules that apply to no request."""
        return {rule.name for rule in ALL_RULES if not self.checked[rule.name]}

    @property
    def unrequested(self) -> set[str]:
        """Paths of documented endpoints that no run requested."""
        return {path for method, path in ENDPOINTS if not self.requests[method, path]}

    @property
    def summary(self) -> str:
        """Summary in one line."""
        parameters = sum(len(endpoint.parameters) for endpoint in ENDPOINTS.values())
        return (
            f"{self.requests.total()} requests of {len(PLANS)} configurations and {len(COMMANDS)} "
            "commands checked against "
            f"{len(RULES)} rules of requests, {len(RUN_RULES)} rules of runs and {parameters} "
            f"parameters of {len(ENDPOINTS)} endpoints: "
            f"{sum(map(len, self.broken.values()))} violations of {len(self.broken)} rules"
        )

    def lines(self) -> Iterator[str]:
        """Yield each broken rule, with the number of violations and examples."""
        for cases in sorted(self.broken.values(), key=len, reverse=True):
            first = cases[0][1]
            yield f"{len(cases)} x {first.rule} [{first.source}]"
            for name, violation in cases[:MAX_EXAMPLES]:
                yield f"    {name}: {violation.case}"


def rules_of(plan: Plan) -> list[RunRule]:
    """Return the run rules that apply to a plan."""
    optional = [
        *(COMPLETE_RULES if plan.streams else ()),
        *(REPEAT_RULES if plan.fault is not None else ()),
    ]
    return [rule for rule in RUN_RULES if rule not in optional]


def check_runs() -> RuleReport:
    """Check all runs and commands, and return the report."""
    report = RuleReport()
    for plan in PLANS:
        for name, run in record(plan):
            report.check(name, run, rules_of(plan))
    for name, request in record_commands():
        report.check(name, request, ())
    return report
