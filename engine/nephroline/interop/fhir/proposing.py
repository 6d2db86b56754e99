"""What an answer proposes as a RequestGroup: the line and its alternatives, each drug, what goes beside them.

Every intent is a proposal, every status a draft. A drug that is stopped is a request not to give it.
"""

from __future__ import annotations

from collections.abc import Sequence

from nephroline.consultation import PLAIN_DAYS, Consultation, cited
from nephroline.consultation.answer import (
    ActionOut,
    ActOut,
    DoseOut,
    LineAdvice,
    StatementRef,
    TaperOut,
    TaperRow,
)
from nephroline.consultation.parts import MonitoringOut
from nephroline.exact import Fraction
from nephroline.interop.fhir.bundling import Bundled
from nephroline.interop.fhir.codes import OWN
from nephroline.interop.fhir.nodes import HL7, UCUM, Resource
from nephroline.quantities import QuantityError, parse
from nephroline.terms import Action, Certainty, Strength, spoken

_CQF = "http://hl7.org/fhir/StructureDefinition/cqf-"
_STRENGTHS = {Strength.STRONG: "strong", Strength.WEAK: "weak"}
_EVIDENCE = (Certainty.HIGH, Certainty.MODERATE, Certainty.LOW, Certainty.VERY_LOW)
_NOT_GIVEN = ("stop", "hold")
"""Acts after which a drug is not given."""
_DAILY = ("", "single dose")
_A_DAY = {"value": 1, "unit": "d", "system": UCUM, "code": "d"}
_CHANGES = {
    "start": "create",
    "continue": "update",
    "raise": "update",
    "reduce": "update",
    "taper": "update",
    "hold": "update",
    "stop": "remove",
}


class Proposal:
    """What one answer proposes, written into its Bundle."""

    def __init__(self, answer: Consultation, bundle: Bundled) -> None:
        self._answer, self._bundle = answer, bundle

    def written(self) -> Resource | None:
        """A reference to the RequestGroup; none if there is nothing to do."""
        answer = self._answer
        line = answer.next_line
        of_line = [act for act in answer.acts if line is not None and act.rule == line.rule]
        actions: list[Resource] = []
        if line is not None:
            options = [one for one in answer.alternatives if not one.with_or_after]
            chosen = self._judged(line, self._option(line, of_line, "proposal"))
            actions.append(self._choice(line, chosen, options) if options else chosen)
            beside = [one for one in answer.alternatives if one.with_or_after]
            actions += [self._option(one, (), "option") for one in beside]
        actions += [
            part for act in answer.acts if act not in of_line for part in self._act(act, (), "proposal")
        ]
        actions += [self._beside(one) for one in answer.actions]
        actions += [self._watched(one) for one in answer.monitoring]
        if not actions:
            return None
        group: Resource = {
            "resourceType": "RequestGroup",
            "instantiatesUri": [f"{OWN}pathway:{answer.pathway.id}"],
            "groupIdentifier": self._bundle.group,
            "status": "draft",
            "intent": "proposal",
            "subject": self._bundle.subject,
            **self._bundle.at("authoredOn", answer.as_of),
            "author": self._bundle.engine,
            "note": [{"text": answer.notice}],
            "action": actions,
        }
        return self._bundle.add(group, "plan")

    def _choice(self, line: LineAdvice, chosen: Resource, options: Sequence[LineAdvice]) -> Resource:
        """The next line and its alternatives: at most one of them."""
        others = [self._option(one, (), "option") | {"precheckBehavior": "no"} for one in options]
        return {
            "title": f"Next line: {line.title}, or an alternative",
            "groupingBehavior": "logical-group",
            "selectionBehavior": "at-most-one",
            "action": [chosen | {"precheckBehavior": "yes"}, *others],
        }

    def _option(self, line: LineAdvice, acts: Sequence[ActOut], intent: str) -> Resource:
        """A line: what to do with each of its drugs, else what is asked for."""
        more = [
            line.detail,
            f"target: {line.target}" if line.target else "",
            f"trial: {line.minimum_trial}" if line.minimum_trial else "",
            f"monitor: {'; '.join(line.monitoring)}" if line.monitoring else "",
            f"notice: {'; '.join(line.alerts)}" if line.alerts else "",
            f"before the first dose: {'; '.join(line.before_first_dose)}" if line.before_first_dose else "",
        ]
        detail = "; ".join(filter(None, more))
        action = self._advised(line.title, detail, line.statement, line.on_guideline, line.because)
        if not line.certain:
            action["extension"] += [
                {"url": f"{OWN}depends-on", "valueString": text} for text in line.depends_on
            ]
        parts: list[Resource] = []
        left = list(line.doses)
        for act in acts:
            own = [dose for dose in left if self._bundle.catalogue.within(dose.drug, act.agent)]
            left = [dose for dose in left if dose not in own]
            parts += self._act(act, own, intent)
        if line.action is Action.START:
            parts += [self._started(dose, intent) for dose in left]
        elif left:
            # A dose of another drug than the one that runs: told in words, for the two are no one order.
            doses = "; ".join(self._dose(dose)["text"] for dose in left)
            action["description"] = "; ".join(filter(None, (f"to {doses}", detail)))
        if parts:
            return action | {"groupingBehavior": "logical-group", "action": parts}
        if line.taper is not None:
            tapered = self._medication(line.taper.drug, self._taper(line.taper), intent)
            return action | {"resource": tapered}
        return action | {"resource": self._service(line.title, line.because, intent)}

    def _started(self, dose: DoseOut, intent: str) -> Resource:
        """A drug to begin; what another dose of its class is tapered to is no order beside that taper."""
        tapered = next(
            (act for act in self._answer.acts if act.act == "taper" and self._of_one(dose.drug, act.agent)),
            None,
        )
        if tapered is None:
            drug = self._medication(dose.drug, [self._dose(dose)], intent)
            return {"title": f"Start {spoken(dose.drug)}", "resource": drug}
        told = f"{self._dose(dose)['text']}, when the taper has reached it ({tapered.title})"
        title = f"From the taper on {spoken(dose.drug)}"
        return {"title": title, "description": told, "resource": self._service(told, (), intent)}

    def _of_one(self, drug: str, agent: str) -> bool:
        """Whether a drug and an agent are of one class that is followed as one course."""
        catalogue = self._bundle.catalogue
        kind = catalogue.class_of_lines(drug)
        theirs = catalogue.class_of_lines(agent) if agent in catalogue.drugs else catalogue.classes.get(agent)
        return kind.followed_through_lines and theirs is kind

    def _judged(self, line: LineAdvice, action: Resource) -> Resource:
        """A line with when to judge it, which is something to do of its own."""
        if line.reassess_at is None:
            return action
        title = f"Judge the response at {line.reassess_at.label}"
        judge = {"title": title, **self._bundle.at("timingDateTime", line.reassess_at)}
        judge["resource"] = self._service(title, (), "proposal")
        if "action" in action:
            return action | {"action": [*action["action"], judge]}
        first = {"title": action["title"], "resource": action["resource"]}
        whole = {key: value for key, value in action.items() if key != "resource"}
        return whole | {"groupingBehavior": "logical-group", "action": [first, judge]}

    def _act(self, act: ActOut, doses: Sequence[DoseOut], intent: str) -> list[Resource]:
        """What to do with one drug or class: an action, or one for each of its drugs."""
        until = f"look again, or end, at {act.until.label}" if act.until is not None else ""
        detail = "; ".join(filter(None, (act.detail, until)))
        action = self._advised(act.title, detail, act.statement, act.on_guideline, act.because)
        action["extension"].append({"url": f"{OWN}act", "valueCode": act.act})
        change = _CHANGES.get(act.act)
        if change:
            action["type"] = {"coding": [{"system": f"{HL7}action-type", "code": change}]}
        if act.act == "undecided":
            return [action | {"resource": self._service(act.title, act.because, intent)}]
        if act.act in _NOT_GIVEN:
            return [action | {"resource": self._not_given(act, detail)}]
        if act.taper is not None:
            return [action | {"resource": self._medication(act.taper.drug, self._taper(act.taper), intent)}]
        if doses:
            drugs = [self._medication(dose.drug, [self._dose(dose)], intent) for dose in doses]
            several = len(drugs) > 1
            return [
                action
                | {"title": f"{act.title}: {spoken(dose.drug)}" if several else act.title, "resource": drug}
                for dose, drug in zip(doses, drugs, strict=True)
            ]
        # What is raised or lowered has a dose of now, which is not the one that is proposed.
        told = [{"text": act.dose}] if act.dose and act.act in ("start", "continue") else []
        note = "" if told else f"{act.title}: {detail}" if detail else act.title
        return [action | {"resource": self._medication(act.agent, told, intent, note)}]

    def _not_given(self, act: ActOut, detail: str) -> Resource:
        """A proposal not to give a drug, for good or until something."""
        said = f"{act.title}: {detail}" if detail else act.title
        request = self._drug_request(act.agent, "proposal")
        request |= {"doNotPerform": True, "note": [{"text": said}]}
        if act.because:
            request["reasonCode"] = [{"text": text} for text in act.because]
        return self._bundle.add_next(request, "medication")

    def _beside(self, one: ActionOut) -> Resource:
        """Something to do beside the line."""
        first = "before the first dose: " if one.before_first_dose else ""
        action = self._advised(
            one.short or one.title, f"{first}{one.title}", one.statement, one.on_guideline, one.because
        )
        priority = "urgent" if one.urgent else ""
        if priority:
            action["priority"] = priority
        return action | {"resource": self._service(one.title, one.because, "proposal", priority)}

    def _watched(self, one: MonitoringOut) -> Resource:
        """A value that a drug asks for, when it is due; what is overdue is due now."""
        title = f"{one.title} {one.every} on {spoken(one.drug)}"
        concept: Resource = {"text": one.title}
        if one.measure in self._bundle.catalogue.analytes:
            concept["coding"] = self._bundle.coding("analyte", one.measure)
        action: Resource = {"title": title, "documentation": [{"type": "citation", "label": one.citation}]}
        request = self._request("ServiceRequest", "proposal") | {"code": concept}
        if one.overdue:
            action["priority"] = request["priority"] = "asap"
        else:
            action |= self._bundle.at("timingDateTime", one.due)
        return action | {"resource": self._bundle.add_next(request, "service")}

    def _advised(
        self, title: str, detail: str, statement: StatementRef, on_guideline: bool, because: Sequence[str]
    ) -> Resource:
        """An action with its words, its source and its reasons; marked if it is off the guideline."""
        told = f"{title}: {detail}" if detail and detail != title else title
        action: Resource = {
            "extension": [{"url": f"{OWN}on-guideline", "valueBoolean": on_guideline}],
            "title": title,
            "textEquivalent": f"{told}; because: {'; '.join(because)}" if because else told,
            "documentation": [_cited(statement, on_guideline)],
        }
        if detail and detail != title:
            action["description"] = detail
        return action

    # -- requests --------------------------------------------------------------------------------------

    def _request(self, kind: str, intent: str) -> Resource:
        """A draft; an alternative has the intent `option`. All of one answer share their group."""
        group = "groupIdentifier" if kind == "MedicationRequest" else "requisition"
        return {
            "resourceType": kind,
            "status": "draft",
            "intent": intent,
            group: self._bundle.group,
            "subject": self._bundle.subject,
            **self._bundle.at("authoredOn", self._answer.as_of),
            "requester": self._bundle.engine,
        }

    def _service(self, title: str, because: Sequence[str], intent: str, priority: str = "") -> Resource:
        request = self._request("ServiceRequest", intent) | {"code": {"text": title}}
        if because:
            request["reasonCode"] = [{"text": text} for text in because]
        if priority:
            request["priority"] = priority
        return self._bundle.add_next(request, "service")

    def _drug_request(self, agent: str, intent: str) -> Resource:
        catalogue = self._bundle.catalogue
        concept: Resource = {"text": catalogue.title(agent)}
        if agent in catalogue.drugs:
            concept["coding"] = self._bundle.coding("drug", agent)
        return self._request("MedicationRequest", intent) | {"medicationCodeableConcept": concept}

    def _medication(self, agent: str, doses: list[Resource], intent: str, note: str = "") -> Resource:
        """A proposal about a drug, or one of a class; *note*: what it is, where no dose says so."""
        request = self._drug_request(agent, intent)
        if doses:
            request["dosageInstruction"] = doses
        if note:
            request["note"] = [{"text": note}]
        return self._bundle.add_next(request, "medication")

    def _dose(self, dose: DoseOut) -> Resource:
        """A dose as Dosage; as numbers only where it is worked out for this patient and given every day."""
        on_days = PLAIN_DAYS.sub("", dose.per)
        here = f": {dose.for_this_patient}" if dose.for_this_patient else ""
        per = dose.per.removeprefix("day, ").removeprefix("day")
        found: Resource = {"text": f"{spoken(dose.drug)} {dose.amount}{', ' + per if per else ''}{here}"}
        each = self._quantity(dose.dispense.each) if dose.dispense else None
        most = self._quantity(dose.most.removesuffix("/d")) if dose.most.endswith("/d") else None
        if most:
            found["maxDosePerPeriod"] = {"numerator": most, "denominator": _A_DAY}
        if dose.dispense and each and on_days in _DAILY and dose.per.startswith("day"):
            repeat = {"frequency": dose.dispense.times_a_day, "period": 1, "periodUnit": "d"}
            found |= {"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": each}]}
            found["patientInstruction"] = f"each dose of {' and '.join(dose.dispense.of)}"
        return found

    def _taper(self, taper: TaperOut) -> list[Resource]:
        """A taper as Dosages, one after the other, each with its days, or how many."""
        rows: list[Resource] = []
        ends = [*(row.since for row in taper.rows[1:]), taper.ends]
        for number, (row, end) in enumerate(zip(taper.rows, ends, strict=True), 1):
            text = f"{spoken(taper.drug)} {row.dose} from {row.since.label}"
            found: Resource = {"sequence": number, "text": f"{text} to {end.label}" if end else text}
            repeat = self._bundle.bounds(row.since, end)
            each, times = self._each(row)
            if each is not None:
                repeat |= {"frequency": times, "period": 1, "periodUnit": "d"}
                found["doseAndRate"] = [{"doseQuantity": each}]
            if repeat:
                found["timing"] = {"repeat": repeat}
            rows.append(found)
        return rows

    def _each(self, row: TaperRow) -> tuple[Resource | None, int]:
        """One dose of a step by its pieces, and how often a day; none where the two do not make its dose."""
        pieces = [self._quantity(piece) for piece in row.of]
        whole = self._quantity(row.dose.removesuffix("/d")) if row.dose.endswith("/d") else None
        if whole is None or not pieces or any(one is None or one["unit"] != whole["unit"] for one in pieces):
            return None, 0
        amount = sum(Fraction(str(one["value"])) for one in pieces if one is not None)
        times = Fraction(str(whole["value"])) / amount
        if times.denominator != 1:
            return None, 0
        value = int(amount) if amount.denominator == 1 else float(amount)
        return whole | {"value": value}, int(times)

    def _quantity(self, text: str) -> Resource | None:
        """A dose as Quantity; none if it is no single amount."""
        value, _, unit = text.partition(" ")
        known = self._bundle.catalogue.units.get(unit)
        try:
            parse(text, self._bundle.catalogue.units)
            amount = float(value) if "." in value else int(value)
        except (QuantityError, ValueError):
            return None
        return {"value": amount, "unit": unit, "system": UCUM, "code": known.ucum} if known else None


def _cited(statement: StatementRef, on_guideline: bool) -> Resource:
    """The source of an advice, its strength and certainty where it has them."""
    off = "" if on_guideline else "off-guideline: "
    label = f"{off}{cited(statement.citation, statement)} [{statement.confidence}]"
    graded: list[Resource] = []
    strength = next((word for one, word in _STRENGTHS.items() if one == statement.strength), "")
    if strength:
        coding = [{"system": f"{HL7}recommendation-strength", "code": strength}]
        graded.append({"url": f"{_CQF}strengthOfRecommendation", "valueCodeableConcept": {"coding": coding}})
    if statement.certainty in _EVIDENCE:
        coding = [{"system": f"{HL7}evidence-quality", "code": str(statement.certainty)}]
        graded.append({"url": f"{_CQF}qualityOfEvidence", "valueCodeableConcept": {"coding": coding}})
    found: Resource = {"type": "citation", "label": label, "citation": statement.citation}
    return found | ({"document": {"extension": graded}} if graded else {})
