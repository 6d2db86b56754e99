"""What the fields of catalogue entries hold, declared where a field is: names of other entries, dates."""

from __future__ import annotations

from typing import Annotated

import msgspec


def _named(*sections: str) -> msgspec.Meta:
    """Text that must be the id of an entry of one of these sections."""
    return msgspec.Meta(extra={"refers_to": sections})


SourceId = Annotated[str, _named("sources")]
AnalyteId = Annotated[str, _named("analytes")]
AssertionId = Annotated[str, _named("assertions")]
BurdenId = Annotated[str, _named("burdens")]
ConditionId = Annotated[str, _named("conditions")]
ClassId = Annotated[str, _named("classes")]
DrugId = Annotated[str, _named("drugs")]
AgentId = Annotated[str, _named("drugs", "classes")]
ReviewDate = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?$|^$")]
"""When somebody last held it against its source: ``2026-11`` or a day; empty if nobody said."""
