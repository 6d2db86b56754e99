"""What the rules say, as tables that a clinician can hold against the sources: limits, edges, grades, doses.

A row that stands in several pathways stands once, with their names.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from nephroline.lang import Compare, atoms
from nephroline.mutation.sites import sites
from nephroline.pathway import Alert, FindingOf, Pathway, Recommend

Row = tuple[str, ...]

COLUMNS: dict[str, Row] = {
    "limits": ("limit", "as printed", "source", "place", "confidence"),
    "edges": ("of", "compared", "at the limit itself"),
    "grades": ("rule", "source", "statement", "grade", "confidence"),
    "doses": ("of", "drug", "amount", "per", "times", "most"),
    "preferences": ("preference", "rule", "what"),
    "weights": ("rule", "weight"),
    "classes": ("class", "drug"),
    "schedules": ("schedule", "of", "what is measured", "when", "after a change of dose"),
}


def rows_of(pathway: Pathway) -> Iterator[tuple[str, Row]]:
    """Every row of a pathway, with the table that it belongs to."""
    catalogue = pathway.catalogue
    for limit in pathway.thresholds.values():
        forms = ", ".join(form.text for form in limit.forms.values())
        yield "limits", (limit.name, forms, limit.source, limit.cite, str(limit.confidence))
    for site in sites(pathway):
        for atom in atoms(site.node):
            if isinstance(atom, Compare):
                told = pathway.speaker.describe(atom)
                yield "edges", (site.of, told, "yes" if "=" in str(atom.op) else "no")
    for rule in pathway.rules.values():
        statement = rule.statement
        if statement.grade:
            known = (statement.source, statement.id, statement.grade, str(statement.grade_confidence))
            yield "grades", (rule.id, *known)
        match rule.conclusion:
            case Recommend() as recommend:
                if recommend.of_line:
                    yield "preferences", (str(recommend.preference), rule.id, rule.concludes)
                for drug, dose in recommend.dose.items():
                    amount = ", ".join(dose.amount)
                    yield (
                        "doses",
                        (f"rule {rule.id}", drug, amount, dose.per, str(dose.times), dose.most or ""),
                    )
            case Alert(severity=severity):
                yield "weights", (rule.id, str(severity))
            case FindingOf(outcome=outcome) if outcome is not None:
                yield "weights", (rule.id, str(outcome))
            case _:
                pass
    for regimen in catalogue.regimens.values():
        for dose in regimen.doses:
            amount = ", ".join(dose.amount)
            yield "doses", (regimen.id, dose.drug, amount, dose.per, str(dose.times), dose.most or "")
    for one in catalogue.drugs.values():
        for kind in one.classes:
            yield "classes", (kind, one.id)
    for schedule in catalogue.monitoring.values():
        after = schedule.after_change.text if schedule.after_change is not None else ""
        yield "schedules", (schedule.id, schedule.agent, ", ".join(schedule.measure), schedule.text, after)


def tables_of(pathways: list[Pathway]) -> dict[str, str]:
    """The tables of some pathways, as text with tabs."""
    found: dict[str, dict[Row, dict[str, None]]] = {name: {} for name in COLUMNS}
    for pathway in pathways:
        for name, row in rows_of(pathway):
            found[name].setdefault(row, {})[pathway.id] = None
    return {name: _text(name, rows, len(pathways)) for name, rows in found.items()}


def _text(name: str, rows: dict[Row, dict[str, None]], many: int) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow([*COLUMNS[name], "pathways"])
    for row in sorted(rows):
        writer.writerow([*row, "all" if len(rows[row]) == many else ", ".join(rows[row])])
    return out.getvalue()
