"""A notebook in a kernel of its own, whose cells are run and run again."""

from __future__ import annotations

import nbformat
from nbclient import NotebookClient
from patience import PATIENCE


def test_jupyter(example, seen):
    program = example("jupyter")
    notebook = nbformat.read(program.root / "notebook.ipynb", as_version=4)
    about = {"metadata": {"path": str(program.root)}}
    client = NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3", resources=about)
    places = {cell.id: place for place, cell in enumerate(notebook.cells)}
    runs = 0

    def run(name: str) -> str:
        nonlocal runs
        runs += 1
        outputs = client.execute_cell(notebook.cells[places[name]], places[name]).outputs
        return "".join(said.get("text") or said["data"]["text/plain"] for said in outputs).strip()

    def shows(name: str, text: str) -> None:
        program.until(lambda: text in run(name), text)

    with client.setup_kernel(env=program.environ):
        run("watch")
        assert (run("read"), run("failure")) == ("0.5", "the layers are good")
        program.edit("ml.fraud_threshold", 0.6)
        shows("read", "0.6")
        kept = run("keep")
        program.edit("ml.fraud_threshold", 7)
        shows("failure", "ml.fraud_threshold must be at most 1")
        assert (run("read"), run("experiment"), run("keep")) == ("0.6", "0.9", kept)
        program.edit("ml.fraud_threshold", 0.7)
        shows("read", "0.7")
        assert run("keep") != kept
        run("stop")
    seen(f"{runs} cells run; 3 edits, 1 refused; 1 kernel")
