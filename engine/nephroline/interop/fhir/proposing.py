"""What an answer proposes as a RequestGroup: the line and its alternatives, each drug, what goes beside them.

Every intent is a proposal, every status a draft. A drug that is stopped is a request not to give it.
"""

from __future__ import annotations

from collections.abc import Sequence

from nephroline.consultation import Consultation, cited
from nephroline.consultation.answer import ActionOut, ActOut, DoseOut, LineAdvice, StatementRef, TaperOut
from nephroline.consultation.parts import MonitoringOut
from nephroline.interop.fhir.bundling import HL7, UCUM, Bundled, Resource
from nephroline.interop.fhir.codes import OWN
from nephroline.quantities import QuantityError, parse
from nephroline.terms import Action, Certainty, Strength, spoken

_CQF = "http://hl7.org/fhir/StructureDefinition/cqf-"
_STRENGTHS = {Strength.STRONG: "strong", Strength.WEAK: "weak"}
_EVIDENCE = (Certainty.HIGH, Certainty.MODERATE, Certainty.LOW, Certainty.VERY_LOW)
_NOT_GIVEN = ("stop", "hold")
"""Acts after which a drug is not given."""
_CHANGES = {"start": "create", "continue": "update", "raise": "update", "reduce": "update", "taper": "update"}


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
            chosen = self._option(line, of_line)
            actions.append(self._choice(line, chosen, options) if options else chosen)
            beside = [one for one in answer.alternatives if one.with_or_after]
            actions += [self._option(one, ()) for one in beside]
        actions += [self._act(act) for act in answer.acts if act not in of_line]
        actions += [self._beside(one) for one in answer.actions]
        actions += [self._watched(one) for one in answer.monitoring]
        if not actions:
            return None
        group: Resource = {
            "resourceType": "RequestGroup",
            "instantiatesUri": [f"{OWN}pathway:{answer.pathway.id}"],
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
        others = [self._option(one, ()) | {"precheckBehavior": "no"} for one in options]
        return {
            "title": f"Next line: {line.title}, or an alternative",
            "groupingBehavior": "logical-group",
            "selectionBehavior": "at-most-one",
            "action": [chosen | {"precheckBehavior": "yes"}, *others],
        }

    def _option(self, line: LineAdvice, acts: Sequence[ActOut]) -> Resource:
        """A line: what to do with each of its drugs, else what is asked for."""
        action = self._advised(line.title, line.detail, line.statement, line.on_guideline, line.because)
        if line.before_first_dose:
            action["textEquivalent"] += f"; before the first dose: {'; '.join(line.before_first_dose)}"
        if line.reassess_at is not None:
            action |= self._bundle.at("timingDateTime", line.reassess_at)
        if not line.certain:
            action["extension"] = [
                *action["extension"],
                *({"url": f"{OWN}depends-on", "valueString": text} for text in line.depends_on),
            ]
        doses = {dose.drug: dose for dose in line.doses}
        if acts:
            parts = [self._act(act, doses.get(act.agent)) for act in acts]
            return action | {"groupingBehavior": "logical-group", "action": parts}
        if line.action in (Action.START, Action.CONTINUE) and doses:
            parts = [
                {
                    "title": f"{spoken(line.action).capitalize()} {spoken(drug)}",
                    "resource": self._medication(drug, [self._dose(dose)], give=True),
                }
                for drug, dose in doses.items()
            ]
            return action | {"groupingBehavior": "logical-group", "action": parts}
        return action | {"resource": self._service(line.title, line.because)}

    def _act(self, act: ActOut, dose: DoseOut | None = None) -> Resource:
        """What to do with one drug or class."""
        action = self._advised(act.title, act.detail, act.statement, act.on_guideline, act.because)
        change = _CHANGES.get(act.act, "remove" if act.act in _NOT_GIVEN else "")
        if change:
            action["type"] = {"coding": [{"system": f"{HL7}action-type", "code": change}]}
        if act.until is not None:
            action |= self._bundle.at("timingDateTime", act.until)
        if act.act == "undecided":
            return action | {"resource": self._service(act.title, act.because)}
        if act.taper is not None:
            doses = self._taper(act.taper)
        elif dose is not None:
            doses = [self._dose(dose)]
        else:
            doses = [{"text": act.dose}] if act.dose else []
        return action | {"resource": self._medication(act.agent, doses, give=act.act not in _NOT_GIVEN)}

    def _beside(self, one: ActionOut) -> Resource:
        """Something to do beside the line."""
        action = self._advised(
            one.short or one.title, one.title, one.statement, one.on_guideline, one.because
        )
        if one.urgent:
            action["priority"] = "urgent"
        if one.before_first_dose:
            action["textEquivalent"] += "; before the first dose"
        return action | {"resource": self._service(one.title, one.because)}

    def _watched(self, one: MonitoringOut) -> Resource:
        """A value that a drug asks for, when it is due."""
        title = f"{one.title} {one.every} on {spoken(one.drug)}"
        concept: Resource = {"text": one.title}
        if one.measure in self._bundle.catalogue.analytes:
            concept["coding"] = self._bundle.coding("analyte", one.measure)
        action: Resource = {"title": title, "documentation": [{"type": "citation", "label": one.citation}]}
        action |= self._bundle.at("timingDateTime", one.due) if one.due else {}
        if one.overdue:
            action["priority"] = "asap"
        request = self._request("ServiceRequest") | {"code": concept}
        return action | {"resource": self._bundle.add_next(request, "service")}

    def _advised(
        self, title: str, detail: str, statement: StatementRef, on_guideline: bool, because: Sequence[str]
    ) -> Resource:
        """An action with its words, its source and its reasons; marked if it is off the guideline."""
        action: Resource = {
            "extension": [{"url": f"{OWN}on-guideline", "valueBoolean": on_guideline}],
            "title": title,
            "textEquivalent": f"because: {'; '.join(because) or 'the rules say so of every such patient'}",
            "documentation": [_cited(statement, on_guideline)],
        }
        if detail and detail != title:
            action["description"] = detail
        return action

    # -- requests --------------------------------------------------------------------------------------

    def _request(self, kind: str) -> Resource:
        return {
            "resourceType": kind,
            "status": "draft",
            "intent": "proposal",
            "subject": self._bundle.subject,
            **self._bundle.at("authoredOn", self._answer.as_of),
            "requester": self._bundle.engine,
        }

    def _service(self, title: str, because: Sequence[str]) -> Resource:
        request = self._request("ServiceRequest") | {"code": {"text": title}}
        if because:
            request["reasonCode"] = [{"text": text} for text in because]
        return self._bundle.add_next(request, "service")

    def _medication(self, agent: str, doses: list[Resource], *, give: bool) -> Resource:
        """A proposal to give a drug or one of a class, or not to."""
        request = self._request("MedicationRequest")
        concept: Resource = {"text": spoken(agent)}
        if agent in self._bundle.catalogue.drugs:
            concept["coding"] = self._bundle.coding("drug", agent)
        request["medicationCodeableConcept"] = concept
        if not give:
            request["doNotPerform"] = True
        elif doses:
            request["dosageInstruction"] = doses
        return self._bundle.add_next(request, "medication")

    def _dose(self, dose: DoseOut) -> Resource:
        """A dose as Dosage; as a number only where it is worked out for this patient."""
        per = dose.per.removeprefix("day, ").removeprefix("day")
        here = f": {dose.for_this_patient}" if dose.for_this_patient else ""
        found: Resource = {"text": f"{spoken(dose.drug)} {dose.amount}{', ' + per if per else ''}{here}"}
        each = self._quantity(dose.dispense.each) if dose.dispense else None
        if dose.dispense and each:
            repeat = {"frequency": dose.dispense.times_a_day, "period": 1, "periodUnit": "d"}
            found |= {"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": each}]}
            found["patientInstruction"] = f"each dose of {' and '.join(dose.dispense.of)}"
        return found

    def _taper(self, taper: TaperOut) -> list[Resource]:
        """A taper as Dosages, one after the other, each with its dates where they are known."""
        rows: list[Resource] = []
        ends = [*(row.since for row in taper.rows[1:]), taper.ends]
        for number, (row, end) in enumerate(zip(taper.rows, ends, strict=True), 1):
            text = f"{spoken(taper.drug)} {row.dose} from {row.since.label}"
            found: Resource = {"sequence": number, "text": f"{text} to {end.label}" if end else text}
            amount = self._quantity(row.dose.removesuffix("/d")) if row.dose.endswith("/d") else None
            repeat: Resource = {}
            bounds = {**self._bundle.at("start", row.since), **(self._bundle.at("end", end) if end else {})}
            if bounds:
                repeat["boundsPeriod"] = bounds
            if amount:
                repeat |= {"frequency": 1, "period": 1, "periodUnit": "d"}
                found["doseAndRate"] = [{"doseQuantity": amount}]
            if repeat:
                found["timing"] = {"repeat": repeat}
            rows.append(found)
        return rows

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
