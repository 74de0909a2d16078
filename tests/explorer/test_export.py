"""`lenet.explore`: the file, what it refuses to write, and the page in a notebook."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import lenet
from lenet.explorer import export


@pytest.fixture(autouse=True)
def opened(monkeypatch):
    """The files that were opened in the browser."""
    paths = []
    monkeypatch.setattr(export, "open_in_browser", paths.append)
    return paths


def test_a_page_is_written_and_opened(tiny_run, tiny, tmp_path, monkeypatch, opened):
    monkeypatch.chdir(tmp_path)
    page = lenet.explore(tiny_run, images=10, data=tiny)
    assert page.path == Path("tiny-explorer.html")
    assert opened == [page.path]
    content = page.path.read_bytes()
    assert content == page.content
    assert b"<title>tiny \xe2\x80\x93 lenet explorer</title>" in content
    assert lenet.explore(tiny_run, images=10, data=tiny, open=False).content == content
    assert len(opened) == 1
    assert page.notices == ()


def test_what_is_no_page_is_not_overwritten(tiny_run, tiny, tmp_path):
    file = tmp_path / "thesis.html"
    file.write_text("<!doctype html>")
    with pytest.raises(lenet.LenetError, match="exists and was not written by lenet explore"):
        lenet.explore(tiny_run, out=file)
    assert file.read_text() == "<!doctype html>"
    with pytest.raises(lenet.LenetError, match="its folder is not there"):
        lenet.explore(tiny_run, out=tmp_path / "missing" / "page.html")
    assert lenet.explore(tiny_run, out=tmp_path, images=1, data=tiny).path == tmp_path / "tiny-explorer.html"


@pytest.mark.notebook
def test_a_notebook_shows_the_page_and_gets_no_file(trained, tmp_path):
    cell = f"import lenet\nlenet.explore({str(trained.path)!r}, images=10)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    (output,) = notebook.cells[0].outputs
    assert output.data["text/html"].startswith('<iframe title="lenet explorer" srcdoc="&lt;!doctype html&gt;')
    assert output.data["text/html"].count("<") == 2  # the page is escaped
    assert re.fullmatch(r"Explored\([\d,]+ bytes\)", output.data["text/plain"])
    assert not list(tmp_path.iterdir())
