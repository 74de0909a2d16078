"""The numbers of runs in the tools with which teams look at trainings: TensorBoard, MLflow, and whatever reads CSV."""
