"""What missing data could change: certain all the same, what to order, why not, what if, margins.

A missing datum has a slot in the chart. Its values fall into regions between the cut-points of the
pathway, inside which nothing the pathway asks can come out differently; so one value of each region
stands for all of them, and a search over regions is exact.
"""

from nephroline.outlook.edits import Edit, setting, several
from nephroline.outlook.report import thorough
from nephroline.outlook.whatif import Difference, WhatIf, what_if
from nephroline.outlook.whynot import WhyNot, why_not

__all__ = [
    "Difference",
    "Edit",
    "WhatIf",
    "WhyNot",
    "setting",
    "several",
    "thorough",
    "what_if",
    "why_not",
]
