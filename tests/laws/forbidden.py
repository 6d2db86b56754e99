"""Law 14: what the chart alone forbids is never begun, continued or raised.

The table is `forbidden.yaml`. The checker reads the chart as text and the acts of the answer, and nothing else: no
feature, no block, no rule. Charts have precise times.

    python tests/laws/forbidden.py --count 100000 --seed 14 [--seconds 900]
    python tests/laws/forbidden.py --deletions --count 20000

With --deletions each block of safety is left out in turn, and some chart must notice it: by an act, or by what is
answered to an order of a drug that a row forbids to begin. A block beside which another rule forbids the same is
noticed by the reasons of that answer alone, and said apart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import yaml
from hazards import hazardous
from raw import day_of, number_of
from untidy import Case

from nephroline.backends import backend
from nephroline.catalogue import load_catalogue
from nephroline.consultation import Consultation, consult, decided
from nephroline.errors import RecordError
from nephroline.ordering import OrderAnswer, order
from nephroline.pathway import Block, Pathway, load_pathway, pathway_ids
from nephroline.record import Record, read_record

TABLE: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).with_name("forbidden.yaml")).read_text(encoding="utf-8")
)
CATALOGUE = load_catalogue()
CURRENT = 92
"""Days: three months, at the most that they can have."""
_MOLAR = {"mg/dL": 88.4, "mg/L": 8.84, "µmol/L": 1.0, "mmol/L": 1000.0}
_REMISSIONS = (
    "complete-remission",
    "partial-remission",
    "remission",
    "complete response",
    "partial response",
)


class View:
    """A chart as text, at a day."""

    def __init__(self, chart: dict[str, Any], day: Fraction) -> None:
        self.chart, self.day = chart, day

    def entry(self, name: str) -> tuple[Fraction, dict[str, Any]] | None:
        """The last entry of a condition."""
        rows = [
            (day_of(self.chart, row["at"]), row) for row in self.chart["conditions"] if row["name"] == name
        ]
        seen = [item for item in rows if item[0] <= self.day]
        return max(seen, key=lambda item: item[0], default=None)

    def numbers(self, name: str) -> list[tuple[Fraction, float]]:
        """Every number of an analyte so far, in order; of creatinine in µmol/L."""
        found = []
        for row in self.chart["observations"]:
            day, value = day_of(self.chart, row["at"]), row.get(name)
            number = number_of(value)
            if number is None or day > self.day:
                continue
            if name == "creatinine":
                number *= _MOLAR[value.split()[-1]]
            found.append((day, number))
        return sorted(found)

    def now(self, name: str) -> float | None:
        """The last number, if it is of now: no word about it and no report that hides it came after."""
        numbers = self.numbers(name)
        if not numbers or numbers[-1][0] < self.day - CURRENT + 3:
            return None
        for row in self.chart["observations"]:
            later = numbers[-1][0] <= day_of(self.chart, row["at"]) <= self.day
            words = (name in row and number_of(row[name]) is None) or (
                name == "creatinine" and (row.get("response") in _REMISSIONS or "renal_function" in row)
            )
            if later and words:
                return None
        return numbers[-1][1]

    def taken(self, drug: str) -> list[dict[str, Any]]:
        """Rows of a drug or class that certainly run."""
        return [
            row
            for row in self.rows(drug)
            if "from" in row
            and "doses" not in row
            and day_of(self.chart, row["from"]) < self.day
            and ("to" not in row or (row["to"] != "unknown" and day_of(self.chart, row["to"]) > self.day))
        ]

    def rows(self, agent: str) -> list[dict[str, Any]]:
        """Rows of a drug or class."""
        return [
            row for row in self.chart["exposures"] if (id_ := drug_id(row)) and CATALOGUE.belongs(id_, agent)
        ]

    def given_since(self, agent: str, since: Fraction) -> bool:
        """Whether a drug or class was given at or after a day, as far as is known today."""
        for row in self.rows(agent):
            start = day_of(self.chart, row["from"]) if "from" in row else since
            end = None if "to" not in row or row["to"] == "unknown" else day_of(self.chart, row["to"])
            if start < self.day and (end is None or end >= since):
                return True
        return False


def drug_id(row: dict[str, Any]) -> str | None:
    """The drug of a row by its id; None if it is unlisted or a class."""
    return CATALOGUE.drug_names.get(row["drug"].lower().replace(" ", "-"))


def broken(case: Case, answer: Consultation) -> Iterator[str]:
    """The rows of the table that an answer breaks."""
    view = View(case.chart, day_of(case.chart, case.at))
    acts = {(act.agent, act.act) for act in answer.acts}
    offered: set[tuple[str, str]] = set()
    for line in answer.alternatives:
        regimen = CATALOGUE.regimens.get(line.regimen or "")
        offered |= (
            {(agent, "start") for agent in regimen.agents} if regimen and line.action == "start" else set()
        )
    for row in TABLE:
        # What would have to end before an alternative is said when that is chosen.
        begun = acts if "unless_ended" in row else acts | offered
        moves = [
            (agent, verb)
            for agent, verb in sorted(begun)
            if any(related(agent, wanted) for wanted in row["agents"]) and forbids(row, verb, agent, view)
        ]
        if not moves or not all(holds(fact, view) for fact in row["facts"]):
            continue
        ended = row.get("unless_ended")
        if ended and any(
            CATALOGUE.within(act.agent, ended) and act.act in ("stop", "hold") for act in answer.acts
        ):
            continue
        for agent, verb in moves:
            yield f"{row['id']}: {verb} {agent}"


def related(one: str, other: str) -> bool:
    """Whether two agents, drugs or classes, are the same or one is of the other's class."""
    return one == other or CATALOGUE.within(one, other) or CATALOGUE.within(other, one)


def forbids(row: dict[str, Any], verb: str, agent: str, view: View) -> bool:
    """Whether an act is one that a row forbids."""
    never = row["never"]
    if verb in never:
        return True
    return verb == "continue" and "full" in never and _full(view, agent)


def _full(view: View, agent: str) -> bool:
    """Whether what runs is a high dose of steroid: by the weight of the chart, or from 60 mg a day on."""
    for row in view.taken("glucocorticoid"):
        dose, weight = str(row.get("dose", "")), number_of(view.chart.get("weight"))
        amount = number_of(dose) or 0
        if not dose.endswith("mg/d"):
            continue
        if CATALOGUE.within(agent, "glucocorticoid") and amount >= min(80.0, (weight or 66) * 0.9):
            return True
    return False


# -- facts -------------------------------------------------------------------------------------------------


def holds(fact: dict[str, Any], view: View) -> bool:
    """Whether a fact certainly holds."""
    (kind,) = [name for name in KINDS if name in fact]
    return bool(KINDS[kind](fact, view))


def _listed(names: str | list[str]) -> list[str]:
    return names if isinstance(names, list) else [names]


def _condition(fact: dict[str, Any], view: View) -> bool:
    return any(_there(name, fact, view) for name in _listed(fact["condition"]))


def _there(name: str, fact: dict[str, Any], view: View) -> bool:
    found = view.entry(name)
    if found is None or found[1].get("present") is False:
        return False
    day, row = found
    state = row.get("control")
    if state in fact.get("not", []) or ("states" in fact and state not in fact["states"]):
        return False
    if fact.get("fades") and day < view.day - CURRENT + 3:
        return False
    measured = fact.get("unless_measured")
    if measured and any(day <= when for when, _ in view.numbers(measured)):
        return False
    excluded = CATALOGUE.conditions[name].excluded_by
    said = view.chart["findings"].get(excluded) if excluded else None
    if said and said["value"] and day_of(view.chart, said["at"]) >= day:
        return False
    if any(view.given_since(agent, view.day) for agent in fact.get("not_beside", [])):
        return False
    return not any(view.given_since(agent, day) for agent in fact.get("untreated_by", []))


def _value(fact: dict[str, Any], view: View) -> bool:
    now = view.now(fact["value"])
    if now is None:
        return False
    for word, test in (("above", now.__gt__), ("at_least", now.__ge__), ("below", now.__lt__)):
        if word in fact:
            return bool(test(number_of(fact[word]) or 0))
    raise AssertionError(fact)


def _egfr(fact: dict[str, Any], view: View) -> bool:
    """CKD-EPI 2021 of the last creatinine; a hair below the limit, for rounding."""
    now, sex, age = view.now("creatinine"), view.chart.get("sex"), number_of(view.chart.get("age"))
    if now is None or sex is None or age is None or view.numbers("egfr"):
        return False
    mg, k, power = now / 88.4, 0.7 if sex == "female" else 0.9, -0.241 if sex == "female" else -0.302
    years = age + float(view.day) / 365.25
    egfr = 142 * min(mg / k, 1) ** power * max(mg / k, 1) ** -1.2 * 0.9938**years
    return bool(egfr * (1.012 if sex == "female" else 1) < float(fact["egfr_below"]) - 0.5)


def _ratio(fact: dict[str, Any], view: View) -> bool:
    name = fact["ratio_of"]
    now, numbers = view.now(name), view.numbers(name)
    if now is None:
        return False
    last = numbers[-1][0]
    before = [value for day, value in numbers[:-1] if day >= last - fact["within"]]
    return bool(before) and now / min(before) >= float(fact["at_least"])


def _rise_on(fact: dict[str, Any], view: View) -> bool:
    rows = view.taken(fact["rise_on"])
    now, numbers = view.now(fact["of"]), view.numbers(fact["of"])
    if now is None or len(view.rows(fact["rise_on"])) != 1 or not rows:
        return False
    start = day_of(view.chart, rows[0]["from"])
    before = [value for day, value in numbers if day <= start]
    return bool(before) and numbers[-1][0] > start and now / before[-1] > float(fact["above"])


def _rise_after(fact: dict[str, Any], view: View) -> bool:
    """The same of a drug that was given once and has ended, by values before it, on it and of now."""
    rows = view.rows(fact["rise_after"])
    now, numbers = view.now(fact["of"]), view.numbers(fact["of"])
    if now is None or len(rows) != 1 or "from" not in rows[0] or rows[0].get("to", "unknown") == "unknown":
        return False
    start, end = (day_of(view.chart, rows[0][name]) for name in ("from", "to"))
    before = [value for day, value in numbers if day <= start]
    on = [value for day, value in numbers if start < day <= end]
    over = [value / before[-1] > float(fact["above"]) for value in (*on, now)] if before else []
    return bool(on and over) and end < view.day and all(over[-2:])


def _total(fact: dict[str, Any], view: View) -> bool:
    grams = 0.0
    for row in view.rows(fact["total"]):
        dose = str(row.get("dose", ""))
        if dose.endswith("mg/d") and "from" in row:
            start = day_of(view.chart, row["from"])
            end = day_of(view.chart, row["to"]) if row.get("to", "unknown") != "unknown" else view.day
            grams += (number_of(dose) or 0) * float(max(min(end, view.day) - start, Fraction(0))) / 1000
    return grams >= (number_of(fact["at_least"]) or 0)


def _asserted(fact: dict[str, Any], view: View) -> bool:
    said = view.chart["findings"].get(fact["asserted"])
    return bool(said and said["value"] and day_of(view.chart, said["at"]) <= view.day)


def _never_above(fact: dict[str, Any], view: View) -> bool:
    """Whether every number is below a limit, of 24 hours alone, and no word is there."""
    name = fact["never_above"]
    told = [row for row in view.chart["observations"] if name in row or "response" in row]
    grams = [str(row.get(name, "")) for row in told]
    known = all(text.endswith(" g/d") and ">" not in text for text in grams)
    seen = view.numbers(name)
    return known and bool(seen) and all(value < 3.5 for _, value in seen) and not view.chart["exposures"]


def _reaction(fact: dict[str, Any], view: View) -> bool:
    return any(
        drug_id(row) == fact["reaction_to"] and day_of(view.chart, row["at"]) <= view.day
        for row in view.chart.get("reactions", [])
    )


def _active_throughout(view: View) -> bool:
    """Whether every number is nephrotic and no report in words is there."""
    told = [row for row in view.chart["observations"] if "response" in row or "proteinuria" in row]
    grams = [str(row.get("proteinuria", "")) for row in told]
    return all(text.endswith(" g/d") and (number_of(text) or 0) > 4 for text in grams)


def _remission_told(view: View) -> bool:
    """Whether a reason for stopping tells of a remission."""
    return any(row.get("stopped_for") in ("remission", "relapse") for row in view.chart["exposures"])


def _another(_: dict[str, Any], view: View) -> bool:
    shown = {b["diagnosis"] for b in view.chart.get("biopsies", []) if "diagnosis" in b}
    return bool(shown) and not shown & {"fsgs", "mcd", "membranous"}


KINDS = {
    "condition": _condition,
    "not_condition": lambda fact, view: not _there(fact["not_condition"], {}, view),
    "value": _value,
    "egfr_below": _egfr,
    "ratio_of": _ratio,
    "rise_on": _rise_on,
    "rise_after": _rise_after,
    "taking": lambda fact, view: any(map(view.taken, _listed(fact["taking"]))),
    "never_taken": lambda fact, view: not view.rows(fact["never_taken"]),
    "total": _total,
    "asserted": _asserted,
    "not_asserted": lambda fact, view: not _asserted({"asserted": fact["not_asserted"]}, view),
    "age_below": lambda fact, view: (number_of(view.chart.get("age")) or 99) + float(view.day) / 365 < 18,
    "biopsy": lambda fact, view: any(
        b.get("diagnosis") == fact["biopsy"] for b in view.chart.get("biopsies", [])
    ),
    "biopsy_of_another_disease": _another,
    "reaction_to": _reaction,
    "sex": lambda fact, view: view.chart.get("sex") == fact["sex"],
    "years_below": lambda fact, view: (
        (number_of(view.chart.get("age")) or 99) + float(view.day) / 365 < fact["years_below"]
    ),
    "not_told": lambda fact, view: fact["not_told"] not in view.chart["findings"],
    "never_biopsied": lambda fact, view: (
        not view.chart.get("biopsies") and _active_throughout(view) and not _remission_told(view)
    ),
    "never_above": _never_above,
}


# -- many charts -------------------------------------------------------------------------------------------


ORDERED = {
    "glucocorticoid": "prednisolone 60 mg/d",
    "calcineurin-inhibitor": "cyclosporine",
    "mycophenolate": "mycophenolate mofetil",
    "anti-cd20": "rituximab",
    "ace-inhibitor": "ramipril",
    "angiotensin-receptor-blocker": "losartan",
}
"""What stands for a class in an order."""


def ordered(case: Case, record: Record, pathway: Pathway) -> dict[str, OrderAnswer]:
    """What is answered to an order of each drug that a row forbids to begin, and that is not taken."""
    view = View(case.chart, day_of(case.chart, case.at))
    asked: dict[str, OrderAnswer] = {}
    found: dict[str, OrderAnswer] = {}
    for row in TABLE:
        if "start" not in row["never"] or "unless_ended" in row:
            continue
        if not all(holds(fact, view) for fact in row["facts"]):
            continue
        for agent in row["agents"]:
            text = ORDERED.get(agent, agent.replace("-", " "))
            drug = drug_id({"drug": text.split(" 6", 1)[0]})
            if drug is not None and not view.given_since(drug, view.day):
                if text not in asked:
                    asked[text] = order(record, pathway, text, case.at)
                found[f"{row['id']}: order of {agent}"] = asked[text]
    return found


def search(
    pathways: list[Pathway], seeds: Iterator[int], seconds: float = float("inf")
) -> tuple[int, Counter[str], dict[str, int]]:
    """Ask of charts made from seeds; how many, what was broken how often, and by which seed first."""
    found: Counter[str] = Counter()
    first: dict[str, int] = {}
    asked, until = 0, time.monotonic() + seconds
    for seed in seeds:
        case = hazardous(seed)
        try:
            record = read_record(case.chart)
        except RecordError:
            continue
        pathway = pathways[seed % len(pathways)]
        for text in broken(case, consult(record, pathway, case.at, backend_name="reference")):
            found[text] += 1
            first.setdefault(text, seed)
        if seed % ORDERS == 0:
            for text, answer in ordered(case, record, pathway).items():
                if answer.verdict not in NOTHING_BEGUN:
                    found[f"{text} is {answer.verdict}"] += 1
                    first.setdefault(f"{text} is {answer.verdict}", seed)
        asked += 1
        if time.monotonic() > until:
            break
    return asked, found, first


def searched(start: int, count: int, seconds: float) -> tuple[int, Counter[str], dict[str, int]]:
    """The search in as many processes as there are processors, with its progress."""
    asked, found, first = 0, Counter[str](), dict[str, int]()
    until = time.monotonic() + seconds
    spans = [range(at, min(at + _PART, start + count)) for at in range(start, start + count, _PART)]
    with get_context("spawn").Pool() as pool:
        for part in pool.imap(_part, spans):
            asked += part[0]
            found += part[1]
            first |= {text: seed for text, seed in part[2].items() if text not in first}
            sys.stderr.write(f"\r{asked} charts asked, {sum(found.values())} acts forbidden")
            sys.stderr.flush()
            if time.monotonic() > until:
                break
    sys.stderr.write("\n")
    return asked, found, first


_PART = 500


def _part(seeds: range) -> tuple[int, Counter[str], dict[str, int]]:
    return search([load_pathway(name) for name in pathway_ids()], iter(seeds), float("inf"))


ORDERS = 10
"""Of one in so many charts, orders are judged too."""
NOTHING_BEGUN = ("no", "not-now", "not-judged", "already")
"""Verdicts on an order by which nothing is begun."""


def unnoticed(pathways: list[str], start: int, count: int) -> tuple[list[str], list[str]]:
    """The blocks of safety of which no chart notices that they are left out; those noticed in reasons alone.

    A chart is asked only about blocks that hold in it, or may: no other could be noticed.
    """
    left, doubled = set(blocks_of(pathways)), set()
    wholes = [load_pathway(name) for name in pathways]
    without = {(name, rule): left_out(name, rule) for name in pathways for rule in left}
    for seed in range(start, start + count):
        if not left:
            break
        name, whole = pathways[seed % len(wholes)], wholes[seed % len(wholes)]
        case = hazardous(seed)
        try:
            record = read_record(case.chart)
        except RecordError:
            continue
        run, _ = decided(record, whole, case.at, backend("reference"))
        near = {rule.id for rule, _, who in run.rules(Block) if run.when(rule, who) is not False}
        for rule in sorted(near & left):
            other = without[name, rule]
            how = None if other is None else noticed(case, record, whole, other)
            if how == "answer":
                left.discard(rule)
                sys.stdout.write(f"{seed - start:6}  {rule}\n")
                sys.stdout.flush()
            elif how == "reasons":
                doubled.add(rule)
    return sorted(left - doubled), sorted(left & doubled)


def noticed(
    case: Case, record: Record, whole: Pathway, without: Pathway
) -> Literal["answer", "reasons"] | None:
    """How a chart notices that a block is left out: by what is done or answered to an order, or by why."""
    if any(broken(case, consult(record, without, case.at, backend_name="reference"))):
        return "answer"
    before, after = ordered(case, record, whole), ordered(case, record, without)
    if {text: answer.verdict for text, answer in before.items()} != {
        text: answer.verdict for text, answer in after.items()
    }:
        return "answer"
    same = all(answer.because == after[text].because for text, answer in before.items())
    return None if same else "reasons"


def blocks_of(pathways: list[str]) -> list[str]:
    """The ids of the blocks that safety and care state."""
    rules = [rule for name in pathways for rule in load_pathway(name).rules.values()]
    return sorted({rule.id for rule in rules if rule.care and isinstance(rule.conclusion, Block)})


def left_out(pathway: str, rule: str) -> Pathway | None:
    """A pathway without a rule; none if it has not got it."""
    whole = load_pathway(pathway)
    if rule not in whole.rules:
        return None
    text = (
        f"pathway: test/without\ntitle: {whole.title}\nedition: {whole.edition}\ndisease: {whole.disease}\n"
        f"source: nephroline\nuses: [{pathway}]\nwithout: [{rule}]\n"
    )
    if whole.disease == "fsgs":
        text += "may_be_hidden_by: [mcd]\n"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "without.yaml"
        file.write_text(text, encoding="utf-8")
        return load_pathway(str(file))


def main() -> int:
    """The whole law, by seed and time."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--deletions", action="store_true")
    given = parser.parse_args()
    start = given.seed * 10_000_000
    if given.deletions:
        names, doubled = unnoticed(["kdigo-2021/fsgs", "kdigo-2021/mcd"], start, given.count)
        sys.stdout.write(
            f"blocks beside which another rule forbids the same: {', '.join(doubled) or 'none'}\n"
        )
        sys.stdout.write(f"blocks that no chart notices: {', '.join(names) or 'none'}\n")
        return 1 if names else 0
    asked, found, first = searched(start, given.count, given.seconds)
    for text, count in found.most_common():
        sys.stdout.write(f"{count:6}  {text}  (seed {first[text]})\n")
    sys.stdout.write(f"{asked} charts asked, {sum(found.values())} acts forbidden by {len(found)} pairs\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
