"""The regimens that are out, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nephroline.catalogue import Regimen
from nephroline.consultation.answer import BlockedOut, BlockReason
from nephroline.consultation.choosing import blocks_of, concerns, failed_lines
from nephroline.consultation.decision import Decision
from nephroline.consultation.run import Run, Subject, fill
from nephroline.pathway import Block, Recommend, Rule
from nephroline.record import Line

FAILED = "already-failed"
"""The id of the standing reason not to repeat a line that failed with adequate exposure."""


class Out(NamedTuple):
    """A regimen that is out: by which blocks that stand, and the line on which it has failed, if it has."""

    regimen: Regimen
    blocks: list[tuple[Rule, Block, Subject]]
    failed: Line | None


def regimens_out(run: Run) -> Iterator[Out]:
    """Every regimen the pathway may recommend that is out."""
    blocks, failed = blocks_of(run), failed_lines(run)
    known = {
        rule.conclusion.regimen
        for rule in run.pathway.rules.values()
        if isinstance(rule.conclusion, Recommend)
    }
    for regimen in run.pathway.catalogue.regimens.values():
        if regimen.id in known:
            ours = [one for one in blocks if concerns(run, one[1], regimen, frozenset(regimen.agents))]
            if ours or regimen.id in failed:
                yield Out(regimen, ours, failed.get(regimen.id))


def blocked_out(run: Run) -> list[BlockedOut]:
    """Every regimen that is out, with all reasons."""
    return [_told(run, out) for out in regimens_out(run)]


def _told(run: Run, out: Out) -> BlockedOut:
    reasons = [reason_of(run, *one) for one in out.blocks]
    title, line = out.regimen.title, out.failed
    if line is not None:
        text = f"line {line.number} was {title}, without remission at an exposure that counts"
        reasons.append(BlockReason(rule=FAILED, title="Already failed", because=[text], until=""))
    return BlockedOut(regimen=out.regimen.id, title=title, reasons=reasons)


def reason_of(run: Run, rule: Rule, block: Block, subject: Subject) -> BlockReason:
    """Why a block stands, and until when."""
    return BlockReason(
        rule=rule.id,
        title=rule.title,
        because=run.because(rule.when, subject),
        until=fill(run.pathway, block.until),
        before_first_dose=block.before_first_dose,
    )


def held_back(run: Run, decision: Decision) -> list[str]:
    """By what the next line is held back, and until when; and what it would be."""
    blocks, first = blocks_of(run), decision.held[0]
    reasons = [
        f"{rule.title.lower()}: until {fill(run.pathway, block.until)}" if block.until else rule.title.lower()
        for rule, block, _ in blocks
        if concerns(run, block, first.regimen, first.agents)
    ]
    titles = dict.fromkeys(act.regimen.title if act.regimen else act.rule.title for act in decision.held)
    return [*dict.fromkeys(reasons), f"held back: {', '.join(titles)}"]
