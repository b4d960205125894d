"""The notebook runs from its first cell to its last, and is kept without what it printed."""

from pathlib import Path

import nbclient
import nbformat
import pytest

PATH = Path(__file__).parent.parent / "notebooks" / "scorecard.ipynb"


@pytest.mark.filterwarnings("ignore")
def test_the_notebook_runs(tmp_path):
    notebook = nbformat.read(PATH, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    warned = [output.text for cell in cells for output in cell.outputs if output.get("name") == "stderr"]
    assert not warned
    pictures = [output for cell in cells for output in cell.outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 3


def test_the_notebook_is_kept_without_outputs():
    notebook = nbformat.read(PATH, as_version=4)
    for cell in notebook.cells:
        assert cell.cell_type != "code" or (cell.outputs == [] and cell.execution_count is None), cell.id
