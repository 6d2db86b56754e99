"""The words beside a dose: what they say of its end, and whether they say anything but the dose itself.

What is not known to say nothing leaves the dose open: there are more ways to change one than can be listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from nephroline.interop.fhir.nodes import Node, Resource, codings, node, text, words
from nephroline.yamlfile import listed

_LASTS = re.compile(
    r"(?<!\w)(?:(?:for|x|für|over|during) ?(?:the next )?(?P<count>\d{1,3}|one|two|three|four|five|six)|"
    r"(?:for|für) (?P<one>an?|eine?n?)(?= (?:w|m))) ?"
    r"(?P<unit>days?|d|weeks?|wks?|w|months?|mos?|tage?n?|wochen?|monate?n?)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"\b(?:until|till|thru|through|bis|stop\w*|hold|held|paus\w*|abgesetzt|absetzen|beendet|ausgeschl\w+|"
    r"ausschleich\w*|discontinu\w*|d/c|dc'?d|finish\w*|completed?|last (?:dose|given|taken)|letzte\w*|ended|"
    r"expired|seit \d|no longer|nicht mehr)\b",
    re.IGNORECASE,
)
_NOT_TAKEN = re.compile(
    r"\b(?:not (?:yet )?(?:taking|started|taken|begun)|never (?:started|took|taken)|did not (?:start|take)|"
    r"nimmt\b.{0,20}\bnicht|nicht (?:ein)?genommen|not yet|noch nicht)\b",
    re.IGNORECASE,
)
_SAID_BY_ALL = re.compile(
    r"\b(?:do not|don'?t|never|nicht) (?:stop|discontinue|suddenly stop|absetzen)\b.*|"
    r"\b(?:nicht|niemals) (?:\w+ )?absetzen\b.*|\bonly as (?:prescribed|directed)\b|\bwith food only\b|"
    r"\bdo not (?:crush|chew|break|cut)\b[^.;]*|\bswallow\w* (?:\w+ )*whole\b",
    re.IGNORECASE,
)
"""What a package says of every such medicine."""
_COUNTED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBER_WORDS = {
    **{word: str(n) for n, word in enumerate(_COUNTED, 1)},
    **{word: str(n) for n, word in enumerate(("eine", "zwei", "drei", "vier", "fünf", "sechs"), 1)},
    "a": "1",
    "an": "1",
    "ein": "1",
    "half": "0.5",
    "halbe": "0.5",
    "½": "0.5",
}
_PIECE = re.compile(
    rf"(?<![\w.,])(?P<count>\d+(?:[.,]\d+)?|{'|'.join(_NUMBER_WORDS)})(?: \((?:\w+|\d+)\))?(?: (?:of a|a))? ?"
    r"(?:x )?(?:film-?coated |soft |hard )?"
    r"(?:tab(?:let)?s?|cap(?:sule)?s?|pills?|tabl?\.?|tabletten?|kapseln?)\b"
    r"(?:\(s\))?",
    re.IGNORECASE,
)
_PARTS_OF_DAY = (
    r"morning|mornings|am|a\.m|breakfast|morgens?|früh|frühstück|mane",
    r"noon|midday|lunch|mittags?",
    r"evening|evenings|pm|p\.m|dinner|supper|abends?|afternoon",
    r"bedtime|night|nightly|nachts?|nacht|nocte|hs",
)
_SAYS_NOTHING = frozenset(
    re.split(
        r"\s+",
        """a abends administer after am an and as at bedtime before blood breakfast by cap caps capsule
        capsules cholesterol chronic continue continued daily das dauermedikation day dem den der dinner
        disease doctor dose doses drug during each edema einnehmen empty equal equals essen evening
        every extended fluid food for früh frühstück full give given glass high i.v im immediate
        immunosuppression in indication infuse infused inject intravenous intravenously iv je jeweils
        kapsel kapseln kidney kidneys long longterm lunch mahlzeit meal meals medication medicine mg
        milk mit mittags mornings nightly evenings modified morgens morning mouth nach nacht nehmen
        nephrotic night noon of on
        once oral orally p.o per pill pills please po prescribed pressure protein proteinuria regular
        release route same sig stomach strength supper swallow swelling syndrome tab tablet tablets
        tablette tabletten tabs tag take taken term tgl the this time times to total täglich und usual
        vor wasser water with without your zu zum zur""",
    )
)
"""Words that may stand beside a dose and change nothing of it."""
_WORD = re.compile(r"[^\W\d_]+(?:\.[^\W\d_])*|\d+(?:[.,]\d+)?")


def without_packaging(said: str) -> str:
    """Words without what every package says."""
    return _SAID_BY_ALL.sub(" ", said)


def duration(said: str) -> Resource | None:
    """How long it is taken, in words, as a duration of FHIR; empty where it ends but nobody can say when.

    None where the words say nothing of an end.
    """
    plain = without_packaging(said)
    found = list(_LASTS.finditer(plain))
    if len(found) == 1 and _ENDS.search(_LASTS.sub(" ", plain)) is None:
        count, unit = (found[0]["count"] or "1").lower(), found[0]["unit"].lower()
        return {"value": _NUMBER_WORDS.get(count, count), "unit": unit}
    return {} if found or _ENDS.search(plain) else None


def not_taken(said: str) -> bool:
    """Whether words say that it is not taken, or not yet."""
    return _NOT_TAKEN.search(without_packaging(said)) is not None


def pieces(said: str) -> list[str]:
    """How many pieces at a time, by words such as ``2 tablets``, ``half a tablet``."""
    found = (one["count"].lower() for one in _PIECE.finditer(said))
    return [_NUMBER_WORDS.get(one, one).replace(",", ".") for one in found]


def parts_of_day(said: str) -> int:
    """At how many times of the day, as far as words name them."""
    return sum(re.search(rf"\b(?:{part})\b", said, re.IGNORECASE) is not None for part in _PARTS_OF_DAY)


def times_of_day(row: Node) -> str:
    """At which times of the day a dosage is taken, by codes, hours and words: ``0,2``; or empty."""
    repeat, code = node(row, "timing", "repeat"), node(row, "timing", "code")
    named = [*listed(repeat.get("when")), *(one for _, one in codings(code)), *words(code)]
    found = {place for one in named for place, all_of_it in enumerate(_WHEN) if str(one).upper() in all_of_it}
    hours = [int(hour[1]) for one in listed(repeat.get("timeOfDay")) if (hour := _HOUR.match(str(one)))]
    found |= {sum(hour >= until for until in _PARTS_END) for hour in hours}
    for said in (text(row, "text"), text(row, "patientInstruction")):
        parts = (re.search(rf"\b(?:{part})\b", said, re.IGNORECASE) for part in _PARTS_OF_DAY)
        found |= {place for place, part in enumerate(parts) if part is not None}
    return ",".join(map(str, sorted(found)))


_WHEN = (
    ("MORN", "MORN.EARLY", "MORN.LATE", "ACM", "CM", "PCM", "AM", "WAKE"),
    ("NOON", "ACD", "CD", "PCD"),
    ("AFT", "AFT.EARLY", "AFT.LATE", "EVE", "EVE.EARLY", "EVE.LATE", "ACV", "CV", "PCV", "PM"),
    ("NIGHT", "HS", "BED"),
)
"""Codes of events and timings of HL7, by the part of the day."""
_PARTS_END = (11, 15, 20)
_HOUR = re.compile(r"(\d{2}):")


def passes(odd: Iterable[str]) -> bool:
    """Whether odd words beside a dose may tell of its end: a number, or a word of time."""
    return any(one[0].isdigit() or _OF_TIME.fullmatch(one) is not None for one in odd)


_OF_TIME = re.compile(
    r"days?|weeks?|months?|years?|tage?n?|wochen?|monate?n?|jours?|semaines?|mois|dag|dagen|weken|maand(?:en)?|"
    r"dias?|días?|semanas?|m[eê]s(?:es)?|giorn[oi]|settiman[ae]|mesi|jusqu|pendant|tot|até|hasta|fino|por|course|"
    r"taper\w*|first|more|short|while|admission|inpatient|duration|then|only|lang|über|hospital|stay|cycles?|"
    r"kur|stoß\w*|burst|pulses?",
    re.IGNORECASE,
)


def odd_words(said: str) -> list[str]:
    """The words and numbers that are not known to say nothing of a dose, once its own are taken out."""
    plain = _LASTS.sub(" ", _PIECE.sub(" ", without_packaging(said)))
    return [word for word in _WORD.findall(plain) if word.lower() not in _SAYS_NOTHING]
