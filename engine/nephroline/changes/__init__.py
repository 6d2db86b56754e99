"""What other data would change: what if, and why not; the changes as a person would make them."""

from nephroline.changes.edits import Edit, setting, several
from nephroline.changes.whatif import Difference, WhatIf, what_if
from nephroline.changes.whynot import WhyNot, why_not

__all__ = ["Difference", "Edit", "WhatIf", "WhyNot", "setting", "several", "what_if", "why_not"]
