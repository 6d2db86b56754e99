"""The regimens that are out, and why."""

from __future__ import annotations

from nephroline.consultation.answer import BlockedOut, BlockReason
from nephroline.consultation.choosing import blocks_of, concerns, failed_lines
from nephroline.consultation.decision import Decision
from nephroline.consultation.run import Run, Subject, fill
from nephroline.pathway import Block, Recommend, Rule

FAILED = "already-failed"
"""The id of the standing reason not to repeat a line that failed with adequate exposure."""


def blocked_out(run: Run) -> list[BlockedOut]:
    """Every regimen the pathway may recommend that is out, with all reasons."""
    blocks, failed = blocks_of(run), failed_lines(run)
    known = {
        rule.conclusion.regimen
        for rule in run.pathway.rules.values()
        if isinstance(rule.conclusion, Recommend)
    }
    found: list[BlockedOut] = []
    for regimen in run.pathway.catalogue.regimens.values():
        if regimen.id not in known:
            continue
        reasons: list[BlockReason] = []
        for rule, block, subject in blocks:
            if concerns(run, block, regimen, frozenset(regimen.agents)):
                reasons.append(reason_of(run, rule, block, subject))
        line = failed.get(regimen.id)
        if line is not None:
            text = f"line {line.number} was {regimen.title}, without remission at an exposure that counts"
            reasons.append(BlockReason(rule=FAILED, title="Already failed", because=[text], until=""))
        if reasons:
            found.append(BlockedOut(regimen=regimen.id, title=regimen.title, reasons=reasons))
    return found


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
