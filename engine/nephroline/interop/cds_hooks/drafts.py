"""Draft orders as `order` takes them: a drug of the catalogue, with its dose where that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from nephroline.catalogue import Catalogue
from nephroline.interop.fhir import Codes
from nephroline.interop.fhir.courses import Administered, Prescribed
from nephroline.interop.fhir.medications import Medications
from nephroline.interop.fhir.nodes import Node, name_of, nodes, text


class DraftOrder(NamedTuple):
    """What a draft orders, such as ``cyclosporine 125 mg bid``; `undosed`: a dose that cannot be read."""

    text: str
    undosed: str


def orders_in(
    draft: Node, others: Sequence[Node], catalogue: Catalogue, codes: Codes, today: date
) -> list[DraftOrder]:
    """What a draft orders; empty where it names no drug that is known.

    It is read as if it were signed today. *others*: Medication resources to which it may refer.
    """
    reader = Medications(codes, catalogue, {name_of(one): one for one in others})
    signed = {**draft, "intent": "order", "authoredOn": today.isoformat()}
    found: list[DraftOrder] = []
    printed = _dosage(draft)
    for state in ("active", "completed"):
        # An order of one dose is told as a dose once it is given.
        for one in reader.read({**signed, "status": state}):
            if isinstance(one, Prescribed) and one.known:
                found.append(DraftOrder(f"{one.drug} {one.dose}".strip(), "" if one.dose else printed))
            elif isinstance(one, Administered) and one.known:
                found.append(DraftOrder(one.drug, printed))
        if found:
            break
    return list(dict.fromkeys(found))


def _dosage(draft: Node) -> str:
    """The dosage of a draft, for people; empty where it has none."""
    rows = nodes(draft, "dosageInstruction")
    told = [text(row, "text") or text(row, "patientInstruction") for row in rows]
    return "; ".join(filter(None, told)) or ("a dose in numbers" if rows else "")
