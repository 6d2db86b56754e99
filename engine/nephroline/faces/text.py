"""Answers as text for people: a screen that can be read in ten seconds, the basis below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from nephroline.consultation import FAILED, Consultation
from nephroline.consultation.answer import ActionOut, BlockReason, LineAdvice, LineOut, StatementRef
from nephroline.lang import Reason
from nephroline.terms import Answer, Severity

if TYPE_CHECKING:
    from nephroline.explain import Explanation
    from nephroline.replaying import Deed, Replayed

_LOUD = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_MARK = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}
_NARROW = 36
_LEGEND = (
    "[verified] read in the source · [verified-2] in a text about it · [recalled] not yet checked · "
    "[policy] a choice of this rule base"
)
_KINDS = {
    Answer.GUIDELINE_SILENT: "The guideline is silent here",
    Answer.NEEDS_DATA: "Not decided: data are missing",
    Answer.NOTHING_APPLIES: "No rule about the next line holds now",
    Answer.NOT_APPLICABLE: "This pathway does not apply",
    Answer.CONFLICT: "Rules conflict: no next line is given",
}


def console(*, plain: bool = False) -> Console:
    """A console on standard output; *plain* drops colour."""
    return Console(highlight=False, no_color=plain or None, soft_wrap=False)


def show_consultation(out: Console, answer: Consultation, *, verbose: bool = False) -> None:
    """The answer on one screen; *verbose* adds the basis of everything."""
    _head(out, answer)
    _next_line(out, answer)
    for other in answer.alternatives:
        _item(
            out,
            "alternative",
            f"{other.title} {_detail(other.detail)}",
            _authority(other.statement, other.on_guideline),
        )
    _blocked(out, answer)
    _alerts(out, answer)
    for action in answer.actions:
        _action(out, action)
    _needs(out, answer)
    for fault in answer.faults:
        _item(out, "not used", fault, "", style="yellow")
    _basis(out, answer, verbose=verbose)
    out.print()
    paragraph(out, _LEGEND, style="dim")
    paragraph(out, answer.notice, style="dim italic")


# -- the screen --------------------------------------------------------------------------------------


def _head(out: Console, answer: Consultation) -> None:
    line = Text()
    line.append(f"{answer.record} at {answer.as_of.label}", style="bold")
    out.print(line)
    status = Text()
    status.append(_words(answer.status.response), style="bold magenta")
    if answer.status.since:
        status.append(f" since {answer.status.since.label}")
    earned = [f.title.lower() if f.title[1:2].islower() else f.title for f in answer.findings if f.line]
    if earned:
        status.append(" · " + ", ".join(dict.fromkeys(earned)))
    _hang(out, Text(f"{'status':<13}", style="bold"), status)
    verdict = f"{_words(answer.applicability.verdict)}: {answer.applicability.because[0]}"
    _item(out, "pathway", f"{answer.pathway.id} · {answer.pathway.edition}", verdict)


def _next_line(out: Console, answer: Consultation) -> None:
    out.print()
    line = answer.next_line
    kind = _KINDS.get(answer.answer.kind)
    if kind:
        _item(out, "answer", f"{kind}.", "; ".join(answer.answer.because), style="bold")
    if line is None:
        return
    _item(out, "next line", line.title, "", style="bold green")
    for text in _line_parts(line):
        _under(out, text)
    _under(out, _authority(line.statement, line.on_guideline), style="italic")
    if not line.certain:
        _under(out, "not certain until known: " + "; ".join(line.depends_on), style="yellow")


def _line_parts(line: LineAdvice) -> Iterator[str]:
    if line.detail:
        yield line.detail
    for dose in line.doses:
        most = f", at most {dose.most}" if dose.most else ""
        per = dose.per.removeprefix("day, ").removeprefix("day")
        here = f" → {dose.for_this_patient}" if dose.for_this_patient else ""
        yield f"{_words(dose.drug)} {dose.amount}{', ' + per if per else ''}{most}{here}"
    if line.target:
        yield f"target: {line.target}"
    if line.reassess_at:
        yield f"judge at {line.reassess_at.label}"
    if line.monitoring:
        yield "monitor: " + ", ".join(line.monitoring)


def _blocked(out: Console, answer: Consultation) -> None:
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


def _alerts(out: Console, answer: Consultation) -> None:
    if answer.alerts:
        out.print()
    for alert in answer.alerts:
        _item(
            out,
            str(alert.severity),
            f"{alert.title}: {alert.detail}",
            "",
            style=_LOUD[alert.severity],
        )


def _action(out: Console, action: ActionOut) -> None:
    _item(
        out,
        str(action.action),
        action.title,
        "",
        note=_authority(action.statement, action.on_guideline),
    )


def _needs(out: Console, answer: Consultation) -> None:
    if answer.needs:
        out.print()
        _item(out, "needs", " · ".join(need.why for need in answer.needs), "")


def _basis(out: Console, answer: Consultation, *, verbose: bool) -> None:
    out.print()
    for line in answer.lines:
        _item(out, f"line {line.n}", _line(line), "")
    if answer.next_line:
        _item(out, "because", "; ".join(answer.next_line.because), answer.answer.because[0])
    for finding in answer.findings:
        if verbose or finding.line == (answer.lines[-1].n if answer.lines else None):
            where = f" (line {finding.line})" if finding.line else ""
            _item(
                out,
                "finding",
                f"{finding.title}{where}: {'; '.join(finding.because)}",
                _authority(finding.statement, finding.on_guideline),
            )
    if verbose:
        for alert in answer.alerts:
            _item(
                out,
                "alert",
                f"{alert.title}: {'; '.join(alert.because)}",
                _authority(alert.statement, alert.on_guideline),
            )
        for action in answer.actions:
            _item(out, str(action.action), f"{action.title}: {'; '.join(action.because)}", "")


def _line(line: LineOut) -> str:
    drugs = " + ".join(_words(drug) for drug in line.drugs)
    beside = f" (with {', '.join(_words(a) for a in line.adjuncts)})" if line.adjuncts else ""
    end = line.ended.label if line.ended else "now"
    best = _words(line.best_response)
    return (
        f"{drugs}{beside}, {line.started.label} to {end} ({line.weeks:g} weeks), exposure {line.exposure},"
        f" best response {best} → {_words(line.outcome)}"
    )


def _item(out: Console, label: str, text: str, more: str, *, style: str = "", note: str = "") -> None:
    head = Text(f"{label:<13}", style=style or "bold")
    body = Text(text.strip(), style=style)
    if note:
        body.append(f"  {note}", style="dim")
    _hang(out, head, body)
    if more:
        _under(out, more, style="dim")


def _under(out: Console, text: str, style: str = "") -> None:
    _hang(out, Text(" " * 13), Text(text, style=style))


def _hang(out: Console, head: Text, body: Text) -> None:
    """Print a label and a text that wraps under itself."""
    for i, row in enumerate(_rows(out, body, 13)):
        out.print(head + row if i == 0 else Text(" " * 13) + row)


def _rows(out: Console, body: Text, indent: int) -> list[Text]:
    """Wrap a text to what is left of the screen, without trailing blanks."""
    rows = list(body.wrap(out, max(out.width - indent, 20))) or [Text("")]
    for row in rows:
        row.rstrip()
    return rows


def paragraph(out: Console, text: str, *, indent: int = 0, style: str = "") -> None:
    """Print a wrapped paragraph."""
    for row in _rows(out, Text(text, style=style), indent):
        out.print(Text(" " * indent) + row)


def _authority(statement: StatementRef, on_guideline: bool) -> str:
    number = f" {statement.id}" if statement.id else ""
    grade = f" ({statement.grade})" if statement.grade else ""
    plain = statement.kind in ("recommendation", "policy") or statement.kind in statement.citation
    kind = "" if plain else f" {_words(statement.kind)}"
    off = "" if on_guideline else "off-guideline · "
    return f"{off}{statement.citation}{kind}{number}{grade} [{statement.confidence}]"


def _detail(detail: str) -> str:
    return f"({detail})" if detail else ""


def _words(name: str) -> str:
    return str(name).replace("-", " ")


# -- why ---------------------------------------------------------------------------------------------


def show_explanations(out: Console, found: Sequence[Explanation]) -> None:
    """Trees of reasons."""
    for item in found:
        where = f" (line {item.line})" if item.line else ""
        head = Text(f"{item.title}{where}", style="bold")
        head.append(f" · {item.concludes}", style="dim")
        mark, style = _MARK[item.truth]
        out.print(Text(f"{mark} ", style=style) + head)
        paragraph(out, f"{item.authority}: {item.rationale}", indent=2, style="italic")
        _tree(out, item.reason, 1)
        if item.exception is not None:
            out.print(Text("  unless", style="bold"))
            _tree(out, item.exception, 1)
        out.print()


def _tree(out: Console, reason: Reason, depth: int) -> None:
    mark, style = _MARK[reason.truth]
    indent = "  " * depth
    body = Text(reason.text)
    for i, row in enumerate(_rows(out, body, len(indent) + 2)):
        out.print(Text(indent) + (Text(f"{mark} ", style=style) if i == 0 else Text("  ")) + row)
    for child in reason.children:
        _tree(out, child, depth + 1)


# -- replay ------------------------------------------------------------------------------------------


def show_replay(out: Console, done: Replayed) -> None:
    """The trajectory of one scenario, what was done, and what was missed."""
    head = Text(done.scenario.title, style="bold")
    head.append(f" · {done.pathway.id}", style="dim")
    if done.scenario.synthetic:
        head.append(" · synthetic", style="dim")
    out.print(head)
    deeds: dict[str, list[Deed]] = {}
    for deed in done.deeds:
        deeds.setdefault(deed.at, []).append(deed)
    for step in done.steps:
        answer = step.consultation
        advice = answer.next_line.title if answer.next_line else _KINDS.get(answer.answer.kind, "")
        line = Text(f"  {step.at.label:<11} ", style="bold")
        line.append(f"{_words(answer.status.response):<20}", style="not bold")
        body = Text()
        body.append(advice, style="green" if answer.next_line else "yellow")
        new = [
            f.title
            for f in answer.findings
            if f.line and f.line == (answer.lines[-1].n if answer.lines else 0)
        ]
        if new:
            body.append(f" · {', '.join(new)}", style="magenta")
        loud = [a.title for a in answer.alerts if a.severity is Severity.CRITICAL]
        if loud:
            body.append(f" · ! {', '.join(loud)}", style="red")
        for i, row in enumerate(_rows(out, body, 34)):
            out.print(line + row if i == 0 else Text(" " * 34) + row)
        for deed in deeds.get(step.at.label, []):
            style = "green" if deed.verdict == "concordant" else "yellow"
            out.print(Text(f"{'':14}clinicians: {_words(deed.did)} → {deed.verdict}", style=style))
    total = done.passed + len(done.failed)
    for miss in done.failed:
        out.print(Text(f"  MISSED {miss}", style="bold red"))
    if total:
        out.print(
            Text(
                f"  {done.passed} of {total} expectations met",
                style="bold green" if not done.failed else "bold red",
            )
        )
    else:
        out.print(Text("  no expectations under this pathway", style="dim"))
    out.print()


def table(out: Console, rows: Iterable[Sequence[str]], widths: Sequence[int]) -> None:
    """Rows in columns of fixed widths; the last column wraps under itself, or below when it is narrow."""
    indent = sum(widths) + 2 * len(widths)
    for row in rows:
        head = "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False))
        body = Text(row[len(widths)] if len(row) > len(widths) else "")
        if out.width - indent < _NARROW:
            paragraph(out, "  ".join(row[: len(widths)]), style="bold")
            paragraph(out, body.plain, indent=4)
            continue
        for i, part in enumerate(_rows(out, body, indent)):
            out.print((Text(head, style="bold") if i == 0 else Text(" " * indent)) + part)
