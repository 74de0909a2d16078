"""Publishing a trained network on the Hugging Face Hub: what is pushed, as a folder or into a repository."""
