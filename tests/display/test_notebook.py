"""The chart in a notebook."""

import nbformat
import pytest
from nbclient import NotebookClient

import lenet


@pytest.mark.notebook
def test_a_notebook_gets_one_chart_updated_in_place(tmp_path):
    """In a real kernel: one display, updated in place, at last with all points, and no table of lines."""
    cell = (
        "import lenet\n"
        f"run = lenet.train('digits', epochs=3, validation=58_000, batch_size=100, out={str(tmp_path / 'run')!r})"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    updates = []

    class Client(NotebookClient):
        def process_message(self, message, cell, index):
            if message["header"]["msg_type"] == "update_display_data":
                updates.append(message)
            return super().process_message(message, cell, index)

    Client(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    displays = [output for output in notebook.cells[0].outputs if output.output_type == "display_data"]
    assert len(displays) == 1
    assert displays[0].data["image/svg+xml"].startswith("<svg")
    assert len(updates) >= 3  # one for each epoch
    assert f"{lenet.load(tmp_path / 'run').test_accuracy:.1%} at the end" in str(updates[-1]["content"]["data"])
    assert lenet.load(tmp_path / "run").is_finished
