"""Requests that are refused: each with its status, in one form."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from serving import ask, png

PREDICT, INFER = "/v1/predict", "/v2/models/digits/infer"
FLAT = [0] * 784


def bomb():
    """A PNG of a few hundred kilobytes that would be 25 gigabytes of pixels."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 50_000, 500_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )


def truncated(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG")
    return file.getvalue()[: len(file.getvalue()) // 2]


def tensor(**changed):
    return {"inputs": [{"name": "x", "shape": [1, 28, 28], "datatype": "UINT8", "data": FLAT} | changed]}


BLANK = np.zeros((28, 28), np.uint8)
CASES = {
    "no JSON": (PREDICT, b"{", "application/json", 400, "bad_json"),
    "JSON in Latin-1": (PREDICT, '{"é": 1}'.encode("latin-1"), "application/json", 400, "bad_json"),
    "NaN": (PREDICT, b'{"pixels": [[NaN]]}', "application/json", 400, "bad_json"),
    "a name twice": (PREDICT, b'{"pixels": [[1]], "pixels": [[2]]}', "application/json", 400, "bad_json"),
    "deep nesting": (PREDICT, b"[" * 100_000, "application/json", 400, "bad_json"),
    "a list": (PREDICT, b"[]", "application/json", 422, "bad_value"),
    "no pixels": (PREDICT, {}, None, 422, "bad_value"),
    "pixels and images": (PREDICT, {"pixels": [[1]], "images": []}, None, 422, "bad_value"),
    "a text": (PREDICT, {"pixels": "no"}, None, 422, "bad_value"),
    "rows of several lengths": (PREDICT, {"pixels": [[1, 2], [3]]}, None, 422, "bad_value"),
    "truth values": (PREDICT, {"pixels": [[True] * 28] * 28}, None, 422, "bad_value"),
    "four dimensions": (PREDICT, {"pixels": [[[[1]]]]}, None, 422, "bad_value"),
    "empty pixels": (PREDICT, {"pixels": []}, None, 422, "bad_value"),
    "a blank image": (PREDICT, {"pixels": BLANK.tolist()}, None, 422, "bad_image"),
    "a blank PNG": (PREDICT, png(BLANK), "image/png", 422, "bad_image"),
    "no image": (PREDICT, b"no", "image/png", 422, "bad_image"),
    "nothing": (PREDICT, b"", "image/png", 422, "bad_image"),
    "half a JPEG": (
        PREDICT,
        truncated(np.arange(6400, dtype=np.uint8).reshape(80, 80)),
        "image/jpeg",
        422,
        "bad_image",
    ),
    "a bomb": (PREDICT, bomb(), "image/png", 422, "bad_image"),
    "half an IDX file": (PREDICT, struct.pack(">4B3I", 0, 0, 8, 3, 9, 28, 28), "image/x-idx", 422, "bad_image"),
    "an IDX file of 2**96 images": (PREDICT, struct.pack(">4B3I", 0, 0, 8, 3, *[2**32 - 1] * 3), "", 422, "bad_image"),
    "no base64": (PREDICT, {"images": ["*"]}, None, 422, "bad_value"),
    "no texts": (PREDICT, {"images": [1]}, None, 422, "bad_value"),
    "no images": (PREDICT, {"images": []}, None, 422, "bad_value"),
    "too many images": (PREDICT, {"images": [""] * 21}, None, 422, "bad_value"),
    "too many in an IDX file": (PREDICT, struct.pack(">4B3I", 0, 0, 8, 3, 21, 5, 5) + bytes(525), "", 413, "too_large"),
    "a form": (PREDICT, b"a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    "a text file": (PREDICT, b"a", "text/plain", 415, "unsupported_media_type"),
    "another query": (f"{PREDICT}?modell=digits", png(BLANK), "image/png", 400, "bad_request"),
    "an unknown network": (f"{PREDICT}?model=x", png(BLANK), "image/png", 404, "unknown_network"),
    "several to explain": ("/v1/explain", {"images": ["", ""]}, None, 422, "bad_value"),
    "a body that is too large": (PREDICT, bytes(200_001), "image/png", 413, "too_large"),
    "an unknown path": ("/v3", b"", "image/png", 404, "not_found"),
    "an image to infer": (INFER, png(BLANK), "image/png", 415, "unsupported_media_type"),
    "no inputs": (INFER, {"inputs": []}, None, 422, "bad_value"),
    "other entries": (INFER, tensor() | {"x": 1}, None, 422, "bad_value"),
    "another shape": (INFER, tensor(shape=[1, 27, 28]), None, 422, "bad_value"),
    "another type": (INFER, tensor(datatype="FP64"), None, 422, "bad_value"),
    "other pixels": (INFER, tensor(data=[256] * 784), None, 422, "bad_value"),
    "fractions": (INFER, tensor(data=[0.5] * 784), None, 422, "bad_value"),
    "too few pixels": (INFER, tensor(data=[1]), None, 422, "bad_value"),
    "too bright": (INFER, tensor(datatype="FP32", data=[1.5] * 784), None, 422, "bad_value"),
    "lists of several depths": (INFER, tensor(data=[1, [2]]), None, 422, "bad_value"),
    "an unknown output": (INFER, tensor() | {"outputs": [{"name": "x"}]}, None, 422, "bad_value"),
    "an unknown model": ("/v2/models/x/infer", tensor(), None, 404, "unknown_network"),
    "an unknown version": ("/v2/models/digits/versions/2/infer", tensor(), None, 404, "unknown_network"),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(url, name):
    path, body, media_type, status, code = CASES[name]
    got, headers, answer = ask(url, path, body, media_type, method="POST")
    assert (got, answer["error"]["code"]) == (status, code), answer
    assert headers["content-type"] == "application/json"
    assert set(answer) == {"error"}
    assert set(answer["error"]) == {"code", "message", "hint"}
    assert answer["error"]["message"]
    assert answer["error"]["hint"]


def test_methods(url):
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        status, headers, answer = ask(url, PREDICT, method=method)
        assert (status, headers["allow"], answer["error"]["code"]) == (405, "POST", "method_not_allowed")
    status, headers, _ = ask(url, "/livez", b"", method="POST")
    assert (status, set(headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
