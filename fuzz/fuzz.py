"""Fuzzes the readers: whatever they are given, they come to a value or to a `SettingsError`, soon, and tell no secret.

    python fuzz/fuzz.py --seconds 60                       all targets in turn, with a seed that is printed
    python fuzz/fuzz.py --seconds 60 --seed 7              the same inputs again
    python fuzz/fuzz.py --target read-yaml fuzz/found/...  one input again

The readers run in a process of their own, which a hang, a crash or too much memory may end. The input that did it is
kept in fuzz/found, made shorter where that is possible, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import random
import resource
import secrets
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Final

from inputs import any_of
from targets import TARGETS, Target

HERE: Final = Path(__file__).parent
MOST_SECONDS: Final = 20
"""How long one input may take, far above what the largest needs on a busy machine."""

MOST_MEMORY: Final = 2 * 1024**3
SHRINKING: Final = 10  # seconds


def main() -> int:
    """Fuzz, or run one input; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--target", choices=[target.name for target in TARGETS])
    parser.add_argument("--keep", type=Path, default=HERE / "found", help="the folder for inputs that are finds")
    parser.add_argument("--in-this-process", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("input", type=Path, nargs="?")
    options = parser.parse_args()
    targets = [target for target in TARGETS if options.target in (None, target.name)]
    if options.input:
        return _again(targets[0], options.input.read_bytes())
    if options.in_this_process:
        return _fuzz(targets, options.seed, options.seconds, options.keep)
    return _watched(options)


def _watched(options: argparse.Namespace) -> int:
    """Fuzz in another process; what ends that leaves its last input behind."""
    options.keep.mkdir(parents=True, exist_ok=True)
    print(f"seed {options.seed}, {options.seconds:g} s", flush=True)
    command = [sys.executable, "-W", "error", sys.argv[0], "--in-this-process", "--seed", str(options.seed)]
    command += ["--seconds", str(options.seconds), "--keep", str(options.keep)]
    command += ["--target", options.target] if options.target else []
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SYNFINANCE_")}
    status = subprocess.run(command, env=environ).returncode
    last = sorted(options.keep.glob("now-*"))
    if status not in (0, 1) or last:
        print(f"the process ended with {status}, by a crash or a hang; its last input: {', '.join(map(str, last))}")
        return 1
    return status


def _fuzz(targets: list[Target], seed: int, seconds: float, keep: Path) -> int:
    """Give each target inputs until the time is up; gives 1 where there was a find."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable()
    done: Counter[str] = Counter()
    spent: Counter[str] = Counter()
    finds: dict[str, Path] = {}
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        while (left := [target for target in targets if target.name not in finds]) and time.monotonic() < end:
            target = min(left, key=lambda target: spent[target.name])
            data = any_of(random.Random(f"{seed} {target.name} {done[target.name]}"), target.form)
            begun = time.monotonic()
            fault = _judged(target, data, Path(folder), keep / f"now-{target.name}")
            spent[target.name] += time.monotonic() - begun  # type: ignore[assignment]
            done[target.name] += 1
            if fault:
                finds[target.name] = _kept(target, data, fault, Path(folder), keep)
    for target in targets:
        rate = done[target.name] / max(spent[target.name], 1e-9)
        find = f"  FOUND {finds[target.name]}" if target.name in finds else ""
        print(f"{target.name:16} {done[target.name]:7} inputs {rate:7.0f}/s{find}")
    print(f"{sum(done.values())} inputs, {len(finds)} finds")
    return 1 if finds else 0


def _judged(target: Target, data: bytes, folder: Path, now: Path) -> BaseException | None:
    """What is wrong with what `target` makes of `data`; `now` holds it while that is open."""
    now.write_bytes(data)
    faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
    try:
        target.judge(data, folder)
    except Exception as fault:  # noqa: BLE001 - any other than those that judge takes is a find
        return fault
    finally:
        faulthandler.cancel_dump_traceback_later()
        now.unlink()
    return None


def _kept(target: Target, data: bytes, fault: BaseException, folder: Path, keep: Path) -> Path:
    """The file with the shortest input found that has the same `fault`, which is printed."""
    data = _shortened(target, data, type(fault), folder, keep)
    path = keep / f"{target.name}-{type(fault).__name__}-{len(data)}"
    path.write_bytes(data)
    print("".join(traceback.format_exception(fault)), flush=True)
    print(f"again: {sys.executable} {sys.argv[0]} --target {target.name} {path}", flush=True)
    return path


def _shortened(target: Target, data: bytes, kind: type[BaseException], folder: Path, keep: Path) -> bytes:
    """`data` without the parts that the fault does not need, as far as the time goes."""
    end, size = time.monotonic() + SHRINKING, len(data) // 2
    while size and time.monotonic() < end:
        at = 0
        while at < len(data) and time.monotonic() < end:
            shorter = data[:at] + data[at + size :]
            if type(_judged(target, shorter, folder, keep / f"now-{target.name}")) is kind:
                data = shorter
            else:
                at += size
        size //= 2
    return data


def _again(target: Target, data: bytes) -> int:
    """Run one input, and let its fault be seen."""
    logging.disable()
    faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
    with tempfile.TemporaryDirectory() as folder:
        target.judge(data, Path(folder))
    print("nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
