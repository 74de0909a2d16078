"""Networks on the Hugging Face Hub: `hf://user/name@revision` stands for a run wherever a network is accepted."""
