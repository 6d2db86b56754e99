"""Words by which medicines, orders and administrations say that they are not what they seem."""

from __future__ import annotations

import re

NOT_IT = re.compile(
    r"^(?:no|not|never|none|stop\w*|avoid|hold|withhold|kein\w*|nicht|placebo|allerg\w*|planned|geplant)\b|"
    r"\b(?:not tak\w+|discontinued|stop(?:ped|p)?|refus\w+|declin\w+|on hold|hold|do not give|"
    r"contraindicated|previously|placebo|allergy|intoleran\w+|abgesetzt|paus\w+|beendet|ausgeschl\w+|"
    r"study drug|trial drug|last given|ended|completed|nimmt nicht|geplant|planned|z\.? ?n|"
    r"zustand nach|not)\b|"
    r"\(\W*(?:hold|past)\W*\)",
    re.IGNORECASE,
)
"""Words by which the name of a medicine says that it is not taken."""
NOT_GIVEN = re.compile(
    r"\b(?:not (?:given|administered|tolerated)|held|refus\w+|declin\w+|vomit\w*|missed|omitted|withheld|"
    r"aborted|interrupted|stopped|discontinued|only|spat|nicht (?:verabreicht|gegeben|genommen)|verweigert|"
    r"abgebrochen|erbrochen|ausgelassen|abgelehnt|non administr\w+|niet (?:toegediend|gegeven)|"
    r"não administrad\w+)\b",
    re.IGNORECASE,
)
"""Words of an administration by which it was none, or not a whole one."""
BEYOND = re.compile(
    r"\b(?:while (?:on|taking)|for|vs\.?|versus|cover|rescue|interaction|premed\w*|prophylaxis)\b.*|"
    r"\([^)]*\b(?:rescue|with|interaction|for|premed\w*|cover|while)\b[^)]*\)",
    re.IGNORECASE | re.DOTALL,
)
"""What in the name of a medicine is about another one, or about what it is for."""
ONCE = re.compile(
    r"\b(?:once only|single dose|one[- ]time(?: dose)?|stat(?!,? then)|einmalig|einmalgabe)\b|"
    r"\bonce\b(?!(?:,?[ -](?:a|per|daily|every|each|in|weekly|monthly|at|nightly|with|before|after|qd|q|or|"
    r"on|fortnightly|morning|evening|night|day)\b)|/)",
    re.IGNORECASE,
)
