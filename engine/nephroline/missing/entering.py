"""The record with a missing datum entered."""

from __future__ import annotations

from bisect import insort

import msgspec

from nephroline.exact import Fraction
from nephroline.missing.datum import Datum
from nephroline.missing.regions import Region
from nephroline.quantities import Quantity
from nephroline.record import Assertion, Biopsy, Condition, Moment, Observation, Record, Timeline
from nephroline.terms import Entry


def entered(record: Record, datum: Datum, region: Region, timeline: Timeline) -> Record:
    """The record with a datum entered; what stood at the same moment gives way."""
    slot, value = datum.slot, region.value
    at = slot.at or timeline.as_of
    change = msgspec.structs.replace
    match slot.entry:
        case Entry.OBSERVATION:
            if datum.scale is None:
                new = Observation(slot.name, at, word=value, reported=True)
            else:
                quantity = Quantity(value, value, datum.dimension, datum.scale.text(value))
                new = Observation(slot.name, at, quantity)
            kept = [o for o in record.observations if o.analyte != slot.name or o.at.sort_key != at.sort_key]
            insort(kept, new, key=lambda item: item.at.sort_key)
            return change(record, observations=tuple(kept))
        case Entry.CONDITION | Entry.STATE:
            entry = Condition(slot.name, at, value is not False, value or None)
            conditions = [c for c in record.conditions if c.name != slot.name or c.at.sort_key != at.sort_key]
            insort(conditions, entry, key=lambda item: item.at.sort_key)
            return change(record, conditions=tuple(conditions))
        case Entry.ASSERTION:
            assertions = [a for a in record.assertions if a.name != slot.name or a.at.sort_key != at.sort_key]
            insort(assertions, Assertion(slot.name, value, at), key=lambda item: item.at.sort_key)
            return change(record, assertions=tuple(assertions))
        case Entry.BIOPSY:
            biopsies = list(record.biopsies)
            insort(biopsies, Biopsy(at, None, value), key=lambda item: item.at.sort_key)
            return change(record, biopsies=tuple(biopsies))
        case Entry.GLOMERULI:
            count = int(value)
            biopsies = [
                change(b, glomeruli=count) if b.at.sort_key == at.sort_key else b for b in record.biopsies
            ]
            return change(record, biopsies=tuple(biopsies))
        case Entry.SEX:
            return change(record, sex=value)
        case Entry.AGE:
            return change(record, age_zero=value - timeline.now, age_supposed=True)
        case _:
            return _exposures_entered(record, datum, value, at, timeline)


def _exposures_entered(
    record: Record, datum: Datum, value: str | Fraction, at: Moment, timeline: Timeline
) -> Record:
    slot = datum.slot
    rows = list(record.exposures)
    for i, row in enumerate(rows):
        if slot.entry is Entry.STOP_REASON:
            line = timeline.lines[int(slot.name) - 1]
            mine = row.drug in line.drugs and row.end is not None and row.end.latest == at.latest
            if mine and isinstance(value, str):
                rows[i] = msgspec.structs.replace(row, stopped_for=value)
        elif row.drug == slot.name and row.start.sort_key == at.sort_key and isinstance(value, Fraction):
            text = datum.scale.text(value) if datum.scale else str(value)
            quantity = Quantity(value, value, datum.dimension, text)
            if slot.entry is Entry.DOSE:
                rows[i] = msgspec.structs.replace(row, dose=quantity)
            else:
                rows[i] = msgspec.structs.replace(row, trough_target=quantity)
    return msgspec.structs.replace(record, exposures=tuple(rows))
