"""ONNX files, written by lenet itself: no other package is needed to make one."""
