"""The Python API for embedding: what a program outside needs, and nothing else."""

from nephroline.changes import Edit, what_if, why_not
from nephroline.consultation import Consultation
from nephroline.errors import InferenceError, InputError, NephrolineError
from nephroline.explain import why
from nephroline.interop.fhir import FhirRecord, answer_as_fhir, read_fhir, write_fhir
from nephroline.ordering import OrderAnswer, order
from nephroline.pathway import Pathway, RuleBase, load_pathway, load_rules, pathway_ids
from nephroline.record import Record, read_record
from nephroline.replaying import read_scenario, replay
from nephroline.selecting import consult, thorough

__all__ = [
    "Consultation",
    "Edit",
    "FhirRecord",
    "InferenceError",
    "InputError",
    "NephrolineError",
    "OrderAnswer",
    "Pathway",
    "Record",
    "RuleBase",
    "answer_as_fhir",
    "consult",
    "load_pathway",
    "load_rules",
    "order",
    "pathway_ids",
    "read_fhir",
    "read_record",
    "read_scenario",
    "replay",
    "thorough",
    "what_if",
    "why",
    "why_not",
    "write_fhir",
]
