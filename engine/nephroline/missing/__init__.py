"""What missing data can change: certain all the same, on what it depends, what to order, margins.

A missing datum has a slot in the chart. Its values fall into regions between the cut-points of the
pathway, inside which nothing the pathway asks can come out differently; so one value of each region
stands for all of them, and a search over regions is exact.
"""

from nephroline.missing.outlook import thorough

__all__ = ["thorough"]
