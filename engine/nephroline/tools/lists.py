"""What a chart may hold, as rows for people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nephroline.catalogue import Catalogue, Drug, Named


def listing(kind: str, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Rows of one kind of name; `shown` is what people read."""
    if kind == "analytes":
        return _analytes(catalogue)
    if kind == "drugs":
        return [
            {
                "id": drug.id,
                "classes": list(drug.classes),
                "spellings": _spellings(catalogue.drug_names, drug.id),
                "rxnorm": drug.rxnorm,
                "atc": drug.atc,
                "shown": _shown(
                    ", ".join(catalogue.classes[kind].title for kind in drug.classes),
                    catalogue.drug_names,
                    drug.id,
                )
                + "".join(f"; {name} {code}" for name, code in _codes(drug)),
            }
            for drug in catalogue.drugs.values()
            if not drug.unnamed
        ]
    if kind == "regimens":
        return [
            {"id": r.id, "title": r.title, "shown": " + ".join(r.agents)} for r in catalogue.regimens.values()
        ]
    tables: dict[str, tuple[Mapping[str, Named], Mapping[str, str]]] = {
        "conditions": (catalogue.conditions, catalogue.condition_names),
        "findings": (catalogue.assertions, {}),
        "labels": (catalogue.labels, catalogue.label_names),
        "diagnoses": (catalogue.diagnoses, catalogue.diagnosis_names),
    }
    table, names = tables[kind]
    return [{"id": n.id, "title": n.title, "shown": _shown(n.title, names, n.id)} for n in table.values()]


def _codes(drug: Drug) -> Iterator[tuple[str, str]]:
    """The codes of a drug that are verified, each with the name of its system."""
    if drug.rxnorm:
        yield "RxNorm", drug.rxnorm
    if drug.atc:
        yield "ATC", drug.atc


def _analytes(catalogue: Catalogue) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for a in catalogue.analytes.values():
        plausible = [q.text for q in a.plausible]
        shown = ", ".join((*a.units, *a.words))
        shown += f"  (plausible {plausible[0]})" if plausible else ""
        shown += f"; also: {', '.join(a.synonyms)}" if a.synonyms else ""
        rows.append(
            {
                "id": a.id,
                "title": a.title,
                "units": list(a.units),
                "spellings": list(a.synonyms),
                "words": list(a.words),
                "plausible": plausible,
                "shown": shown,
            }
        )
    return rows


def _spellings(names: Mapping[str, str], known: str) -> list[str]:
    return [name for name, target in names.items() if target == known and name != known]


def _shown(title: str, names: Mapping[str, str], known: str) -> str:
    also = _spellings(names, known)
    return title + (f"; also: {', '.join(also)}" if also else "")
