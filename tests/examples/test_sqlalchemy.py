"""SQLAlchemy on a PostgreSQL of our own, whose password is rotated under load."""

from __future__ import annotations

import psycopg
from living import Clients


def test_sqlalchemy_follows_a_rotated_password(example, seen, postgres):
    """Twice to a right one, and once between them to a wrong one, which changes nothing and is named."""
    program = example("sqlalchemy")
    secret = program.root / "secrets/database.password"

    def give(word: str) -> None:
        fresh = secret.with_name(".new")
        fresh.write_text(word)
        fresh.replace(secret)

    def rotate(word: str) -> None:
        operator.execute(f"ALTER ROLE teller LOGIN PASSWORD '{word}'")
        give(word)

    where = f"host=127.0.0.1 port={postgres.port} user=operator dbname=postgres"
    with psycopg.connect(where, password=postgres.password, autocommit=True) as operator:
        operator.execute("CREATE ROLE teller")
        rotate("canary-1")
        program.start(SYNFINANCE_DATABASE__PORT=str(postgres.port))
        program.serves()
        with Clients(program.get) as clients:

            def runs(version: int) -> None:
                def holds() -> bool:
                    clients.all_answered()
                    return any(answer.version == version for answer in clients.answers[-1:])

                program.until(holds, f"version {version}")

            runs(1)
            rotate("canary-2")
            runs(2)
            give("canary-wrong")
            program.says(
                "what follows database (SQLAlchemy engine) could not be made anew: password authentication failed"
            )
            rotate("canary-3")
            runs(3)
    assert {(answer.value, answer.version) for answer in clients.answers} == {
        ("teller", number) for number in (1, 2, 3)
    }
    program.ends()
    assert "canary" not in program.log.read_text()
    seen(f"{len(clients.answers)} requests, all answered; password rotated twice, once refused")
