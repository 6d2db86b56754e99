"""What scenarios test of a pathway, on the screen: the gaps first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nephroline.coverage import ClauseCoverage, ConditionCoverage, Coverage, Proof, ThresholdMet
from nephroline.faces.commanding import count
from nephroline.faces.screen import Screen

_LABEL = 17
_MOST = 12
"""Of many modules, so many conditions are shown, those with the largest gaps."""


def show_coverage(out: Screen, found: Coverage, *, verbose: bool = False) -> None:
    """Print the sums, then what no scenario tests; with *verbose*, also what is tested, and where."""
    share = f" ({found.covered * 100 // found.clauses} %)" if found.clauses else ""
    tested = f"{found.covered} of {count(found.clauses, 'clause')} tested{share}"
    by = f"by {count(found.scenarios, 'scenario')} at {count(found.times, 'time')}"
    out.paragraph(f"{found.pathway}: {tested}, {by}", style="bold")
    modules = _by_module(found.conditions)
    for module, conditions in modules.items():
        every = sum(len(each.clauses) for each in conditions)
        out.line((f"  {sum(each.covered for each in conditions):4} of {every:<4} {module}", ""))
    gaps = [each for rows in modules.values() for each in rows if verbose or each.gaps]
    shown = gaps if verbose or len(modules) == 1 else sorted(gaps, key=lambda each: -each.gaps)[:_MOST]
    for number, condition in enumerate(shown):
        if number == 0:
            out.line()
        _condition(out, condition, verbose=verbose)
    if len(shown) < len(gaps):
        more = (
            f"and {len(gaps) - len(shown)} more conditions with gaps: --module NAME shows those of a module"
        )
        out.paragraph(more, indent=2)
    _thresholds(out, found.thresholds, verbose=verbose)
    _never_shown(out, found.never_shown)


def _by_module(conditions: Sequence[ConditionCoverage]) -> Mapping[str, list[ConditionCoverage]]:
    """The modules with the largest gaps first; conditions likewise."""
    found: dict[str, list[ConditionCoverage]] = {}
    for each in conditions:
        found.setdefault(each.module, []).append(each)
    gaps = {module: sum(each.gaps for each in rows) for module, rows in found.items()}
    for rows in found.values():
        rows.sort(key=lambda each: -each.gaps)
    return {module: found[module] for module in sorted(found, key=lambda name: -gaps[name])}


def _condition(out: Screen, condition: ConditionCoverage, *, verbose: bool) -> None:
    told = f"{condition.covered} of {len(condition.clauses)}"
    out.paragraph(f"{condition.kind} {condition.id}: {condition.title} ({told})", indent=2)
    for clause in condition.clauses:
        if clause.covered and not verbose:
            continue
        label, style = state(clause)
        proofs = "; ".join(_proofs(clause, verbose=verbose))
        head = ((f"    {label:<{_LABEL}}", style),)
        out.hang(head, ((clause.text, ""), (f"  [{proofs}]" if proofs else "", "dim")), _LABEL + 4)


def state(clause: ClauseCoverage) -> tuple[str, str]:
    """What is missing: a time at which the clause alone let the condition fail, or hold, or either."""
    if clause.covered:
        return "tested", "green"
    if clause.held is None and clause.failed is None:
        return "never mattered", "red"
    return ("never failed", "yellow") if clause.failed is None else ("never held", "yellow")


def _proofs(clause: ClauseCoverage, *, verbose: bool) -> list[str]:
    cells: list[tuple[str, Proof | None]] = [("held", clause.held), ("failed", clause.failed)]
    if verbose:
        cells.append(("unknown", clause.unknown))
    return [f"{word} in {proof}" for word, proof in cells if proof is not None]


def _thresholds(out: Screen, met: Sequence[ThresholdMet], *, verbose: bool) -> None:
    """The numbers that no value came to on some side."""
    sides = ("below", "at", "above")
    counted = ", ".join(f"{side} {sum(getattr(m, side) is not None for m in met)}" for side in sides)
    out.line()
    out.paragraph(f"numbers: {len(met)}; values met {counted}", style="bold")
    for each in met:
        missing = [side for side in sides if getattr(each, side) is None]
        if verbose or {"below", "above"} & set(missing):
            told = f"no value {' or '.join(missing)} it" if missing else "met on every side"
            told = "no value was held against it" if len(missing) == len(sides) else told
            out.paragraph(f"{each.title} ({each.name}): {told}", indent=2)


def _never_shown(out: Screen, never: Mapping[str, Sequence[str]]) -> None:
    for kind, names in never.items():
        if names:
            out.line()
            out.paragraph(f"{kind} that no answer has shown: {', '.join(names)}")
