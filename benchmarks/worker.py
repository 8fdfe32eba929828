"""The process of one contender: it prepares the jobs it is named, and runs one as often as it is asked, timed.

It is started as ``worker.py MODULE:FUNCTION ARGUMENTS``, reads ``NAME TIMES`` lines and answers each with a line of
JSON: seconds of the processor, seconds of the clock, and what is seen of the last run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib import import_module

from jobs import Job


def main() -> None:
    place, arguments = sys.argv[1:]
    module, _, function = place.partition(":")
    jobs: Mapping[str, Job] = getattr(import_module(module), function)(**json.loads(arguments))
    for line in sys.stdin:
        name, times = line.split()
        print(json.dumps(jobs[name].took(int(times))), flush=True)


if __name__ == "__main__":
    main()
