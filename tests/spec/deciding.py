"""Small pathways whose rules rest on three statements, A, B and C, each made, denied or unknown.

So a chapter on how rules compete shows the rules that compete and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chapters import LIMITS, pathway_to_ask

from nephroline.consultation import Consultation, consult
from nephroline.pathway import Pathway
from nephroline.record import read_record

LETTERS = {
    "a": "secondary_cause_excluded",
    "b": "diffuse_effacement",
    "c": "fertility_to_be_preserved",
}
"""What the letters stand for: statements that are asked for until somebody makes them."""
ASKED_AS = {
    "a": "secondary causes excluded",
    "b": "diffuse foot-process effacement on electron microscopy",
    "c": "fertility to be preserved",
}
"""How an answer calls them."""
THRESHOLDS = LIMITS | {
    "steroid_daily_dose": {"value": "1 mg/kg/d"},
    "steroid_trial": {"value": "112 d"},
    "mycophenolate_dose_low": {"value": "1 g/d"},
    "mycophenolate_dose_high": {"value": "2 g/d"},
    "mycophenolate_trial": {"value": "180 d"},
    "tacrolimus_dose_low": {"value": "0.05 mg/kg/d"},
    "tacrolimus_dose_high": {"value": "0.1 mg/kg/d"},
    "tacrolimus_daily_most": {"value": "10 mg/d"},
    "tacrolimus_trough_low": {"value": "5 ng/mL"},
    "tacrolimus_trough_high": {"value": "10 ng/mL"},
    "cni_trial": {"value": "180 d"},
    "three_months": {"value": "90 d"},
}
STEROID, MMF, TAC = "high-dose-glucocorticoid", "mycophenolate", "tacrolimus"

Rules = dict[str, dict[str, Any]]


def rule(when: str, unless: str = "", **concludes: Any) -> dict[str, Any]:
    """A rule that holds when a condition on letters does, unless another does."""
    return {"when": when} | ({"unless": unless} if unless else {}) | concludes


def start(regimen: str, when: str, preference: int = 1, unless: str = "", **more: Any) -> dict[str, Any]:
    """To begin a regimen."""
    asked = {"action": "start", "regimen": regimen, "preference": preference} | more
    return rule(when, unless, recommend=asked)


def running(action: str, when: str, preference: int = 1, unless: str = "", **more: Any) -> dict[str, Any]:
    """What is to be done with the line that runs."""
    return rule(when, unless, recommend={"action": action, "keep": True, "preference": preference} | more)


def course(action: str, when: str, preference: int = 1, unless: str = "", **more: Any) -> dict[str, Any]:
    """What is to be done with the course of steroids, which goes on through all lines."""
    asked = {"action": action, "agent": "glucocorticoid", "preference": preference} | more
    return rule(when, unless, recommend=asked)


def block(agent: str, when: str, unless: str = "", **more: Any) -> dict[str, Any]:
    """To keep an agent out."""
    return rule(when, unless, block={"agent": agent, "until": "later"} | more)


def alert(when: str, severity: str = "critical", unless: str = "") -> dict[str, Any]:
    """Something to notice."""
    return rule(when, unless, alert={"severity": severity})


def pathway(rules: Rules, limits: Mapping[str, Any] | None = None) -> Pathway:
    """A pathway of such rules, by their ids, and of more *limits*."""
    definitions = [
        {"id": letter, "title": letter.upper(), "of": "patient", "when": f"asserted({statement})"}
        for letter, statement in LETTERS.items()
    ]
    listed = [{"id": name, "title": name.replace("-", " "), **one} for name, one in rules.items()]
    with TemporaryDirectory() as place:
        return pathway_to_ask(
            Path(place),
            "deciding",
            listed,
            thresholds=THRESHOLDS | dict(limits or {}),
            definitions=definitions,
        )


def patient(said: str = "", exposures: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A man of 40 years and 70 kg with FSGS; *said*: such as ``a, not b``, with what is not named unknown."""
    stated = {
        LETTERS[word.removeprefix("not ")]: {"value": not word.startswith("not "), "at": "0 mo"}
        for word in filter(None, said.split(", "))
    }
    return {
        "id": "x",
        "sex": "M",
        "age": "40 years",
        "weight": "70 kg",
        "time_zero": "presentation",
        "biopsies": [{"at": "0 mo", "glomeruli": 20, "diagnosis": "fsgs"}],
        "observations": [{"at": "0 mo", "proteinuria": "9 g/d", "albumin": "18 g/L"}],
        "findings": stated,
        "exposures": exposures or [],
    } | more


def decided(rules: Rules, said: str = "", at: str = "0 mo", **chart: Any) -> Consultation:
    """What is answered to a patient under some rules."""
    asked = pathway(rules)
    return consult(read_record(patient(said, **chart), asked.catalogue), asked, at)


def needed(answer: Consultation) -> str:
    """The letters that are asked for."""
    asked = {need.datum for need in answer.needs}
    return "".join(letter for letter, statement in LETTERS.items() if statement in asked)


def depends(answer: Consultation) -> str:
    """The letters on which the next line depends."""
    line = answer.next_line
    told = " ".join(line.depends_on) if line is not None else ""
    return "".join(letter for letter, title in ASKED_AS.items() if title in told)


def advice(answer: Consultation) -> str:
    """What is answered in a word, the line with what becomes of it, and the alternatives."""
    line = answer.next_line
    told = f"{answer.answer.kind}"
    if line is not None:
        told += f": {line.action} {line.regimen or line.title.partition(' ')[2]}"
    others = [f"{one.action} {one.regimen}" for one in answer.alternatives]
    return f"{told} or {' or '.join(others)}" if others else told
