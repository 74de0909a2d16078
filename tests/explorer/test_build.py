"""Joining the page: modules become one script, data becomes JSON that may stand in HTML."""

import base64
import json
import re
import zlib

import numpy as np
import pytest
from page import run_module

from lenet.explorer import build


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Write modules by name, and join them."""

    def joined(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.js").write_text(text, encoding="utf-8")
        monkeypatch.setattr(build, "PAGE", tmp_path)
        return build.program.__wrapped__()

    return joined


@pytest.mark.node
def test_names_that_modules_share_do_not_collide(modules):
    script = modules(
        numbers="const hidden = 2;\nexport const two = hidden;\nexport function twice(x) { return x * two; }\n",
        other='import { twice as double } from "./numbers.js";\n\nconst hidden = 5;\nexport async function ten() {\n'
        "  return double(hidden);\n}\n",
        main='import {\n  two,\n} from "./numbers.js";\nimport { ten } from "./other.js";\n'
        "export async function main() { console.log(JSON.stringify([two, await ten()])); }\n",
    )
    assert run_module(f"new Function({json.dumps(script)})();") == [2, 10]


@pytest.mark.node
def test_comments_go_and_the_code_beside_them_stays(modules):
    script = modules(
        main="""/** The beginning.
 * @param {number} a */
export function main() {
  // alone
  const address = "http://a//b"; // why
  /** @type {any} */ (globalThis).a = 1 /** two */ + 1;
  const b = /** @type {number} */ (globalThis.a);
  console.log(JSON.stringify([address, b]));
}
/** End. */
"""
    )
    assert run_module(f"new Function({json.dumps(script)})();") == ["http://a//b", 2]
    assert "@" not in script
    assert "alone" not in script
    assert "// why" in script


@pytest.mark.parametrize(
    "text",
    [
        "export default 3;\n",
        "const a = 1;\nexport { a };\n",
        'import all from "./numbers.js";\n',
        'export function main() { return import("./numbers.js"); }\n',
    ],
)
def test_a_form_that_cannot_be_joined_is_an_error(modules, text):
    with pytest.raises(build.BuildError, match=r"main\.js: .* cannot be joined"):
        modules(main=text)


def test_modules_that_import_each_other_are_an_error(modules):
    with pytest.raises(build.BuildError, match="imports itself"):
        modules(main='import { a } from "./one.js";\n', one='import { main } from "./main.js";\nexport const a = 1;\n')


def test_a_script_that_would_end_itself_is_an_error(modules):
    with pytest.raises(build.BuildError, match="</script"):
        modules(main='export const end = "</script>";\n')


def test_data_cannot_end_its_script():
    text = build.to_json({"name": "</script><!--\u2028", "array": np.arange(3, dtype=np.int32)})
    assert "<" not in text
    assert "\u2028" not in text
    data = json.loads(text)
    assert data["name"] == "</script><!--\u2028"
    content = zlib.decompress(base64.b64decode(data["array"]["data"]), -15)
    assert np.frombuffer(content, "<i4").tolist() == [0, 1, 2]
    assert (data["array"]["dtype"], data["array"]["shape"]) == ("int32", [3])


def test_the_page_asks_nobody_for_anything():
    """No address in it is one that a browser would load from."""
    page = build.page({"format": 1, "runs": [], "notices": []}).decode()
    page += build.program()
    loaded = re.findall(r"""(?:src|href)\s*=\s*["'](?!data:|#)[^"']*["']|@import|url\((?!data:)[^)]*\)""", page)
    assert loaded == []
    assert "connect-src 'none'" in page


def test_the_same_data_gives_the_same_bytes():
    data = {"format": 1, "runs": [], "notices": ["a"], "pixels": np.zeros((3, 28, 28), np.uint8)}
    assert build.page(data) == build.page(data)
