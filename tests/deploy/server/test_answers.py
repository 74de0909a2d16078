"""What the server answers."""

import base64
import io
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from serving import ask, png

import lenet


def test_an_image_is_answered_as_predict_answers_it(url, trained, images):
    for image in images[:10]:
        expected = lenet.predict(trained, image)
        for body, media_type in ((png(image), "image/png"), ({"pixels": image.tolist()}, None)):
            status, headers, answer = ask(url, "/v1/predict", body, media_type)
            assert (status, headers["content-type"]) == (200, "application/json"), answer
            assert list(answer["probabilities"].values()) == expected.probabilities.tolist()
            assert list(answer["probabilities"]) == list(expected.classes)
            assert answer["name"] == expected.label == expected.classes[answer["label"]]
            assert answer["probability"] == expected.probability
            assert (answer["model"], answer["sha256"]) == ("digits", trained.summary.weights_sha256)
            assert (answer["unknown"], answer["reason"]) == (expected.is_unknown, expected.reason)
            assert answer["outlier_score"] == expected.outlier_score
            assert answer["warnings"] == []


def test_photos_are_prepared_as_predict_prepares_them(url, trained, images):
    sheet = np.full((90, 120), 230, np.uint8)
    sheet[30:58, 50:78] -= images[3] // 2
    file = io.BytesIO()
    Image.fromarray(sheet).convert("RGB").save(file, "JPEG", quality=95)
    expected = lenet.predict(trained, file.getvalue())
    _, _, answer = ask(url, "/v1/predict", file.getvalue(), "image/jpeg")
    assert list(answer["probabilities"].values()) == expected.probabilities.tolist()


def test_images_that_are_not_framed_and_inverted_ones(url, trained, images):
    moved = np.roll(images[0], 3, axis=1)
    expected = lenet.predict(trained, moved)
    assert ask(url, "/v1/predict", png(moved), "image/png")[2]["probability"] == expected.probability
    answer = ask(url, "/v1/predict", png(255 - images[0]), "image/png")[2]
    assert answer["probability"] == lenet.predict(trained, 255 - images[0]).probability
    assert answer["warnings"] == ["inverted: its background is the opposite of the training images'"]


def test_what_the_network_does_not_know(url, trained, tiny):
    assert trained.network.calibration is not None
    strange = tiny.test.images[:20]
    expected = [lenet.predict(trained, image) for image in strange]
    answers = [ask(url, "/v1/predict", png(image), "image/png")[2] for image in strange]
    assert [answer["unknown"] for answer in answers] == [each.is_unknown for each in expected]
    assert [answer["reason"] for answer in answers] == [each.reason for each in expected]
    assert any(answer["unknown"] for answer in answers)
    tensor = {"name": "x", "shape": [20, 28, 28], "datatype": "UINT8", "data": strange.ravel().tolist()}
    body = {"inputs": [tensor], "outputs": [{"name": "unknown"}]}
    found = ask(url, "/v2/models/digits/infer", body)[2]["outputs"][0]
    assert (found["datatype"], len(found["data"])) == ("BOOL", 20)
    answer = ask(url, "/v1/predict?model=patterns", png(strange[0]), "image/png")[2]
    assert (answer["unknown"], answer["reason"], answer["outlier_score"]) == (None, None, None)


def test_several_images_at_once(url, images):
    single = [ask(url, "/v1/predict", png(image), "image/png")[2] for image in images[:5]]
    texts = [base64.b64encode(png(image)).decode() for image in images[:5]]
    texts[1] = f"data:image/png;base64,{texts[1]}"
    idx = struct.pack(">4B3I", 0, 0, 8, 3, 5, 28, 28) + images[:5].tobytes()
    for body, media_type in (({"images": texts}, None), (idx, "application/octet-stream")):
        status, _, answer = ask(url, "/v1/predict", body, media_type)
        assert status == 200, answer
        origin = {name: answer[name] for name in ("model", "sha256", "lenet_version")}
        assert [each | origin for each in answer["predictions"]] == single
    one = struct.pack(">4B2I", 0, 0, 8, 2, 28, 28) + images[0].tobytes()
    assert ask(url, "/v1/predict", one, "application/octet-stream")[2] == single[0]


def test_the_answer_in_a_batch_is_that_of_the_image_alone_bit_for_bit(url, images):
    alone = [ask(url, "/v1/predict", png(image), "image/png")[2] for image in images]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda image: ask(url, "/v1/predict", png(image), "image/png")[2], images))
    assert together == alone
    for count in (2, 7, 16, 17, 20):
        data = {
            "name": "pixels",
            "shape": [count, 28, 28],
            "datatype": "UINT8",
            "data": images[:count].ravel().tolist(),
        }
        answer = ask(url, "/v2/models/digits/infer", {"inputs": [data]})[2]
        rows = np.array(answer["outputs"][0]["data"]).reshape(count, 10)
        assert [row.tolist() for row in rows] == [list(each["probabilities"].values()) for each in alone[:count]]


def test_networks_by_name(url, tiny_run, images):
    answer = ask(url, "/v1/predict?model=patterns", png(images[0]), "image/png")[2]
    assert answer["model"] == "patterns"
    assert ask(url, "/v1/model?model=patterns")[2]["test_accuracy"] == tiny_run.test_accuracy
    status, _, answer = ask(url, "/v1/predict?model=digit", png(images[0]), "image/png")
    assert status == 404
    assert answer["error"] == {
        "code": "unknown_network",
        "message": "no network is called digit",
        "hint": "did you mean digits? choose from digits, patterns",
    }


def test_explanations(url, trained, images):
    status, _, answer = ask(url, "/v1/explain", png(images[0]), "image/png")
    assert status == 200
    assert answer["seen"] == images[0].tolist()
    losses = np.array(answer["occlusion"]["losses"])
    assert losses.shape == (28, 28)
    assert answer["occlusion"]["probability"] == answer["probability"]
    assert losses.max() > 0.01
    outputs = trained.network.outputs(images[:1])
    assert answer["layers"][0]["name"] == trained.network.architecture.layers[0].name
    assert np.allclose(answer["layers"][0]["values"], outputs[0][0], atol=1e-3)
    assert ask(url, "/v1/explain", {"pixels": images[0].tolist()})[2] == answer


@pytest.mark.parametrize(("datatype", "scale"), [("UINT8", 1), ("FP32", 255)])
@pytest.mark.parametrize("shape", [[2, 28, 28], [2, 1, 28, 28], [2, 28, 28, 1], [2, 784]])
def test_the_open_inference_protocol(url, trained, images, datatype, scale, shape):
    pixels = images[:2].reshape(shape)
    data = (pixels / scale if scale > 1 else pixels).tolist()
    tensor = {"name": "any", "shape": shape, "datatype": datatype, "data": data, "parameters": {}}
    status, _, answer = ask(url, "/v2/models/digits/infer", {"id": "7", "inputs": [tensor]})
    assert status == 200, answer
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("7", "digits", "1")
    outputs = {each["name"]: each for each in answer["outputs"]}
    expected = [lenet.predict(trained, image) for image in images[:2]]
    assert outputs["probabilities"]["shape"] == [2, 10]
    assert outputs["probabilities"]["data"] == [p for each in expected for p in each.probabilities.tolist()]
    tensor["data"] = np.ravel(data).tolist()
    chosen = {"inputs": [tensor], "outputs": [{"name": "label"}]}
    answer = ask(url, "/v2/models/digits/versions/1/infer", chosen)[2]
    labels = [each.classes.index(each.label) for each in expected]
    assert answer["outputs"] == [{"name": "label", "shape": [2], "datatype": "INT64", "data": labels}]


def test_health_and_descriptions(url):
    assert ask(url, "/livez")[2] == {"status": "alive"}
    status, _, answer = ask(url, "/readyz")
    assert status == 200
    assert answer["models"]["digits"]["why"].endswith("of 10 stored images")
    assert answer["models"]["patterns"]["ready"]
    assert ask(url, "/v2")[2]["name"] == "lenet"
    assert ask(url, "/v2/health/live")[2] == {"live": True}
    assert ask(url, "/v2/health/ready")[2] == {"ready": True}
    assert ask(url, "/v2/models/patterns/versions/1/ready")[2] == {"name": "patterns", "ready": True}
    assert ask(url, "/v2/models/digits")[2]["inputs"][0]["shape"] == [-1, 1, 28, 28]
    model = ask(url, "/v1/model")[2]
    assert (model["name"], model["models"], len(model["classes"])) == ("digits", ["digits", "patterns"], 10)
    assert b"<title>lenet serve</title>" in ask(url, "/")[2]
    status, headers, content = ask(url, "/livez", method="HEAD")
    assert (status, content, headers["content-length"]) == (200, b"", "18")


def test_metrics(url, images):
    before = metrics(url)
    ask(url, "/v1/predict", png(images[0]), "image/png")
    ask(url, "/v1/predict", b"no", "image/png")
    after = metrics(url)

    def grown(name):
        return after.get(name, 0) - before.get(name, 0)

    assert grown('lenet_requests_total{path="/v1/predict",status="200"}') == 1
    assert grown('lenet_requests_total{path="/v1/predict",status="422"}') == 1
    assert grown("lenet_batch_images_count") == 1
    assert grown('lenet_request_seconds_bucket{le="+Inf"}') >= 2
    assert sum(grown(name) for name in after if name.startswith('lenet_images_total{model="digits"')) == 1


def metrics(url):
    lines = ask(url, "/metrics")[2].decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}
