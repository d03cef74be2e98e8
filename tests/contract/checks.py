"""The judgment of all runs: how many requests each rule judged, and what broke it."""

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

    from .messages import Sent
    from .rule_types import Rule

#: All rules, in the order of the table.
ALL_RULES: tuple[Rule | RunRule, ...] = (*RULES, *RUN_RULES)
#: Examples of a broken rule in a message.
MAX_EXAMPLES = 2


@dataclasses.dataclass
class Judgment:
    """What the rules say about requests.

    Attributes:
        judged: Number of requests, or of cases of a run, that each rule was about.
        requests: Number of requests by method and path.
        broken: Violations by rule. Each has the name of its run.
    """

    judged: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    requests: collections.Counter[tuple[str, str]] = dataclasses.field(
        default_factory=collections.Counter
    )
    broken: dict[str, list[tuple[str, Violation]]] = dataclasses.field(default_factory=dict)

    def add(self, name: str, violation: Violation) -> None:
        """Add a violation of a run."""
        self.broken.setdefault(violation.rule, []).append((name, violation))

    def judge(
        self, name: str, run: Sequence[Sent], run_rules: Sequence[RunRule] = RUN_RULES
    ) -> None:
        """Judge the requests of a run."""
        for sent in run:
            self.requests[sent.method, sent.path] += 1
            self.judged.update(rule.name for rule in RULES if rule.applies(sent))
            for violation in violations(sent):
                self.add(name, violation)
        for rule in run_rules:
            for case, is_kept in rule.verdicts(run):
                self.judged[rule.name] += 1
                if not is_kept:
                    self.add(name, Violation(rule.name, rule.source, case))

    @property
    def unexercised(self) -> set[str]:
        """Names of the rules that no request was about."""
        return {rule.name for rule in ALL_RULES if not self.judged[rule.name]}

    @property
    def unrequested(self) -> set[str]:
        """Paths of the table of endpoints that no run requested."""
        return {path for method, path in ENDPOINTS if not self.requests[method, path]}

    @property
    def summary(self) -> str:
        """What was judged, in one line."""
        parameters = sum(len(endpoint.parameters) for endpoint in ENDPOINTS.values())
        return (
            f"{self.requests.total()} requests of {len(PLANS)} configurations and {len(COMMANDS)} "
            "commands judged by "
            f"{len(RULES)} rules of requests, {len(RUN_RULES)} rules of runs and {parameters} "
            f"parameters of {len(ENDPOINTS)} endpoints: "
            f"{sum(map(len, self.broken.values()))} violations of {len(self.broken)} rules"
        )

    def lines(self) -> Iterator[str]:
        """Yield each broken rule, with the number of violations and examples."""
        for found in sorted(self.broken.values(), key=len, reverse=True):
            first = found[0][1]
            yield f"{len(found)} x {first.rule} [{first.source}]"
            for name, violation in found[:MAX_EXAMPLES]:
                yield f"    {name}: {violation.case}"


def rules_of(plan: Plan) -> list[RunRule]:
    """Return the rules of runs that a plan has to keep."""
    optional = [
        *(COMPLETE_RULES if plan.streams else ()),
        *(REPEAT_RULES if plan.fault is not None else ()),
    ]
    return [rule for rule in RUN_RULES if rule not in optional]


def judge_runs() -> Judgment:
    """Return the judgment of all runs and commands."""
    judgment = Judgment()
    for plan in PLANS:
        for name, run in record(plan):
            judgment.judge(name, run, rules_of(plan))
    for name, sent in record_commands():
        judgment.judge(name, sent, ())
    return judgment
