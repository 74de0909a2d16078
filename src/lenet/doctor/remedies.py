"""What to do about a network at chance level, and how often it helped."""

from lenet.doctor.observation import Observation

# Of the trainings of bench/doctor.py that ended at chance level: how many learned with one setting changed, and of how many.
# A test compares these figures with bench/records/doctor.log.
SUCCESSES: dict[str, tuple[int, int]] = {"xavier-uniform": (11, 20), "relu": (16, 20), "rate": (14, 14)}


def success(remedy: str) -> str:
    """Return how often a remedy helped, as text."""
    learned, total = SUCCESSES[remedy]
    return f"{learned} of {total} such trainings"


def plateau_remedy(observation: Observation) -> str:
    """Return what to change in a training at chance level."""
    has_sigmoids = "sigmoid" in (observation.functions or {"sigmoid"})
    if has_sigmoids:
        weights = {"default": ", from PyTorch's initial weights", None: ", or initial weights that are too small"}
        cause = f"saturated sigmoids, whose gradients vanish{weights.get(observation.init, '')}"
        remedies = [f"ReLUs (--activation relu), which helped {success('relu')}"]
        if observation.init in weights:
            xavier = success("xavier-uniform")
            remedies.insert(0, f"Xavier-uniform initial weights (--init xavier-uniform), which helped {xavier}")
    else:
        cause = "a learning rate that is too high"
        remedies = [f"a tenth of the learning rate (--learning-rate), which helped {success('rate')}"]
    if observation.escape_epoch is not None:
        remedies.append(
            f"more epochs (--epochs): a simulation escapes the plateau in epoch {observation.escape_epoch:.1f}"
        )
    elif not observation.simulated and has_sigmoids:
        remedies.append("more epochs (--epochs), since some escape the plateau late")
    return f"the usual cause is {cause}; use {', or '.join(remedies)}"
