"""A container as its Dockerfile and compose.yaml say: a tree that it may not write to, but for a volume."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shlex
import shutil
from pathlib import Path

import yaml
from living import live

KEYS = [f"a key of thirty-two bytes or more, {number}" for number in "123"]


def signature(key: str) -> str:
    return hmac.new(key.encode(), b"/", hashlib.sha256).hexdigest()


class Image:
    """What the lines of a Dockerfile say."""

    def __init__(self, dockerfile: Path) -> None:
        text = dockerfile.read_text()
        lines = dict(line.split(" ", 1) for line in text.splitlines())
        # a volume that is new has the owner and the mode of the folder in its place
        self.folders = re.findall(r"^RUN install -d -o 1000 -m 700 (\S+)$", text, re.MULTILINE)
        self.folder = lines["WORKDIR"]
        self.copied = lines["COPY"].split()[0]
        self.environ = dict([lines["ENV"].split("=")])
        self.command = json.loads(lines["CMD"])


def test_docker_with_a_read_only_root(example, seen, tmp_path, without_rights):
    program = example("docker")
    image = Image(program.root / "Dockerfile")
    (service,) = yaml.safe_load((program.root / "compose.yaml").read_text())["services"].values()
    assert service["read_only"]
    tree = tmp_path / "tree"
    (program.root / "secrets").mkdir()

    def inside(path: str) -> Path:
        return tree / path.lstrip("/")

    inside(image.folder).mkdir(parents=True)
    shutil.copy(program.root / image.copied, inside(image.folder))
    for source, target in (volume.split(":")[:2] for volume in service["volumes"]):
        if source.startswith("."):
            shutil.copytree(program.root / source, inside(target))
        else:
            assert target in image.folders
            inside(target).mkdir(mode=0o700)
    secrets = inside("/run/secrets")

    def rotate(key: str, wanted: str) -> None:
        """Another file takes the place of the old one, outside of the container."""
        secrets.chmod(0o755)
        fresh = secrets / ".fresh"
        fresh.write_text(next((text for text in KEYS if signature(text) == wanted), wanted))
        fresh.replace(secrets / key)
        secrets.chmod(0o555)

    rotate("security.jwt_secret", signature(KEYS[0]))
    kept = [path for path in (tree, *tree.rglob("*")) if path != inside("/state")]
    for path in kept:
        path.chmod(0o555 if path.is_dir() else 0o444)

    variables = {
        name: str(inside(value)) if value.startswith("/") else value for name, value in service["environment"].items()
    }
    command = shlex.join([*without_rights, *image.command])
    program.start(
        command, inside(image.folder), **image.environ, **variables, SYNFINANCE_SERVER__PORT=str(program.port)
    )
    program.serves()
    refused = ("short", "security.jwt_secret must have at least 32 bytes")
    seen(live(program, program.get, "security.jwt_secret", tuple(map(signature, KEYS)), refused=refused, edit=rotate))
    program.ends()
    assert set(kept) == {path for path in (tree, *tree.rglob("*")) if inside("/state") not in (path, path.parent)}
    assert list(inside("/state").iterdir())
    assert not any(key in program.log.read_text() for key in KEYS)
