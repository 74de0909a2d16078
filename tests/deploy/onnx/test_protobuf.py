"""The binary form, against the examples of the Protocol Buffers documentation."""

from lenet.deploy.onnx import protobuf


def test_examples_of_the_documentation():
    assert protobuf.integer(1, 150) == bytes.fromhex("089601")
    assert protobuf.text(2, "testing") == bytes.fromhex("120774657374696e67")
    assert protobuf.data(3, protobuf.integer(1, 150)) == bytes.fromhex("1a03089601")
    assert protobuf.varint(-2) == bytes.fromhex("feffffffffffffffff01")
    assert protobuf.real(2, 1.5) == bytes.fromhex("150000c03f")
    assert protobuf.varint(0) == b"\0"
