"""Read by the process that commands are forked from, so that none of them reads the packaged rules again."""

from __future__ import annotations

from nephroline.pathway import load_rules

_packaged = load_rules()
for _name in _packaged.pathway_ids:
    _packaged.pathway(_name)
