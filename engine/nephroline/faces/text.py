"""Answers as text for people: a screen that can be read in ten seconds, the basis below it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from nephroline.consultation import (
    FAILED,
    NO_LINE,
    Consultation,
    acts_beside,
    capital,
    headline,
    line_told,
    response_told,
)
from nephroline.consultation.answer import ActionOut, AlertOut, BlockReason
from nephroline.consultation.parts import DerivedOut, MonitoringOut
from nephroline.faces.outlook import show_outlook
from nephroline.faces.screen import Screen, Styled
from nephroline.lang import Reason
from nephroline.phrases import (
    LEGEND,
    authority,
    dose_told,
    line_parts,
    overdue_told,
    taken,
    taper_told,
    total_told,
)
from nephroline.terms import Severity, spoken

if TYPE_CHECKING:
    from nephroline.explain import Explanation
    from nephroline.replaying import Deed, Replayed, Step

_LOUD = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_MARK = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}
_NARROW = 36
_LABEL = 13


def show_consultation(out: Screen, answer: Consultation, *, verbose: bool = False) -> None:
    """The answer on one screen; *verbose* adds the basis of everything."""
    _head(out, answer)
    _next_line(out, answer)
    _acts(out, answer)
    if answer.outlook is not None:
        show_outlook(out, answer.outlook)
    shared = _before_any(answer)
    for other in answer.alternatives:
        _item(
            out,
            "with, after" if other.with_or_after else "alternative",
            f"{other.title} {_detail(other.detail)}",
            "; ".join([*map(dose_told, other.doses), authority(other.statement, other.on_guideline)]),
        )
        own = [item for item in other.before_first_dose if item not in shared]
        if own:
            _under(out, f"before it: {'; '.join(own)}", style="dim")
        if other.alerts:
            _under(out, f"with it: {'; '.join(other.alerts)}", style="yellow")
    if shared:
        _item(out, "before any", "; ".join(shared), "")
    _blocked(out, answer)
    _alerts(out, answer)
    for action in answer.actions:
        if not action.before_first_dose:
            _action(out, action)
    _first(out, answer)
    _monitoring(out, answer)
    _needs(out, answer)
    for fault in answer.faults:
        _item(out, "in the chart", fault, "", style="yellow")
    for note in answer.notes:
        _item(out, "in words", f"{note} (a note, which no rule reads)", "")
    _basis(out, answer, verbose=verbose)
    out.line()
    out.paragraph(LEGEND, style="dim")
    out.paragraph(answer.notice, style="dim italic")


# -- the screen --------------------------------------------------------------------------------------


def _head(out: Screen, answer: Consultation) -> None:
    before = "" if answer.stops_of_the_day == "seen" else ", before what ends that day"
    out.paragraph(f"{answer.record} at {answer.as_of.label}{before}", style="bold")
    status: list[Styled] = [(response_told(answer.status), "bold magenta")]
    if answer.status.since and not answer.status.before_treatment:
        status.append((f" since {answer.status.since.label}", ""))
    if len(answer.status.because) > 1:
        status.append((f" ({'; '.join(answer.status.because[1:])})", ""))
    if answer.status.provisional:
        status.append((", provisional", "yellow"))
    told = [f for f in answer.findings if f.id != answer.status.response]
    earned = [f.title.lower() if f.title[1:2].islower() else f.title for f in told]
    if earned:
        status.append((" · " + ", ".join(dict.fromkeys(earned)), ""))
    out.hang(((f"{'status':<13}", "bold"),), tuple(status), _LABEL)
    for one in answer.derived:
        _item(out, one.title, _computed(one), "")
    verdict = f"{spoken(answer.applicability.verdict)}: {answer.applicability.because[0]}"
    _item(out, "pathway", f"{answer.pathway.id} · {answer.pathway.edition}", verdict)
    if answer.pathway.changed:
        _item(out, "changed", f"by this site: {'; '.join(answer.pathway.changed)}", "")
    if answer.pathway.chosen_because:
        _under(out, "chosen: " + "; ".join(answer.pathway.chosen_because), style="dim")


def _computed(one: DerivedOut) -> str:
    """``86 mL/min/1.73m2 at 4 mo, stable (90 at 0 mo; CKD-EPI 2021)``."""
    trend = f", {one.trend}" if one.trend else ""
    before = f"{one.before.split(' ')[0]} at {one.before_at.label}; " if one.before_at else ""
    return f"{one.value} at {one.at.label}{trend} ({before}{one.formula})"


def _next_line(out: Screen, answer: Consultation) -> None:
    out.line()
    line = answer.next_line
    none = NO_LINE.get(answer.answer.kind)
    if line is None and answer.outlook is not None and answer.outlook.answer:
        _item(out, "next line", capital(answer.outlook.answer), "", style="bold green")
        _under(out, "several rules could hold by the missing data, and all of them say this", style="dim")
    elif none:
        _item(out, "answer", f"{capital(none)}.", "; ".join(answer.answer.because), style="bold")
    if line is None:
        return
    _item(out, "next line", line.title, "", style="bold green")
    for text in line_parts(line):
        _under(out, text)
    _under(out, authority(line.statement, line.on_guideline), style="italic")
    if not line.certain and answer.outlook is None:
        _under(out, "not certain until known: " + "; ".join(line.depends_on), style="yellow")


def _acts(out: Screen, answer: Consultation) -> None:
    """What is to be done with what runs beside the next line."""
    line = answer.next_line
    for act in acts_beside(answer):
        alone = "to begin" if act.act == "start" else "what runs"
        _item(out, "beside it" if line is not None else alone, act.title, act.detail, style="bold")
        if act.taper:
            _under(out, taper_told(act.taper))
        if act.act == "undecided":
            _under(out, f"needs {'; '.join(act.because)}", style="yellow")
        else:
            _under(out, authority(act.statement, act.on_guideline), style="italic")


def _before_any(answer: Consultation) -> list[str]:
    """What is to be done first before each of several alternatives."""
    lists = [other.before_first_dose for other in answer.alternatives]
    return [item for item in lists[0] if all(item in items for items in lists[1:])] if len(lists) > 1 else []


def _blocked(out: Screen, answer: Consultation) -> None:
    """One entry for each reason, with all the regimens that it takes out."""
    regimens: dict[str, list[str]] = {}
    reasons: dict[str, BlockReason] = {}
    for blocked in answer.blocked:
        for reason in blocked.reasons:
            regimens.setdefault(reason.rule, []).append(blocked.title)
            reasons[reason.rule] = reason
    for rule, titles in regimens.items():
        reason = reasons[rule]
        if rule == FAILED:
            _item(out, "blocked", ", ".join(titles), "already failed")
        else:
            until = f"; until {reason.until}" if reason.until else ""
            _item(out, "blocked", ", ".join(titles), "; ".join(reason.because) + until)


def _alerts(out: Screen, answer: Consultation) -> None:
    if answer.alerts:
        out.line()
    for alert in answer.alerts:
        _item(
            out,
            str(alert.severity),
            _loud(alert),
            "",
            style=_LOUD[alert.severity],
            note=f"[{alert.statement.confidence}]",
        )


def _loud(alert: AlertOut) -> str:
    """An alert in words, with the drugs and values that raised it."""
    by = f" ({'; '.join(alert.raised_by)})" if alert.raised_by else ""
    return f"{alert.title}{by}: {alert.detail}"


def _action(out: Screen, action: ActionOut) -> None:
    _item(
        out,
        str(action.action),
        action.title,
        "",
        note=authority(action.statement, action.on_guideline),
    )


def _first(out: Screen, answer: Consultation) -> None:
    """What is to be done before the first dose, as one list."""
    items = [action for action in answer.actions if action.before_first_dose]
    if items:
        text = "; ".join(f"{action.title} [{action.statement.confidence}]" for action in items)
        _item(out, "before", text, "")


def _monitoring(out: Screen, answer: Consultation) -> None:
    """What is overdue, one by one; what comes next, in one line."""
    overdue: dict[tuple[str, float, str], list[MonitoringOut]] = {}
    for item in answer.monitoring:
        if item.overdue:
            overdue.setdefault((item.drug, item.due.offset_days, item.confidence), []).append(item)
    for items in overdue.values():
        titles = ", ".join(item.title for item in items)
        tag = f"{items[0].citation} [{items[0].confidence}]"
        _item(out, "overdue", f"{titles}: {overdue_told(items[0])}", "", style="yellow", note=tag)
    # What has raised an alert is measured when that says, not when it would be due.
    raised = [by for alert in answer.alerts if alert.severity is not Severity.INFO for by in alert.raised_by]
    coming = [
        item
        for item in answer.monitoring
        if not item.overdue and not any(by.startswith(item.title) for by in raised)
    ]
    if coming:
        _item(out, "next check", " · ".join(f"{item.title} {item.due.label}" for item in coming), "")


def _needs(out: Screen, answer: Consultation) -> None:
    if answer.needs:
        out.line()
        _item(out, "needs", " · ".join(need.why for need in answer.needs), "")


def _basis(out: Screen, answer: Consultation, *, verbose: bool) -> None:
    out.line()
    for line in answer.lines:
        _item(out, f"line {line.n}", line_told(line), "")
    if answer.next_line:
        _item(out, "because", "; ".join(answer.next_line.because), answer.answer.because[0])
    if answer.totals:
        _item(out, "given so far", "; ".join(total_told(item) for item in answer.totals), "")
    if answer.next_line and answer.next_line.rests_on:
        _item(out, "rests on", "; ".join(answer.next_line.rests_on), "")
    for finding in answer.findings:
        if verbose or finding.line == (answer.lines[-1].n if answer.lines else None):
            where = f" (line {finding.line})" if finding.line else ""
            _item(
                out,
                "finding",
                f"{finding.title}{where}: {'; '.join(finding.because)}",
                authority(finding.statement, finding.on_guideline),
            )
    if verbose:
        for alert in answer.alerts:
            _item(
                out,
                "alert",
                f"{alert.title}: {'; '.join(alert.because)}",
                authority(alert.statement, alert.on_guideline),
            )
        for action in answer.actions:
            _item(out, str(action.action), f"{action.title}: {'; '.join(action.because)}", "")


def _item(out: Screen, label: str, text: str, more: str, *, style: str = "", note: str = "") -> None:
    body: list[Styled] = [(text.strip(), style)]
    if note:
        body.append((f"  {note}", "dim"))
    out.hang(((f"{label:<{_LABEL}}", style or "bold"),), tuple(body), _LABEL)
    if more:
        _under(out, more, style="dim")


def _under(out: Screen, text: str, style: str = "") -> None:
    out.paragraph(text, indent=_LABEL, style=style)


def _detail(detail: str) -> str:
    return f"({detail})" if detail else ""


# -- why ---------------------------------------------------------------------------------------------


def show_explanations(out: Screen, found: Sequence[Explanation]) -> None:
    """Trees of reasons, below the pathway whose reasons they are."""
    if found:
        out.paragraph(taken(found[0].pathway), style="dim")
    for item in found:
        where = f" (line {item.line})" if item.line else ""
        mark, style = _MARK[item.truth]
        head = ((f"{item.title}{where}", "bold"), (f" · {item.concludes}", "dim"))
        out.hang(((f"{mark} ", style),), head, 2)
        out.paragraph(f"{item.authority}: {item.rationale}", indent=2, style="italic")
        _tree(out, item.reason, 1)
        if item.exception is not None:
            out.line(("  unless", "bold"))
            _tree(out, item.exception, 1)
        out.line()


def _tree(out: Screen, reason: Reason, depth: int) -> None:
    mark, style = _MARK[reason.truth]
    indent = "  " * depth
    out.hang(((f"{indent}{mark} ", style),), ((reason.text, ""),), len(indent) + 2)
    for child in reason.children:
        _tree(out, child, depth + 1)


# -- replay ------------------------------------------------------------------------------------------


def show_replay(out: Screen, done: Replayed, *, ascii_only: bool = False) -> None:
    """The trajectory of one scenario, what was done, and what was missed."""
    from nephroline.course import course_of
    from nephroline.faces.timeline import show_timeline

    head: list[Styled] = [(done.scenario.title, "bold"), (f" · {done.pathway.id}", "dim")]
    if done.scenario.synthetic:
        head.append((" · synthetic", "dim"))
    out.hang((), tuple(head), 0)
    if done.steps and done.steps[-1].consultation.pathway.chosen_because:
        out.paragraph(taken(done.steps[-1].consultation.pathway), indent=2, style="dim")
    show_timeline(out, course_of(done), ascii_only=ascii_only)
    deeds: dict[str, list[Deed]] = {}
    for deed in done.deeds:
        deeds.setdefault(deed.at, []).append(deed)
    for step in done.steps:
        _step(out, step, done.pathway.id)
        for deed in deeds.get(step.at.label, []):
            style = "green" if deed.verdict == "concordant" else "yellow"
            out.paragraph(f"clinicians: {spoken(deed.did)} → {deed.verdict}", indent=14, style=style)
    total = done.passed + len(done.failed)
    for miss in done.failed:
        out.paragraph(f"MISSED {miss}", indent=2, style="bold red")
    if total:
        style = "bold red" if done.failed else "bold green"
        out.line((f"  {done.passed} of {total} expectations met", style))
    else:
        out.line(("  no expectations under this pathway", "dim"))
    out.line()


def _step(out: Screen, step: Step, pathway: str) -> None:
    answer = step.consultation
    advice = capital(headline(answer))
    body: list[Styled] = [(advice, "green" if answer.next_line else "yellow")]
    latest = answer.lines[-1].n if answer.lines else 0
    new = [f.title for f in answer.findings if f.line and f.line == latest]
    if new:
        body.append((f" · {', '.join(new)}", "magenta"))
    loud = [a.title for a in answer.alerts if a.severity is Severity.CRITICAL]
    if loud:
        body.append((f" · ! {', '.join(loud)}", "red"))
    if answer.pathway.id != pathway:
        body.append((f" · by {answer.pathway.id}", "dim"))
    head = ((f"  {step.at.label:<11} ", "bold"), (f"{response_told(answer.status):<18}  ", ""))
    out.hang(head, tuple(body), 34)


def table(out: Screen, rows: Iterable[Sequence[str]], widths: Sequence[int]) -> None:
    """Rows in columns of fixed widths; the last column wraps under itself, or below when it is narrow."""
    indent = sum(widths) + 2 * len(widths)
    for row in rows:
        head = "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False))
        body = row[len(widths)] if len(row) > len(widths) else ""
        if out.width - indent < _NARROW:
            out.paragraph("  ".join(row[: len(widths)]), style="bold")
            out.paragraph(body, indent=4)
        else:
            out.hang(((head, "bold"),), ((body, ""),), indent)
