"""The drugs, values and kinds of a condition that raised an alert, by name."""

from __future__ import annotations

from collections.abc import Iterator

from nephroline.consultation.run import Run, Subject
from nephroline.features import FEATURES, Amount
from nephroline.lang import Compare, Holds, Is, Node, atoms
from nephroline.terms import Trait


def raised_by(run: Run, node: Node, subject: Subject) -> list[str]:
    """The drugs taken, the values and the kinds of a condition by which it holds."""
    return list(dict.fromkeys(_named(run, node, subject)))


def _named(run: Run, node: Node, subject: Subject) -> Iterator[str]:
    for atom in atoms(node):
        if isinstance(atom, Holds):
            for part, who in run.behind(atom, subject):
                if not atom.kind.of_finding and run.truth(part.when, who) is True:
                    yield from _named(run, part.when, who)
            continue
        seen = run.see(atom, subject)
        if seen.truth is not True:
            continue
        if isinstance(atom, Is) and FEATURES[atom.ask.feature].trait is Trait.IN_USE:
            yield from _in_use(run, atom.ask.arguments[0].name)
        if isinstance(atom, Is) and FEATURES[atom.ask.feature].trait is Trait.AFTER_CHOICE:
            yield from _to_begin(run, atom.ask.arguments[0].name)
        if isinstance(atom, Is) and atom.ask.feature in _PRESENT:
            yield from _kinds(run, atom.ask.arguments[0].name)
        if isinstance(atom, Compare) and isinstance(seen.left, Amount) and seen.left.analyte is not None:
            yield f"{seen.left.analyte.title} {seen.left.text}"


def _in_use(run: Run, agent: str) -> Iterator[str]:
    treatment, catalogue = run.chart.timeline.treatment, run.pathway.catalogue
    for drug, row in sorted(treatment.running.items()):
        if catalogue.belongs(drug, agent):
            yield f"{run.chart.called(row)} {row.dose.text}" if row.dose else run.chart.called(row)


def _to_begin(run: Run, agent: str) -> Iterator[str]:
    """The drugs of the proposed line that are not taken yet."""
    running, catalogue = run.chart.timeline.treatment.running, run.pathway.catalogue
    for drug in sorted(run.chart.proposed):
        if drug not in running and catalogue.within(drug, agent):
            yield f"{catalogue.title(drug)} to begin"


_PRESENT = ("has", "has_now")


def _kinds(run: Run, condition: str) -> Iterator[str]:
    """The kinds of a condition that are there by the chart, such as pneumonia of infection."""
    timeline, conditions = run.chart.timeline, run.pathway.catalogue.conditions
    for kind in conditions.values():
        noted = timeline.noted(kind.id) if kind.kind_of == condition else []
        if noted and noted[-1].present:
            yield f"{kind.title} ({noted[-1].at})"
