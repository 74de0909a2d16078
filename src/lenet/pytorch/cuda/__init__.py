"""The engine for NVIDIA's GPUs: data on the device, steps as CUDA graphs, many networks at once."""
