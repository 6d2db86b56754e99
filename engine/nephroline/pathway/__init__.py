"""Pathways: from a YAML file to checked rules in strata."""

from nephroline.pathway.load import load_pathway, pathway_ids, read_pathway
from nephroline.pathway.models import (
    AFTER_CHOICE,
    Alert,
    Block,
    Clause,
    Conclusion,
    Definition,
    ExposureRule,
    FindingOf,
    Pathway,
    Recommend,
    Rule,
    Statement,
)

__all__ = [
    "AFTER_CHOICE",
    "Alert",
    "Block",
    "Clause",
    "Conclusion",
    "Definition",
    "ExposureRule",
    "FindingOf",
    "Pathway",
    "Recommend",
    "Rule",
    "Statement",
    "load_pathway",
    "pathway_ids",
    "read_pathway",
]
