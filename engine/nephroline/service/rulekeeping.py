"""A rule base as it is kept beside its decisions, so that an answer can be given again years later."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import msgspec

from nephroline.catalogue import data_root
from nephroline.pathway import RuleBase, is_rule_base

_KINDS = (".yaml", ".yml")


class RuleTexts(msgspec.Struct, frozen=True):
    """The files of a rule base, by their places in it, and those of a site beside them."""

    rules: dict[str, str]
    site: dict[str, str] = {}


def packed(folder: Path | None = None) -> bytes:
    """The rules that come with Nephroline, with those of a site's folder, in one piece."""
    if folder is not None and is_rule_base(folder):
        texts = RuleTexts(dict(_files(folder)))
    else:
        texts = RuleTexts(dict(_files(data_root("rules"))), dict(_files(folder)) if folder else {})
    return zlib.compress(msgspec.json.encode(texts, order="deterministic"))


@contextmanager
def unpacked(content: bytes) -> Generator[RuleBase]:
    """The rule base of one piece, as long as it is asked."""
    texts = msgspec.json.decode(zlib.decompress(content), type=RuleTexts)
    with tempfile.TemporaryDirectory(prefix="nephroline-rules-") as name:
        rules, site = Path(name) / "rules", Path(name) / "site"
        _write(rules, texts.rules)
        if not texts.site:
            yield RuleBase(rules)
            return
        _write(site, texts.site)
        yield RuleBase(rules, site=site, files=sorted(site.rglob("*.yaml")))


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("*")):
        place = file.relative_to(folder)
        if file.suffix in _KINDS and file.is_file() and not any(part.startswith(".") for part in place.parts):
            yield place.as_posix(), file.read_text(encoding="utf-8")


def _write(folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir()
    for place, text in texts.items():
        parts = PurePosixPath(place).parts
        if PurePosixPath(place).is_absolute() or ".." in parts:
            raise ValueError(f"no place in a rule base: {place}")
        file = folder.joinpath(*parts)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
