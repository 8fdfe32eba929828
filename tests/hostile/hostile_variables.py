"""Variables, and the files that they name, that are set to make the reader say or do what it must not."""

from __future__ import annotations

from collections.abc import Mapping

from planted import CANARY, FORGING, TRAP, hostile

VARIABLES: Mapping[str, Mapping[str, str]] = {
    "a misspelt name": {"SYNFINANCE_DB_PASWORD": CANARY, "SYNFINANCE_SERVER_PORT": "x"},
    "the secret in the name": {f"SYNFINANCE_{CANARY}": "1", f"SYNFINANCE_DB_PASSWORD:{CANARY}": "1"},
    "a path below a secret": {f"SYNFINANCE_DATABASE__PASSWORD__{CANARY}": CANARY},
    "the section for the secret": {"SYNFINANCE_DATABASE": f'{{"password": "{CANARY}"}}'},
    "a file that holds the secret itself": {"SYNFINANCE_DB_PASSWORD_FILE": CANARY},
    "a file that holds the secret itself, as a path": {"SYNFINANCE_JWT_SECRET_FILE": f"/run/{CANARY}/x"},
    "a long secret for a file": {"SYNFINANCE_DB_PASSWORD_FILE": CANARY * 200},
    "a list of secrets for a file": {"SYNFINANCE_API_KEYS_FILE": f'["{CANARY}", "{CANARY}"]'},
    "two spellings that differ": {"SYNFINANCE_DB_PASSWORD": CANARY, "SYNFINANCE_DATABASE__PASSWORD": CANARY * 2},
    "a broken list": {"SYNFINANCE_API_KEYS": f"[{CANARY}, {CANARY}"},
    "an object for a list": {"SYNFINANCE_API_KEYS": f'[{{"{CANARY}": 1}}]'},
    "a webhook that is none": {"SYNFINANCE_ALERT_WEBHOOK": f"//{CANARY}"},
    "bytes that are no text": {"SYNFINANCE_DB_PASSWORD": f"{CANARY}\udcff\udc80"},
    "the environment": {"SYNFINANCE_ENV": FORGING},
    "an environment near a known one": {"SYNFINANCE_ENV": "production\n"},
    "a forging name": {f"SYNFINANCE_{FORGING}".replace("=", ""): "1"},
    "a forging path below a field": {f"SYNFINANCE_SERVER__PORT__{FORGING}": "1"},
    "a forging file": {"SYNFINANCE_DB_PASSWORD_FILE": FORGING},
    "a forging value": {"SYNFINANCE_LOG_LEVEL": FORGING, "SYNFINANCE_SERVER_PORT": FORGING},
    "a forging env file": {"SYNFINANCE_ENV_FILE": FORGING},
    "a forging settings folder": {"SYNFINANCE_SETTINGS_DIR": FORGING},
    "a forging state folder": {"SYNFINANCE_STATE_DIR": f"/dev/null/{FORGING}"},
    "a forging fallback": {"SYNFINANCE_FALLBACK": FORGING},
    "a name of bytes that are no text": {"SYNFINANCE_\udcff\udc80": CANARY},
    "an option for an env file": {"SYNFINANCE_ENV_FILE": "--stdin"},
    "the options of dynaconf": {
        "DYNACONF_DATABASE__PASSWORD": CANARY,
        "LOADERS_FOR_DYNACONF": f'["{CANARY}"]',
        "SETTINGS_FILE_FOR_DYNACONF": "planted.py",
        "INCLUDES_FOR_DYNACONF": "planted.py",
        "SYNFINANCE_APP_NAME": f"@jinja {{{{ ''.__class__ }}}} $(touch {TRAP})",
    },
    "a deep name": {f"SYNFINANCE_{'__'.join('A' * 3000)}": CANARY},
    "many unknown names": {f"SYNFINANCE_UNKNOWN_{number}": CANARY for number in range(300)},
}


def _planter(variables: Mapping[str, str]):
    def plant(project) -> Mapping[str, str]:
        project.write("planted.py", f"open({TRAP!r}, 'w').close()\n")
        return variables

    return plant


for _name, _variables in VARIABLES.items():
    hostile(f"variable: {_name}", is_heavy=_name.startswith("many"))(_planter(_variables))

SECRET_FILES = {
    "not UTF-8": CANARY.encode() + b"\xff",
    "UTF-16": CANARY.encode("utf-16"),
    "NUL characters": f"{CANARY}\0\n",
    "too large": f"{CANARY}\n" * 40_000,
    "a whole file of variables": f"SYNFINANCE_DB_PASSWORD={CANARY}\nx {CANARY}\n",
    "a private key": f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n",
    "control characters": f"{CANARY}\x1b[2K\n\u202e\n",
    "nothing": b"",
}


def _named_by(variable: str, content: str | bytes):
    def plant(project) -> Mapping[str, str]:
        return {variable: str(project.write("run/secret", content))}

    return plant


for _name, _content in SECRET_FILES.items():
    hostile(f"secret file: {_name}")(_named_by("SYNFINANCE_DB_PASSWORD_FILE", _content))
    hostile(f"secret file for a port: {_name}")(_named_by("SYNFINANCE_DB_PORT_FILE", _content))

IN_A_FOLDER = {
    "one that does not fit": {"database.password": CANARY, "database.port": CANARY},
    "not UTF-8": {"SYNFINANCE_DB_PASSWORD": CANARY.encode() + b"\xff"},
    "two that differ": {"database.password": CANARY, "synfinance_db_password": CANARY * 2},
    "names that lead nowhere": {"databse.password": CANARY, "SYNFINANCE_ENV": CANARY, "SYNFINANCE_DATABASE": CANARY},
    "a forging name": {FORGING.replace("/", "").replace("\0", ""): CANARY, "database.password": FORGING},
    "the environment": {"environment": CANARY},
    "a hook of dynaconf's": {"dynaconf_hooks.py": f"open({TRAP!r}, 'w')", "app_name": f"@jinja $(touch {TRAP})"},
}


def _in_a_folder(files: Mapping[str, str | bytes]):
    def plant(project) -> Mapping[str, str]:
        for name, content in files.items():
            project.write(f"run/secrets/{name}", content)
        return {"SYNFINANCE_SECRETS_DIR": str(project.root / "run/secrets")}

    return plant


for _name, _files in IN_A_FOLDER.items():
    hostile(f"secrets folder: {_name}")(_in_a_folder(_files))
hostile("secrets folder: a forging place")(lambda project: {"SYNFINANCE_SECRETS_DIR": FORGING})
