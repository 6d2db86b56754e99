"""The rule base: every pathway and module there is, and the catalogue that goes with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path

from nephroline.catalogue import Catalogue, data_root, kept, load_catalogue, read_catalogue
from nephroline.errors import PathwayError, Problem, UsageError, did_you_mean, quoted
from nephroline.pathway.building import build
from nephroline.pathway.composing import compose
from nephroline.pathway.models import Pathway
from nephroline.pathway.modules import Module, read_module
from nephroline.pathway.shapes import PathwayFile
from nephroline.yamlfile import Place, mapping, read_bytes, read_file

_CATALOGUE = "catalogue"
_HEAD = "pathway.yaml"
_EDITION = "edition"
_DEEPEST = 50


def load_rules(folder: str | Path | None = None) -> RuleBase:
    """The rules that come with Nephroline; with *folder*, also those of a site.

    A site's pathways and modules stand in one folder; its modules are called ``./name``, and may add to the
    catalogue. A folder that has a catalogue of its own stands instead of Nephroline's rules. Nothing comes
    from the environment.

    Raises:
        UsageError: there is no such folder.
        PathwayError: a file of it cannot be used; all problems that were found are listed.
    """
    if folder is None:
        return _packaged()
    root = Path(folder)
    if not str(folder) or not _is(Path.is_dir, root):
        raise UsageError.of(f"no such folder of rules {quoted(folder)}", "check the path")
    if is_rule_base(root):
        return RuleBase(root)
    files = [file for file in sorted(root.rglob("*")) if _is_rule_file(file, root)]
    if not files:
        raise UsageError.of(f"the folder {quoted(folder)} holds no rules", "add a pathway or module (YAML)")
    return RuleBase(data_root("rules"), site=root, files=files)


def is_rule_base(folder: Path) -> bool:
    """Whether a folder holds a whole rule base, to stand instead of Nephroline's, not beside it."""
    return (folder / _CATALOGUE).is_dir() and (folder / "shared").is_dir()


def names_a_file(pathway: str) -> bool:
    """Whether a pathway is named by its file, not by its id."""
    return pathway.endswith((".yaml", ".yml"))


def rules_with(rules: str | Path | None, pathway: str | None = None) -> RuleBase:
    """The rules of a folder; without one those that go with a pathway file, else those of Nephroline.

    Raises: as `load_rules`.
    """
    if rules is None and pathway is not None and names_a_file(pathway):
        return rules_of_file(Path(pathway))
    return load_rules(rules)


def _is_rule_file(file: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return file.suffix in (".yaml", ".yml") and not hidden and (file.is_file() or file.is_symlink())


def _is(asked: Callable[[Path], bool], path: Path) -> bool:
    """What the file system says of a path, however it is written."""
    try:
        return asked(path)
    except (OSError, ValueError):
        return False


def load_pathway(name: str | Path) -> Pathway:
    """Load a pathway by id (``kdigo-2012/fsgs``), or from a YAML file with the modules that it uses.

    Raises:
        UsageError: there is no such pathway.
        PathwayError: a file has problems; all that were found are listed.
    """
    if isinstance(name, Path) or names_a_file(name):
        return rules_of_file(Path(name)).pathway(str(name))
    return _packaged().pathway(name)


def rules_of_file(file: Path, depth: int = 1) -> RuleBase:
    """The rules that come with Nephroline, and those of one file, so many folders below that of its site.

    Raises: as `load_pathway`.
    """
    if not _is(Path.is_file, file):
        raise UsageError.of(f"no such pathway file {quoted(file)}", "check the path")
    site = file.resolve().parents[min(max(depth, 1), len(file.resolve().parents)) - 1]
    return RuleBase(data_root("rules"), site=site, files=[file], whole=False)


def pathway_ids() -> tuple[str, ...]:
    """The pathways that come with Nephroline, in order."""
    return _packaged().pathway_ids


@lru_cache(maxsize=1)
def _packaged() -> RuleBase:
    return _Packaged(data_root("rules"))


class RuleBase:
    """Pathways and modules below `base`, and those of a site. Pathways are put together when asked for."""

    def __init__(
        self, base: Path, *, site: Path | None = None, files: Sequence[Path] = (), whole: bool = True
    ) -> None:
        self._base, self._site = base, site.resolve() if site else None
        own = site is None or base != data_root("rules")
        self._read: dict[Path, Module] = {} if own else _packaged()._read
        self._of_site: dict[Path, Module] = {}
        self._found: dict[str, Pathway] = {}
        self._take(list(files), follow=not whole)
        self._heads = self._site_heads(shadow=not whole)

    def _take(self, files: list[Path], *, follow: bool) -> None:
        """Read the files of a site; *follow* those that they use."""
        problems: list[Problem] = []
        while files:
            file = files.pop()
            try:
                if self._inside(file) in self._of_site:
                    continue
                module = self._site_module(file)
                if follow:
                    names = enumerate(module.head.uses)
                    files += [self._beside(name, module, i) for i, name in names if name.startswith(".")]
            except PathwayError as bad:
                problems += bad.problems
        if problems:
            raise PathwayError(problems)

    def _site_heads(self, *, shadow: bool) -> dict[str, Module]:
        """The pathways of a site, by id. One file, named by itself, may be a changed copy of ours."""
        found: dict[str, Module] = {}
        ours = set(self._files) - set(self._packaged_ids if shadow else ())
        for module in self._of_site.values():
            if module.is_pathway:
                known = found.get(module.id)
                taken = known.place.text if known else ""
                if module.id in ours:
                    taken = "one that comes with Nephroline"
                if taken:
                    wrong = f"the pathway {quoted(module.id)} is taken, by {taken}"
                    raise PathwayError([(module.place / "pathway").problem(wrong, "give it another id")])
                found[module.id] = module
        return found

    # -- what there is -----------------------------------------------------------------------------

    @property
    def pathway_ids(self) -> tuple[str, ...]:
        """Every pathway, in order of id."""
        return tuple(sorted({*self._packaged_ids, *self._heads}))

    @cached_property
    def heads(self) -> Mapping[str, PathwayFile]:
        """What every pathway says of itself, by id, before any is put together. Raises: PathwayError."""
        return self._read_heads()

    def _read_heads(self) -> Mapping[str, PathwayFile]:
        modules = [self._head(name) for name in self.pathway_ids]
        return {module.id: module.head for module in modules if isinstance(module.head, PathwayFile)}

    @cached_property
    def edition_ids(self) -> tuple[str, ...]:
        """Every edition, in order."""
        return tuple(sorted(file.parent.name for file in self._base.glob(f"*/{_EDITION}.yaml")))

    @cached_property
    def _packaged_ids(self) -> tuple[str, ...]:
        heads = self._base.glob(f"*/*/{_HEAD}")
        return tuple(sorted(head.parent.relative_to(self._base).as_posix() for head in heads))

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue, with what modules add to it. Raises: PathwayError."""
        added = [module.piece for module in self._site_in_order()]
        if self._base != data_root("rules"):
            added += [self._module(file).piece for file in self._files.values()]
        pieces = [piece for piece in added if piece is not None]
        if not pieces and self._base == data_root("rules"):
            return load_catalogue()
        return read_catalogue(self._base / _CATALOGUE, pieces)

    def _site_in_order(self) -> list[Module]:
        """The files of a site by id, those that are used before those that use them."""
        found: dict[str, Module] = {}

        def visit(module: Module, trail: tuple[str, ...]) -> None:
            if module.id in found or module.id in trail or len(trail) > _DEEPEST:
                return
            for i, name in enumerate(module.head.uses):
                if name.startswith("."):
                    visit(self._site_module(self._beside(name, module, i)), (*trail, module.id))
            found[module.id] = module

        for module in sorted(self._of_site.values(), key=lambda module: module.id):
            visit(module, ())
        return list(found.values())

    @property
    def files(self) -> Mapping[str, Callable[[], Module]]:
        """How to read every module and pathway file, by the name that errors give it."""
        base = {self._name_of(file): partial(self._module, file) for file in self._files.values()}
        return base | {m.place.document.file: partial(_itself, m) for m in self._of_site.values()}

    def with_text(self, name: str, text: str) -> RuleBase:
        """These rules with another text in one of their files, which stays as it is; *name* as in `files`.

        Raises: UsageError if they have no such file, PathwayError if the text is no such module.
        """
        file = next((one for one in self._files.values() if self._name_of(one) == name), None)
        if file is None:
            raise UsageError.of(f"no file of rules {quoted(name)}", "choose one of the list")
        module = read_module(read_bytes(text.encode(), name, PathwayError))
        _as_placed(module, self._id_of(file))
        other = RuleBase(self._base)
        other._read = {**self._read, file: module}
        return other

    @cached_property
    def modules(self) -> Mapping[str, Module]:
        """Every module and pathway file, by id. Raises: PathwayError."""
        found = [self._module(file) for file in self._files.values()]
        return {module.id: module for module in (*found, *self._of_site.values())}

    @cached_property
    def _files(self) -> Mapping[str, Path]:
        files = sorted(file for kind in ("*.yaml", "*.yml") for file in self._base.rglob(kind))
        own = (file for file in files if file.relative_to(self._base).parts[0] != _CATALOGUE)
        return {self._id_of(file): file for file in own}

    # -- pathways ----------------------------------------------------------------------------------

    def pathway(self, name: str) -> Pathway:
        """A pathway by its id, or by the path of a file of this rule base.

        Raises: UsageError if there is none; PathwayError with every problem found.
        """
        return self._built(name, self._head(name))

    def edition(self, name: str) -> Pathway:
        """What an edition cares for whatever the disease is, such as ``kdigo-2021``. Raises: as `pathway`."""
        if name not in self.edition_ids:
            raise UsageError.of(f"unknown edition {quoted(name)}", did_you_mean(name, self.edition_ids))
        key = f"{name}/{_EDITION}"
        return self._built(key, self._module(self._base / f"{key}.yaml"))

    def _built(self, key: str, head: Module) -> Pathway:
        if key not in self._found:
            self._found[key] = build(compose(head, self._used), self.catalogue)
        return self._found[key]

    def _head(self, name: str) -> Module:
        if name in self._heads:
            return self._heads[name]
        if name in self._packaged_ids:
            return self._module(self._base / name / _HEAD)
        module = self._of_site.get(Path(name).resolve()) if names_a_file(name) else None
        if module is not None and module.is_pathway:
            return module
        if module is not None:
            raise UsageError.of(f"{quoted(name)} is a module, not a pathway", "name a file with `pathway`")
        raise UsageError.of(
            f"unknown pathway {quoted(name)}",
            did_you_mean(name, self.pathway_ids, see="`nephroline pathways` lists all"),
        )

    # -- modules -----------------------------------------------------------------------------------

    def _used(self, name: str, by: Module) -> Module:
        """The module that another one uses by this name. Raises: PathwayError."""
        index = by.head.uses.index(name)
        place = by.place / "uses" / index
        if name.startswith("."):
            return self._site_module(self._beside(name, by, index))
        if name in self._heads:
            return self._heads[name]
        if name in self._files:
            return self._module(self._files[name])
        remedy = did_you_mean(name, self._files, see="a module beside this file is called ./name")
        raise PathwayError([place.problem(f"unknown module {quoted(name)}", remedy)])

    def _beside(self, name: str, by: Module, index: int) -> Path:
        """The file of a site's own module. Raises: PathwayError if it is outside the folder, or missing."""
        place = by.place / "uses" / index
        here = next((file for file, module in self._of_site.items() if module is by), None)
        if self._site is None or here is None:
            raise PathwayError([place.problem("only files of a site use files beside them", "name a module")])
        try:
            file = (here.parent / f"{name}.yaml").resolve()
        except (OSError, ValueError, RuntimeError):
            raise PathwayError([place.problem(f"{quoted(name)} cannot name a file", "check it")]) from None
        if not file.is_relative_to(self._site):
            remedy = "keep modules inside it; or name the whole folder by --rules"
            raise PathwayError([place.problem(f"{quoted(name)} is outside the folder", remedy)])
        if not _is(Path.is_file, file):
            raise PathwayError(
                [place.problem(f"there is no file {quoted(f'{name}.yaml')}", "check the name")]
            )
        return file

    def _site_module(self, file: Path) -> Module:
        """A file of the site, read once. Raises: PathwayError."""
        path = self._inside(file)
        if path not in self._of_site:
            document = read_file(file, str(file), PathwayError)
            data = mapping(document.data)
            if "pathway" not in data and "module" not in data:
                remedy = "begin it with `pathway` or `module`"
                raise PathwayError([document.problem((), "is neither a pathway nor a module", remedy)])
            module = read_module(document)
            if not module.is_pathway and self._site is not None:
                _as_placed(module, "./" + path.relative_to(self._site).with_suffix("").as_posix())
            self._of_site[path] = module
        return self._of_site[path]

    def _inside(self, file: Path) -> Path:
        """Where a file of the site really is. Raises: PathwayError if that is outside its folder."""
        try:
            path = file.resolve(strict=True)
        except (OSError, RuntimeError):
            raise PathwayError.of(
                "cannot be read: it leads nowhere", "check the link", file=str(file)
            ) from None
        if self._site is not None and not path.is_relative_to(self._site):
            wrong = "is a link that leads outside the folder"
            raise PathwayError.of(wrong, "keep rules inside the folder", file=str(file))
        if not path.is_file():
            raise PathwayError.of("is not a file", "remove it", file=str(file))
        return path

    def _module(self, file: Path) -> Module:
        """A file below `base`, read once. Raises: PathwayError if it is not called as its place."""
        if file not in self._read:
            module = read_module(read_file(file, self._name_of(file), PathwayError))
            _as_placed(module, self._id_of(file))
            self._read[file] = module
        return self._read[file]

    def _name_of(self, file: Path) -> str:
        inside = file.relative_to(self._base).as_posix()
        return f"rules/{inside}" if self._base == data_root("rules") else str(file)

    def _id_of(self, file: Path) -> str:
        place = file.relative_to(self._base)
        return (place.parent if place.name == _HEAD else place.with_suffix("")).as_posix()


class _Packaged(RuleBase):
    """The rules that come with Nephroline alone: what is put together of them is kept for the next run."""

    def _read_heads(self) -> Mapping[str, PathwayFile]:
        return kept("heads", super()._read_heads)

    def pathway(self, name: str) -> Pathway:
        """See `RuleBase.pathway`."""
        return self._kept(name, super().pathway) if name in self._packaged_ids else super().pathway(name)

    def edition(self, name: str) -> Pathway:
        """See `RuleBase.edition`."""
        return self._kept(name, super().edition) if name in self.edition_ids else super().edition(name)

    def _kept(self, name: str, make: Callable[[str], Pathway]) -> Pathway:
        if name not in self._found:
            self._found[name] = kept(name, lambda: make(name), {"catalogue": self.catalogue})
        return self._found[name]


def _as_placed(module: Module, expected: str) -> None:
    """Refuse a module that is not called as its place. Raises: PathwayError."""
    if module.id != expected:
        place: Place = module.place / ("pathway" if module.is_pathway else "module")
        remedy = f"call it as its place: {expected}"
        raise PathwayError([place.problem(f"is called {quoted(module.id)}", remedy)])


def _itself(module: Module) -> Module:
    return module
