"""The one targeting engine (rule 4 of docs/architecture.md): who gets what, decided the same way everywhere.

Pure: no Django, no clock, no I/O. The edge asks it on every check-in; gray release, switches, push audiences, the
console's preview and dry runs ask the same functions. docs/targeting.md has the language with examples.
"""

from ferry.kernel.targeting.bucketing import SHARES, bucket
from ferry.kernel.targeting.context import Context
from ferry.kernel.targeting.decision import Offer, Steps, Weighed, compile_offer, decide, edges, explain, flatten
from ferry.kernel.targeting.hosts import HostRange
from ferry.kernel.targeting.reasons import Reason, Reasons, StrategyReasons
from ferry.kernel.targeting.rules import Compiled, Segments, Sets, compile_rule, compile_segment
from ferry.kernel.targeting.validation import Problem, validate_constraints, validate_range, validate_rule
from ferry.kernel.targeting.versions import semver_key, version_key

__all__ = [
    "SHARES",
    "Compiled",
    "Context",
    "HostRange",
    "Offer",
    "Problem",
    "Reason",
    "Reasons",
    "Segments",
    "Sets",
    "Steps",
    "StrategyReasons",
    "Weighed",
    "bucket",
    "compile_offer",
    "compile_rule",
    "compile_segment",
    "decide",
    "edges",
    "explain",
    "flatten",
    "semver_key",
    "validate_constraints",
    "validate_range",
    "validate_rule",
    "version_key",
]
