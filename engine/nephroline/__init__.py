"""Nephroline: treatment-pathway decision support for nephrotic syndrome, from rules in YAML.

>>> import nephroline
>>> record = nephroline.read_record({
...     "id": "new", "age": "40 years",
...     "biopsies": [{"at": "0 mo", "glomeruli": 20, "diagnosis": "mcd"}],
...     "observations": [{"at": "0 mo", "proteinuria": "9 g/d", "albumin": "1.8 g/dL"}],
... })
>>> answer = nephroline.consult(record)
>>> answer.pathway.id
'kdigo-2021/mcd'
>>> answer.next_line.regimen
'high-dose-glucocorticoid'
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nephroline.api import (
        Consultation,
        Edit,
        FhirRecord,
        InferenceError,
        InputError,
        NephrolineError,
        OrderAnswer,
        Pathway,
        Record,
        RuleBase,
        answer_as_fhir,
        consult,
        load_pathway,
        load_rules,
        order,
        pathway_ids,
        read_fhir,
        read_record,
        read_scenario,
        replay,
        thorough,
        what_if,
        why,
        why_not,
        write_fhir,
    )

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


def __getattr__(name: str) -> Any:
    """Import the API on first use, so that ``nephroline --help`` stays quick."""
    if name in __all__:
        from nephroline import api

        return getattr(api, name)
    raise AttributeError(f"module 'nephroline' has no attribute {name!r}")
