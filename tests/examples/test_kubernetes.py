"""A pod as its manifests say: their volumes are laid out, and changed, as the kubelet does it."""

from __future__ import annotations

import itertools
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from living import live
from patience import PATIENCE

STAMPS = itertools.count()


def publish(volume: Path, files: Mapping[str, str]) -> None:
    """All files at once: they lie in a folder of their own, and one link is turned from the old one to the new."""
    volume.mkdir(parents=True, exist_ok=True)
    volume.chmod(0o777)  # as the kubelet leaves it, though the mount is read-only
    before = [path for path in volume.glob("..2*") if path.is_dir()]
    folder = volume / f"..2026_11_29_00_00_00.{next(STAMPS)}"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
        if not (volume / name).is_symlink():
            (volume / name).symlink_to(f"..data/{name}")
    turned = volume / "..data_tmp"
    turned.symlink_to(folder.name)
    turned.replace(volume / "..data")
    for path in before:
        shutil.rmtree(path)


def make_state(pod: Mapping[str, Any], volume: Path, mounted: Path) -> None:
    """The folder that the pod keeps in its volume, which the kubelet lets everybody write to, where it is mounted."""
    volume.mkdir()
    volume.chmod(0o777)
    (init,) = pod["initContainers"]
    assert init["volumeMounts"] == [{"name": "state", "mountPath": "/volume"}]
    command = [word.replace("/volume", str(volume)) for word in init["command"]]
    subprocess.run(command, check=True, timeout=PATIENCE)
    (volume / "own").rename(mounted)


def test_kubernetes_with_a_configmap_and_a_secret(example, seen, tmp_path):
    """A container that is restarted while the ConfigMap is broken starts on the last good."""
    program = example("kubernetes")
    manifests = yaml.safe_load_all((program.root / "manifests.yaml").read_text())
    settings, secrets, deployment = ({"data": {}, **manifest} for manifest in manifests)
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["name"]: tmp_path / "pod" / mount["mountPath"].lstrip("/") for mount in container["volumeMounts"]}
    assert volumes["settings"]["configMap"]["name"] == settings["metadata"]["name"]
    assert volumes["secrets"]["secret"]["secretName"] == secrets["metadata"]["name"]
    publish(mounts["settings"], settings["data"])
    publish(mounts["secrets"], secrets["stringData"])
    assert not any("subPath" in mount for mount in container["volumeMounts"] if mount["name"] != "state")
    make_state(pod, tmp_path / "volume", mounts["state"])

    def edit(key: str, value: object) -> None:
        first = settings["data"]["default.yaml"]
        publish(mounts["settings"], {**settings["data"], "default.yaml": first.replace("0.5", str(value))})

    variables = {entry["name"]: entry["value"] for entry in container["env"]}
    inside = {name: str(tmp_path / "pod" / text.lstrip("/")) for name, text in variables.items() if text[0] == "/"}
    port = {"SYNFINANCE_SERVER__PORT": str(program.port)}
    program.start(shlex.join(container["command"]), **{**variables, **inside, **port})
    program.serves()
    refused = (7, "ml.fraud_threshold must be at most 1")
    edits = ("ml.fraud_threshold", (0.5, 0.6, 0.7))
    seen(live(program, program.get, *edits, refused=refused, edit=edit, meanwhile=program.restart))
    before = program.get().version
    publish(mounts["secrets"], {"security.jwt_secret": "another key of thirty-two bytes or more"})
    program.until(lambda: program.get().version > before, "the new secret")
    program.ends()
