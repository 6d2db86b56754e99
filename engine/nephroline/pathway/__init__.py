"""Pathways: from a YAML file to checked rules in strata."""

from nephroline.pathway.conclusions import (
    Alert,
    Block,
    Conclusion,
    FindingOf,
    Recommend,
    Statement,
    TaperStage,
)
from nephroline.pathway.depends import Reach, after_choice
from nephroline.pathway.models import (
    NAMED,
    TREND,
    Clause,
    Definition,
    ExposureRule,
    Pathway,
    Rule,
)
from nephroline.pathway.rulebase import (
    RuleBase,
    is_rule_base,
    load_pathway,
    load_rules,
    names_a_file,
    pathway_ids,
    rules_of_file,
    rules_with,
)

__all__ = [
    "NAMED",
    "TREND",
    "Alert",
    "Block",
    "Clause",
    "Conclusion",
    "Definition",
    "ExposureRule",
    "FindingOf",
    "Pathway",
    "Reach",
    "Recommend",
    "Rule",
    "RuleBase",
    "Statement",
    "TaperStage",
    "after_choice",
    "is_rule_base",
    "load_pathway",
    "load_rules",
    "names_a_file",
    "pathway_ids",
    "rules_of_file",
    "rules_with",
]
