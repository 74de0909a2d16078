"""What to do about a network at chance level, and how often it helped."""

from lenet.doctor.observation import Observation

# Of the trainings of bench/doctor.py that ended at chance level: how many learned with one setting changed, and of how many.
# A test compares these figures with bench/records/doctor.log.
SUCCESSES: dict[str, tuple[int, int]] = {"xavier-uniform": (11, 20), "relu": (16, 20), "rate": (14, 14)}

STATISTICS_STEPS = 50  # with fewer, only more steps helped running statistics that lagged; then also another rate


def success(remedy: str) -> str:
    """Return how often a remedy helped, as text."""
    learned, total = SUCCESSES[remedy]
    return f"{learned} of {total} such trainings"


def plateau_remedy(observation: Observation, may_need_steps: bool) -> str:
    """Return what to change in a training at chance level.

    Args:
        observation: of that training.
        may_need_steps: whether more steps may help: no layer is mostly dead or saturated, and the loss is that of guessing.
    """
    has_sigmoids = "sigmoid" in (observation.functions or {"sigmoid"})
    if may_need_steps and observation.has_few_steps and not (has_sigmoids and observation.escape_epoch is None):
        return few_steps_remedy(observation, has_sigmoids)
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
        remedies.append(_more_epochs(observation))
    elif not observation.simulated and has_sigmoids:
        remedies.append("more epochs (--epochs), since some escape the plateau late")
    return f"the usual cause is {cause}; use {', or '.join(remedies)}"


def few_steps_remedy(observation: Observation, has_sigmoids: bool) -> str:
    """Return what to change in a training whose steps are too few to learn."""
    steps, epochs, batch_size = observation.steps, observation.epochs, observation.batch_size
    cause = "a single step" if steps == 1 else f"too few steps: {steps}"
    if epochs is not None and batch_size is not None:
        cause += f", in {epochs} epoch{'s' if epochs > 1 else ''} of batches of {batch_size:,} images"
    remedies = [_more_epochs(observation), "a smaller batch (--batch-size)"]
    if has_sigmoids:
        remedies.append("ReLUs (--activation relu), which need fewer steps")
    return f"the usual cause is {cause}; use {', or '.join(remedies)}"


def running_statistics_remedy(observation: Observation) -> str:
    """Return what to change in a training whose running statistics lag behind at its end."""
    if observation.steps is not None and observation.steps < STATISTICS_STEPS:
        return (
            f"there were few steps, {observation.steps}; use more epochs (--epochs), or a smaller batch (--batch-size)"
        )
    return (
        "use a learning rate that falls in the end (--schedule one-cycle or cosine), or a smaller one (--learning-rate)"
    )


def _more_epochs(observation: Observation) -> str:
    epoch = observation.escape_epoch
    escape = "" if epoch is None else f": a simulation escapes the plateau in epoch {epoch:.1f}"
    return f"more epochs (--epochs){escape}"
