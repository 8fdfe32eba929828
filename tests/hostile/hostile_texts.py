"""Layers and ``.env`` files that are written to make the reader say, run or do what it must not."""

from __future__ import annotations

import json

from planted import CANARY, FORGING, TRAP, texts

QUOTED = json.dumps(FORGING)
DEEP = 39

YAML = {
    # where a secret may stand by a slip of the pen
    "the key of the secret misspelt": f"database: {{passwrd: {CANARY}}}",
    "the section of the secret misspelt": f"databse:\n  password: {CANARY}\n",
    "the secret at the root": f"password: {CANARY}\n",
    "the secret one level too deep": f"database: {{password: {{value: {CANARY}}}}}",
    "no blank after the colon": f"database:\n  password:{CANARY}\n",
    "no blank after the colon, in flow": f"database: {{password:{CANARY}}}",
    "no blank, in flow, behind others": f"database: {{host: db, password:{CANARY}, port: 99999}}",
    "the secret as a key": f"database: {{{CANARY}: password}}",
    "the secret as a section": f"{CANARY}:\n  password: x\n",
    "the secret as a list item": f"- password: {CANARY}\n- {CANARY}\n",
    "lines of a .env": f"SYNFINANCE_DATABASE__PASSWORD={CANARY}\nexport JWT={CANARY}\n",
    "lines of a .env with colons": f"SYNFINANCE_DATABASE__PASSWORD: {CANARY}\n",
    "a URL with a password": f"database: {{url: 'postgresql://app:{CANARY}@db/app', host: [1]}}",
    "a URL as the host": f"database:\n  host:\n    postgresql://app:{CANARY}@db/app: 1\n",
    "the equals sign": f"database:\n  password = {CANARY}\n",
    "upper case": f"DATABASE: {{PASSWORD: {CANARY}}}",
    "a dotted key": f"database.password: {CANARY}\n",
    "a dunder key": f"database__password: {CANARY}\n",
    "spaces of many kinds": f"database:\n\u00a0 password: {CANARY}\n",
    "a full-width colon": f"database:\n  password\uff1a{CANARY}\n",
    "a homoglyph in the key": f"database:\n  p\u0430ssword: {CANARY}\n",
    # beside a fault, so that its line is shown
    "a comment glued to a flow header": f"server: {{#{CANARY}\n  port: 99999}}",
    "a comment glued to a block header": f"app_name: >-\n  a\nserver: {{port: 99999}}#{CANARY}\n",
    "a comment behind a block header": f"database:\n  password: |-#{CANARY}\n    x\n  port: 99999\n",
    "a comment between key and value": f"database: # {CANARY}\n  port: 99999\n",
    "a complex key of a mapping": f"database: {{? {{password: {CANARY}}} : x, port: 99999}}",
    "a complex key in a block": f"database:\n  ? password: {CANARY}\n  : 1\n",
    "a complex key twice in braces": f"database: {{{{password: {CANARY}}}}}",
    "a complex key of a list": f"database: {{[{CANARY}]: {CANARY}}}",
    "a multi-line key": f'database:\n  "pass\n  word {CANARY}": 1\n',
    "a tag": f"database: {{port: !{CANARY} 99999}}",
    "a tag with a handle": f"%TAG !x! tag:{CANARY},2000:\n---\nserver: {{port: !x!y 99999}}",
    "a bad directive": f"%TAG {CANARY}\n---\nserver: {{port: 1}}",
    "an unknown directive": f"%{CANARY} 1\n---\nserver: {{port: 1}}",
    "a bad version": f"%YAML 9.{CANARY}\n---\n{{}}",
    "an anchor": f"server: {{port: &{CANARY} 99999, workers: *{CANARY}}}",
    "an unknown alias": f"server: {{port: *{CANARY}}}",
    "an alias of a secret in a public place": f"database: {{password: &p {CANARY}, host: *p, port: 99999}}",
    "an alias of a mapping with a secret": f"database: &d {{password: {CANARY}, port: 99999}}\ncache: *d\n",
    "a merge key": f"x: &x {{password: {CANARY}}}\ndatabase: {{<<: *x}}\n",
    "a byte order mark": f"\ufeffdatabase: {{password: {CANARY}, port: 99999}}",
    "two byte order marks": f"\ufeff\ufeffdatabase: {{password: {CANARY}, port: 99999}}",
    "a byte order mark within": f"app_name: x\n\ufeffdatabase: {{password: {CANARY}, port: 99999}}",
    "UTF-16": f"database: {{password: {CANARY}}}".encode("utf-16"),
    "UTF-16 without a mark": f"database: {{password: {CANARY}}}".encode("utf-16-le"),
    "wide characters before it": f"database: {{host: '\U0001f4b0\U0001f4b0\u6f22', password: {CANARY}, port: 99999}}",
    "combining characters before it": f"database: {{host: 'e\u0301e\u0301', password: {CANARY}, port: 99999}}",
    "NEL for a line end": f"database: {{host: a,\x85 password: {CANARY},\x85 port: 99999}}",
    "a line separator": f"database: {{host: a,\u2028 password: {CANARY},\u2028 port: 99999}}",
    "carriage returns alone": f"database:\r  password: {CANARY}\r  port: 99999\r",
    "tabs": f"database:\t{{password:\t{CANARY},\tport:\t99999}}",
    "a tab for indentation": f"database:\n\tpassword: {CANARY}\n",
    "a folded secret": f"database: {{password: 'a\n  {CANARY}\n  b', port: 99999}}",
    "an escaped line end in it": f'database: {{password: "a\\\n  {CANARY}", port: 99999}}',
    "escapes in the key": f'database: {{"p\\x61ssword": {CANARY}, port: 99999}}',
    "a quote that never ends": f'database: {{port: 99999, password: "{CANARY}\nserver: {{}}\n',
    "a bracket that never ends": f"security: {{api_keys: [{CANARY}, {CANARY}\nserver: {{port: 1}}\n",
    "a bracket too many": f"security: {{api_keys: [{CANARY}]]}}\n",
    "a secret twice": f"database: {{password: {CANARY}}}\ndatabase: {{password: {CANARY}2}}\n",
    "a secret beside another of its line": f"cache: {{password: {CANARY}}} {CANARY}",
    "a second document": f"app_name: x\n--- {CANARY}\n",
    "text after the end": f"app_name: x\n...\n{CANARY}\n",
    "an escape that is none": f'database: {{password: "{CANARY}\\q"}}',
    "a surrogate escape": f'database: {{password: "{CANARY}\\ud800"}}',
    "an overlong line before it": f"app_name: '{'x' * 5000}'\ndatabase: {{password: {CANARY}, port: 99999}}",
    # references
    "a dollar in a secret": f"database: {{password: 'Pa${CANARY}'}}",
    "a bare reference that is the secret": f"database: {{password: '${CANARY}'}}",
    "an operand that is the secret": f"database: {{password: '${{NOPE:?{CANARY}}}'}}",
    "an operand of a public field": f"database: {{password: '${{NOPE:?set {CANARY}}}', port: 99999}}",
    "a default that breaks off": f"database: {{password: '${{NOPE:-{CANARY}'}}",
    "a bad name": f"database: {{password: '${{{CANARY}!x}}'}}",
    "a reference to the key of a secret": f"database: {{password: '{CANARY}', host: '${{database.password}}'}}",
    "a circle through a secret": f"database: {{password: '{CANARY}${{cache.password}}'}}\n"
    f"cache: {{password: '{CANARY}${{database.password}}'}}\n",
    "dollars in a list of secrets": f"security: {{api_keys: ['a${CANARY}', '${{{CANARY}}}']}}",
    "a dollar in a webhook": f"monitoring: {{alert_webhook: 'https://h.example/${CANARY}'}}",
    # what a field says against a value
    "a webhook with another scheme": f"monitoring: {{alert_webhook: 'ftp://{CANARY}.example/{CANARY}'}}",
    "a webhook with a bad port": f"monitoring: {{alert_webhook: 'https://u:{CANARY}@h.example:99999/'}}",
    "a boolean for the list of secrets": f"security: {{api_keys: '[{CANARY}'}}",
    "objects in the list of secrets": f"security: {{api_keys: [[{CANARY}], {{{CANARY}: {CANARY}}}]}}",
    "an empty secret among others": f"security: {{api_keys: [{CANARY}, '']}}",
    "a secret of control characters": f'database: {{password: "{CANARY}\\x00\\x1b"}}',
    # code
    "a Python tag": f"app_name: !!python/object/apply:os.system ['touch {TRAP}']\ndatabase: {{password: {CANARY}}}",
    "words of dynaconf": f"app_name: '@jinja {{{{ 7*7 }}}}'\ndynaconf_include: [{CANARY}.py]\n"
    f"database: {{password: '@format {{this.x}}{CANARY}', dynaconf_merge: true}}",
    "the options of dynaconf": f"LOADERS_FOR_DYNACONF: [{CANARY}]\nsecrets_for_dynaconf: {CANARY}\n",
    "a shell in a key": f"'server.port$(touch {TRAP})': {CANARY}\n",
    # bombs beside a secret
    "a value that contains itself": f"database: &d {{password: {CANARY}, port: *d}}",
    "many brackets": f"database: {{password: {'[' * 30000}{CANARY}",
    "one key of many dots": f"database: {{password: {CANARY}}}\n'{'a.' * 2000}': 1\n",
    "blanks without end": f"database: {{password: {CANARY},{' ' * 3000}port: 99999}}",
    "levels without end": "".join(f"{' ' * i}k{i}:\n" for i in range(DEEP)) + f"{' ' * DEEP}k: {CANARY}\n",
}
HEAVY_YAML = {
    "many keys": f"database: {{password: {CANARY}}}\nserver: {{" + ", ".join(f"k{i}: 1" for i in range(300)) + "}",
    "aliases of aliases": f"a: &a [{'x, ' * 5000}]\nb: &b [{'*a, ' * 50}]\ndatabase: {{password: {CANARY}, port: *b}}",
}
FORGED_YAML = {
    "an unknown key": f"{QUOTED}: {CANARY}\n",
    "an unknown key of a section": f"server: {{{QUOTED}: 1}}\ndatabase: {{password: {CANARY}}}",
    "a key near a known one": f'"server\\n{FORGING[2:16]}": 1\n',
    "a value that is refused": f"server: {{log_level: {QUOTED}}}",
    "a number that is none": f"server: {{port: {QUOTED}}}",
    "the environment": f"environment: {QUOTED}\n",
    "a duplicate key": f"{QUOTED}: 1\n{QUOTED}: 2\n",
    "an operand": f"app_name: {json.dumps('${NOPE:?' + FORGING + '}')}\n",
    "a reference to a setting": f"app_name: {json.dumps('${server.' + FORGING + '}')}\n",
    "a comment of bidi": "server: {port: 99999} # \u202eok\u2066 \u200b\n",
    "a plain key of bidi": "server: {po\u202ert\u2066\u200b: 1}\n",
    "a tag of bidi": "server: {port: !<tag:\u202e> 1}\n",
    "an anchor of bidi": "server: {port: &\u202eok 1, workers: *\u2066no}\n",
}
OPEN_YAML = {
    "a list item that is warned of": f"security: {{allowed_hosts: [{QUOTED}]}}\nserver: {{cors_origins: [{QUOTED}]}}",
    "values that are taken": f"app_name: {QUOTED}\nserver: {{host: {QUOTED}}}\ndatabase: {{password: {CANARY}}}\n",
    "paths that are taken": f"ml: {{model_path: {QUOTED}}}\nmonitoring: {{metrics_file: {QUOTED}}}\n"
    f"security: {{ssl_enabled: true, ssl_cert_path: {QUOTED}, ssl_key_path: {QUOTED}}}\n",
}
JSON = {
    "a misspelt key": json.dumps({"database": {"passwrd": CANARY}}),
    "the secret as a key": json.dumps({CANARY: 1, "database": {CANARY: "password"}}),
    "a secret, then a fault": f'{{"database": {{"password": "{CANARY}", "port": 99999 }} }}',
    "single quotes": f"{{'database': {{'password': '{CANARY}'}}}}",
    "a missing comma": f'{{"database": {{"password": "{CANARY}" "port": 1}}}}',
    "a missing colon": f'{{"database": {{"password" "{CANARY}"}}}}',
    "a missing quote": f'{{"database": {{"password: {CANARY}}}}}',
    "a comment": f'{{"server": {{"port": 99999 // {CANARY}\n}}}}',
    "text after the end": f'{{"app_name": "x"}} {CANARY}',
    "a control character": f'{{"database": {{"password": "{CANARY}\x01"}}}}',
    "a lone surrogate": f'{{"database": {{"password": "{CANARY}\\udfff", "{CANARY}\\ud800": 1}}}}',
    "a byte order mark": "\ufeff" + json.dumps({"database": {"password": CANARY, "port": 0}}),
    "not a number": f'{{"database": {{"password": "{CANARY}", "port": NaN}}}}',
    "a secret of another kind": json.dumps({"database": {"password": {"value": [CANARY]}}}),
    "a duplicate": f'{{"database": {{"password": "{CANARY}", "password": "{CANARY}"}}}}',
    "a root that is text": json.dumps(CANARY),
    "levels without end": '{"database":' * 3000 + f'"{CANARY}"',
    "a dollar in a secret": json.dumps({"database": {"password": f"Pa${CANARY}"}}),
    "forging": json.dumps({FORGING: 1, "server": {FORGING: FORGING, "log_level": FORGING}}),
    "forging by a duplicate": f'{{"server": {{{QUOTED}: 1, {QUOTED}: 2}}, "database": {{"password": "{CANARY}"}}}}',
}
DOTENV = {
    "a colon for the equals sign": f"SYNFINANCE_DB_PASSWORD:{CANARY}\n",
    "a blank for the equals sign": f"SYNFINANCE_DB_PASSWORD {CANARY}\n",
    "the secret alone": f"{CANARY}\n",
    "the secret as a name": f"{CANARY}=x\nSYNFINANCE_{CANARY.upper()}=x\n",
    "a secret behind a misspelt name": f"SYNFINANCE_DB_PASWORD={CANARY}\nSYNFINANCE_SERVER__PORT=x\n",
    "a second secret on the line": f"SYNFINANCE_DB_PASSWORD='a' {CANARY}\n",
    "a comment behind a fault": f"SYNFINANCE_SERVER_PORT=99999 # {CANARY}\n",
    "a dollar in a secret": f"SYNFINANCE_DB_PASSWORD=Pa${CANARY}\n",
    "a secret that is a reference": f"SYNFINANCE_DB_PASSWORD=${CANARY}\n",
    "a brace that is not closed": f"SYNFINANCE_DB_PASSWORD=${{{CANARY}\n",
    "an operand": f"SYNFINANCE_DB_PASSWORD=${{NOPE:?{CANARY}}}\n",
    "a foreign line of a secret": f"OTHER=Pa${CANARY}\nSYNFINANCE_DB_PASSWORD=$OTHER\n",
    "a secret of several lines": f'SYNFINANCE_JWT_SECRET="-----BEGIN\n{CANARY}\n-----END"\nx y\n',
    "a quote that never ends": f"SYNFINANCE_DB_PASSWORD='{CANARY}\nOTHER=1\n",
    "a byte order mark": f"\ufeffSYNFINANCE_DB_PASSWORD={CANARY}\nSYNFINANCE_SERVER_PORT=x\n",
    "carriage returns alone": f"SYNFINANCE_DB_PASSWORD={CANARY}\rSYNFINANCE_SERVER_PORT=x\r",
    "NUL characters": f"SYNFINANCE_DB_PASSWORD={CANARY}\0\nX\0={CANARY}\n",
    "UTF-16": f"SYNFINANCE_DB_PASSWORD={CANARY}\n".encode("utf-16"),
    "Latin-1": f"SYNFINANCE_DB_PASSWORD={CANARY}\xff\n".encode("latin-1"),
    "a file that holds the secret itself": f"SYNFINANCE_DB_PASSWORD_FILE={CANARY}\n",
    "the secret for the environment": f"SECRET={CANARY}\nSYNFINANCE_ENV=${{SECRET}}\n",
    "a webhook that is none": f"SYNFINANCE_ALERT_WEBHOOK={CANARY}\n",
    "YAML": f"database:\n  password: {CANARY}\n",
    "JSON": json.dumps({"database": {"password": CANARY}}),
    "an export of a shell": f"export SYNFINANCE_DB_PASSWORD {CANARY}\nset -x {CANARY}\n",
    "a command": f"SYNFINANCE_DB_PASSWORD=$(touch {TRAP})`touch {TRAP}`{CANARY}${{\n",
    "forging": f'SYNFINANCE_LOG_LEVEL="{FORGING}"\nSYNFINANCE_SERVER__LOG_LEVEL="{FORGING}"\n',
    "forging an operand": f'SYNFINANCE_APP_NAME="${{NOPE:?{FORGING}}}"\n',
    "forging the environment": f'SYNFINANCE_ENV="{FORGING}"\n',
    "forging a name": "SYNFINANCE_\u202eok\u2066\u200b=1\nSYNFINANCE_X\x1b[2K=1\n",
    "many broken lines": f"x {CANARY}\n" * 300,
}

texts("layer", "settings/default.yaml", YAML)
texts("layer", "settings/default.yaml", HEAVY_YAML, is_heavy=True)
texts("overlay", "settings/development.yaml", {name: YAML[name] for name in list(YAML)[:4]})
texts("forging layer", "settings/default.yaml", FORGED_YAML)
AS_IT_IS = ("get server.host", "show", "--debug show", "export -")
texts("forging layer", "settings/default.yaml", OPEN_YAML, handed_out=AS_IT_IS)
texts("JSON", "settings/default.json", JSON)
texts(".env", ".env", DOTENV)
