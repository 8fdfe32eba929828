"""Can the ports be listened on that settings say are opened here?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from synfinance_settings.model.resource import Listener
from synfinance_settings.probing.answers import in_words
from synfinance_settings.probing.finding import Command, Finding, correct

if TYPE_CHECKING:
    from synfinance_settings.probing.probe import Answer, Question

CHECK: Final = "ports"


def question(found: Listener, config: Any) -> Question:
    """What is asked of this machine."""
    said = found.values(config)
    host = said.get("host")
    return {"about": "port", "host": None if host is None else str(host), "port": said["port"]}


def finding(found: Listener, config: Any, answer: Answer) -> Finding:
    """What `answer` says of the port."""
    said = found.values(config)
    where = f"{found.keys['port']} {'' if said.get('host') is None else str(said['host']) + ':'}{said['port']}"
    failure = answer.get("failure")
    if failure is None:
        return Finding(CHECK, "ok", f"{where} is free")
    told = f"{where}: {in_words(answer, 'port')}"
    port, host = found.keys["port"], found.keys.get("host") or found.keys["port"]
    if failure == "system":
        mend = Command.of("ss", "-ltnp", f"sport = :{said['port']}")
        return Finding(CHECK, "warn", told, mend, "no-listener", tuple(dict.fromkeys((port, host))))
    return Finding(CHECK, "fail", told, correct([host]), "unknown-host", (host,))
