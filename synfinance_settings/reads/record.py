"""Records which settings a running program reads, and where: while its tests run, and only when asked.

Nothing is recorded by the settings themselves, so a read costs what it costs. A recorder puts a `__getattribute__` on
the models of an application and on its `settings`, and takes it away again; while it is there, a read is slower.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from inspect import currentframe
from os.path import relpath
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

from synfinance_settings.errors import LayerError, Origin, Problem
from synfinance_settings.foreign import as_json
from synfinance_settings.reads.findings import Read
from synfinance_settings.reads.program import Place, is_test, shown_path
from synfinance_settings.reads.vocabulary import PACKAGE, Vocabulary, own_code
from synfinance_settings.record import Record
from synfinance_settings.text.files import read_file

_FORM: Final = "settings read in a test run"
_PASSED_THROUGH: Final = frozenset(
    (f"{PACKAGE}.model.section", f"{PACKAGE}.live.facade", f"{PACKAGE}.errors", __name__)
)
"""Modules of this package that read for somebody: that one is the reader."""

_LIBRARIES: Final = frozenset(("pydantic", "pydantic_core", "jinja2", "string"))
_RUNNERS: Final = frozenset(("_pytest", "pluggy", "xdist"))

_WHOLE: Final = frozenset(("model_dump", "model_dump_json", "model_copy"))
"""What gives all of a model at once."""

_INSIDE: Final = "__dict__"
_TAKE_INSIDE: Final = frozenset(("__eq__", "__iter__", "__copy__", "__deepcopy__"))
"""Methods of Pydantic's that do so too, and are called past every hook."""

_TEMPLATE: Final = "__jinja_template__"

Spot = tuple[str, int]
"""A file, absolute, and a line."""


class _FieldRead(Record):
    """One read of a field: of what, which sections that may be, and what was read."""

    instance: object
    keys: list[str]
    name: str
    value: object


class Recorder:
    """Records the reads of the settings in the words of `vocabulary`, from `start` to `stop`.

    `settings` is the object that shows them, where there is one. `reads` has the spots of every key that was read, of a
    section where that was taken as a whole.
    """

    def __init__(self, vocabulary: Vocabulary, settings: object | None) -> None:
        self.reads: dict[str, set[Spot]] = {}
        self._vocabulary = vocabulary
        self._settings = settings
        self._seen: set[tuple[CodeType, int, tuple[str, ...]]] = set()
        self._hooked: list[type] = []
        self._own: dict[int, tuple[object, str]] = {}

    def start(self) -> None:
        """Record from now on."""
        places: dict[type, list[str]] = {}
        for key, model in {"": self._vocabulary.catalogue.model, **self._vocabulary.catalogue.sections}.items():
            places.setdefault(model, []).append(key)
        if self._settings is not None:
            places.update((kind, [""]) for kind in type(self._settings).__mro__[:-1])
        hooks = [(kind, self._hook(kind, keys)) for kind, keys in places.items()]
        for kind, hook in hooks:  # all are made before one is put in: each calls what there was before
            kind.__getattribute__ = hook  # type: ignore[method-assign,assignment]
            self._hooked.append(kind)

    def stop(self) -> None:
        """Stop recording; reads cost again what they did before."""
        for kind in self._hooked:
            del kind.__getattribute__
        self._hooked.clear()
        self._own.clear()

    @contextmanager
    def apart(self) -> Iterator[dict[str, set[Spot]]]:
        """Record what is read meanwhile by itself, in the order of the first reads; it counts for `reads`, too."""
        outer, outer_seen = self.reads, self._seen
        self.reads, self._seen = {}, set()
        inner = self.reads
        try:
            yield inner
        finally:
            self.reads, self._seen = outer, outer_seen
            for key, spots in tuple(inner.items()):  # other threads may read on
                outer.setdefault(key, set()).update(spots.copy())

    def _hook(self, kind: type, keys: list[str]) -> Callable[[Any, str], Any]:
        """A `__getattribute__` for `kind`, which stands at `keys`, that records what is read."""
        inherited: Any = kind.__getattribute__
        names = frozenset((*self._vocabulary.model(keys[0]).model_fields, *_WHOLE, _INSIDE))
        record, settings = self._record, self._settings
        is_model = kind in self._kinds  # the classes of settings objects are those of other applications', too

        def read(instance: Any, name: str) -> Any:
            value = inherited(instance, name)
            frame = currentframe() if name in names and (is_model or instance is settings) else None
            if frame is not None and frame.f_back is not None:
                record(_FieldRead(instance, keys, name, value), frame.f_back)
            return value

        return read

    def _record(self, reading: _FieldRead, frame: FrameType) -> None:
        """Note the keys that `reading` reads, and who reads them: the first outside of the package and its models."""
        keys = reading.keys
        if len(keys) > 1 and id(reading.instance) in self._own:  # one model in several places: its owner said which
            keys = [self._own[id(reading.instance)][1]]
        if reading.name == _INSIDE and not _takes_inside(frame):
            return
        is_whole = reading.name == _INSIDE or reading.name in _WHOLE
        full = tuple(key if is_whole else f"{key}.{reading.name}" if key else reading.name for key in keys)
        if not is_whole and full[0] in self._vocabulary.catalogue.sections:
            if len(full) == 1:
                self._own[id(reading.value)] = (reading.value, full[0])
            return
        spot = (frame.f_code, frame.f_lineno, full)
        if spot in self._seen:
            return
        if frame.f_globals.get("__name__") not in _PASSED_THROUGH and frame.f_code not in self._models:
            self._seen.add(spot)  # those read for others, who may be many
        reader = self._reader(frame)
        if reader is not None:
            for key in full:
                self.reads.setdefault(key, set()).add(reader)

    def _reader(self, frame: FrameType | None) -> Spot | None:
        """Who reads: not the package, a library or the model in between; None where it is a rule or the test runner."""
        reader: FrameType | None = None
        while frame is not None:
            module = str(frame.f_globals.get("__name__", ""))
            head = module.partition(".")[0]
            if frame.f_code in self._judges or (head == PACKAGE and reader is None and module not in _PASSED_THROUGH):
                return None
            if reader is None and head in _RUNNERS:
                return None
            if reader is None and not self._is_between(frame, module, head):
                reader = frame
            frame = frame.f_back
        return _spot(reader) if reader is not None else None

    def _is_between(self, frame: FrameType, module: str, head: str) -> bool:
        is_ours = module in _PASSED_THROUGH or head in _LIBRARIES or frame.f_code in self._models
        return is_ours and _TEMPLATE not in frame.f_globals

    @cached_property
    def _kinds(self) -> frozenset[type]:
        return frozenset((self._vocabulary.catalogue.model, *self._vocabulary.catalogue.sections.values()))

    @cached_property
    def _judges(self) -> frozenset[CodeType]:
        return self._vocabulary.judges

    @cached_property
    def _models(self) -> frozenset[CodeType]:
        return frozenset(code for model in self._kinds for code in own_code(model))


def _takes_inside(frame: FrameType) -> bool:
    return frame.f_code.co_name in _TAKE_INSIDE and frame.f_globals.get("__name__") == "pydantic.main"


def _spot(frame: FrameType) -> Spot:
    """The file and line of `frame`; of a template of Jinja, its own."""
    template = frame.f_globals.get(_TEMPLATE)
    line = template.get_corresponding_lineno(frame.f_lineno) if template is not None else frame.f_lineno
    return frame.f_code.co_filename, line


class Recorded(Record):
    """What processes recorded: the spots of every key that was read, and the files of tests."""

    reads: dict[str, set[Spot]]
    tests: set[str]

    def take(self, reads: Mapping[str, Iterable[Spot]], tests: Iterable[str]) -> None:
        """Take in what another process recorded."""
        self.tests.update(tests)
        for key, spots in reads.items():
            self.reads.setdefault(key, set()).update((str(file), int(line)) for file, line in spots)

    def text(self, file: Path, root: Path) -> str:
        """What the file of the record says that lies at `file`: places are relative to `root`, and that to `file`.

        So it may be moved together with the project.
        """
        places = {
            key: [f"{path}:{line}" for path, line in sorted((below_root(root, spot[0]), spot[1]) for spot in spots)]
            for key, spots in sorted(self.reads.items())
        }
        tests = sorted(below_root(root, test) for test in self.tests)
        way = Path(relpath(root.resolve(), file.resolve().parent)).as_posix()
        return as_json({"form": _FORM, "root": way, "tests": tests, "reads": places}, 2) + "\n"


def below_root(root: Path, file: str) -> str:
    """How a record names `file`: relative to `root` where it lies below."""
    path = Path(file).resolve()
    return (path.relative_to(root.resolve()) if path.is_relative_to(root.resolve()) else path).as_posix()


def read_record(file: Path, vocabulary: Vocabulary) -> tuple[Read, ...]:
    """The reads that the file of a record tells, of settings that exist; raises `LayerError` for another file."""
    name = shown_path(file.resolve())
    content = read_file(file)
    if not content.exists:
        raise LayerError(Problem("no-such-file", f"{name} does not exist", origin=Origin(name)))
    text = content.text(name)
    reads: tuple[Read, ...] | None = None
    try:
        data = json.loads(text)
        reads = tuple(_recorded(data, file.resolve().parent, vocabulary))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        reads = None
    if reads is None:
        mend = "pytest --settings-reads FILE writes one"
        raise LayerError(
            Problem("unreadable", f"{name} is not a record of reads", origin=Origin("the argument"), hint=mend)
        )
    return reads


def _recorded(data: Any, folder: Path, vocabulary: Vocabulary) -> Iterator[Read]:
    """The reads that `data` holds; what is not a record raises whatever comes of it."""
    if data["form"] != _FORM:
        raise ValueError
    root = (folder / str(data["root"])).resolve()
    tests = frozenset(map(str, data["tests"]))
    for key, places in data["reads"].items():
        for place in places if key in vocabulary.catalogue.settings else ():
            path, _, line = place.rpartition(":")
            at = Place(shown_path(root / path), int(line))
            yield Read(key, at, "record", path in tests or is_test(Path(path).parts))
