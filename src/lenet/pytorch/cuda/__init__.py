"""The engine for NVIDIA's GPUs: data on the device, whole chunks of steps as CUDA graphs, many networks at once."""
