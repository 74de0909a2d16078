"""The tables of docs/scale.md, and the models that predict a sweep on many nodes and a training spread over machines."""

from collections.abc import Iterator

from recording import record
from row import judged

TRAININGS, CORES, SECONDS = 100_000, 16, 1.0  # of the sweep that is predicted, a node, a training
NETWORK = 1.25e9  # bytes a second that leave or reach a machine: 10 Gbit/s
# Networks between machines as they are sold: seconds of a message, and bytes a second.
NETWORKS = {"1 Gbit/s": (100e-6, 0.125e9), "10 Gbit/s": (50e-6, 1.25e9), "100 Gbit/s": (5e-6, 12.5e9)}


def ray_sweep() -> Iterator[str]:
    """What sweeps on Ray reach, beside what they were to reach."""
    found = record("ray_sweep")
    speed, overhead, deaths = found["speed"], found["overhead"], found["deaths"]
    ratio, hired = speed["ratio"], speed["hired_ratio"]
    what = f"{speed['trainings']} trainings of one epoch on one node of two CPUs, against `train_many`"
    yield "| what | measured | wanted |"
    yield "| --- | --- | --- |"
    met = judged("0.85 × its speed, 0.95 hoped for", ratio["median"] >= 0.85)
    yield f"| {what} | {ratio['median']:.2f} × ({ratio['min']:.2f} to {ratio['max']:.2f}) | {met} |"
    met = judged("0.85 ×", hired["median"] >= 0.85)
    yield f"| … the workers hired anew | {hired['median']:.2f} × ({hired['min']:.2f} to {hired['max']:.2f}) | {met} |"
    ray, here = overhead["ray"], overhead["here"]
    met = judged("50 ms, 15 hoped for", ray["milliseconds"] <= 50)
    yield (
        f"| a worker's time beside a training of {ray['seconds']:.1f} s | {ray['milliseconds']:.1f} ms "
        f"(in this process: {here['milliseconds']:.1f} ms beside {here['seconds']:.1f} s) | {met} |"
    )
    met = judged(f"all {deaths['trainings']}", deaths["equal"] == deaths["trainings"])
    yield (
        f"| {deaths['trainings']} trainings while a node is killed every {deaths['every']:.0f} s, {deaths['died']} in all: "
        f"finished and equal to the bit | {deaths['equal']} of {deaths['trainings']} | {met} |"
    )
    shares = speed["shares"]
    yield (
        f"| the two cores' time during a sweep: workers, lenet's own process, Ray's daemons | {shares['workers']:.1%}, "
        f"{shares['lenet']:.1%}, {shares['daemons']:.1%} | |"
    )
    yield f"| load of the machine before and after, all programs | {found['load']:.1f}, {found['load_after']:.1f} | |"


def rates() -> dict[str, float]:
    """Trainings a second beyond which nothing goes, whatever the number of nodes, by what sets that limit."""
    found = record("ray_scale")
    return {
        "lenet's own process and its disk": found["waiting"]["disk"]["per_second"],
        "the network of its machine": NETWORK / found["written"]["bytes"],
    }


def beside() -> float:
    """Seconds of a worker that a training costs beside itself."""
    return max(0.0, float(record("ray_sweep")["overhead"]["ray"]["milliseconds"]) / 1000)


def predicted(nodes: int, seconds: float = SECONDS, trainings: int = TRAININGS) -> tuple[float, str]:
    """Seconds of a sweep of trainings of so many seconds on so many nodes of CORES, and what decides them."""
    limits = {name: trainings / rate for name, rate in rates().items()}
    limits = {"the trainings": trainings * (seconds + beside()) / (nodes * CORES)} | limits
    reason = max(limits, key=lambda name: limits[name])
    speed = record("ray_sweep")["speed"]["seconds"]
    start = speed["hired"]["median"] - speed["steady"]["median"]
    data = nodes * record("ray_scale")["waiting"]["broadcast"]["bytes"] / NETWORK
    return start + data + limits[reason] + seconds, reason


def duration(seconds: float) -> str:
    """Seconds in words."""
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.0f} seconds"


def ray_scale() -> Iterator[str]:
    """The prediction for 1 to 1,000 nodes."""
    yield f"| nodes | cores | {TRAININGS:,} trainings of 1 s | cores' time used | decided by | of 60 s | used | decided by |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for nodes in (1, 2, 4, 10, 30, 100, 300, 1000):
        cells = [f"{nodes:,}", f"{nodes * CORES:,}"]
        for seconds in (1.0, 60.0):
            taken, reason = predicted(nodes, seconds)
            cells += [duration(taken), f"{TRAININGS * seconds / (nodes * CORES) / taken:.0%}", reason]
        yield f"| {' | '.join(cells)} |"


def ray_parts() -> Iterator[str]:
    """What the prediction is made of, and how many nodes each part can serve."""
    found = record("ray_scale")
    written, waiting = found["written"], found["waiting"]
    sent = waiting["broadcast"]
    speed = record("ray_sweep")["speed"]["seconds"]

    def nodes(rate: float) -> str:
        """Of CORES with trainings of a second."""
        return f"{rate * (SECONDS + beside()) / CORES:.0f} nodes"

    yield f"| part | measured | is enough for, with {CORES} cores a node and trainings of a second |"
    yield "| --- | --- | --- |"
    yield f"| a worker's time beside a training | {1000 * beside():.1f} ms | any number |"
    rate, used = waiting["memory"]["per_second"], 1000 * waiting["memory"]["lenet"]
    yield (
        f"| lenet's own process, with Ray and {4 * waiting['workers']} workers on the same two cores, sends and takes in | "
        f"{rate:,.0f} trainings a second, {used:.1f} ms of processor time each | {nodes(rate)} |"
    )
    rate = written["per_second"]
    yield (
        f"| run directories written and synced here by eight threads | {rate:,.0f} a second: {rate * written['files']:,.0f} "
        f"files, {rate * written['bytes'] / 1e6:,.0f} MB | {nodes(rate)} |"
    )
    rate = waiting["disk"]["per_second"]
    yield f"| both together, as in a sweep | {rate:,.0f} trainings a second | {nodes(rate)} |"
    rate = NETWORK / written["bytes"]
    share = written["checkpoint_bytes"] / written["bytes"]
    yield (
        f"| a run directory: {written['bytes'] / 1e6:.2f} MB, {share:.0%} of it the checkpoint | {rate:,.0f} a second over "
        f"10 Gbit/s | {nodes(rate)} |"
    )
    yield (
        f"| {sent['bytes'] / 1e6:.0f} MB of data into the object store, and from there to a second node here | "
        f"{1000 * sent['put']:.0f} ms, {1000 * sent['fetch']:.0f} ms | once a sweep, once a node |"
    )
    start = speed["hired"]["median"] - speed["steady"]["median"]
    yield f"| two workers started, their first data fetched and compared | {start:.1f} s | once a command |"


def ray_nodes() -> Iterator[str]:
    """1, 2 and 4 nodes here, beside what the model makes of them."""
    found = record("ray_scale")
    waiting, computing = found["waiting"], found["computing"]
    one = computing["1"]
    yield "| nodes | measured | predicted | decided by |"
    yield "| --- | --- | --- | --- |"
    for name, row in waiting["nodes"].items():
        limits = {
            "the trainings": int(name) * waiting["workers"] / (waiting["wait"] + beside()),
            "lenet's own process and the disk": waiting["disk"]["per_second"],
        }
        reason = min(limits, key=lambda each: limits[each])
        yield (
            f"| {name} of {waiting['workers']} workers that wait {waiting['wait']} s | {row['per_second']:.1f} a second | "
            f"{limits[reason]:.1f} | {reason} |"
        )
    cores = 2 / (one["workers"] + one["lenet"] + one["daemons"])
    for name, row in computing.items():
        limits = {"the trainings": int(name) * one["per_second"], "the two cores of this machine": cores}
        reason = min(limits, key=lambda each: limits[each])
        rate = f"{limits[reason]:.1f}" if name != "1" else "(the basis of the others)"
        yield f"| {name} of one CPU that trains | {row['per_second']:.1f} a second | {rate} | {reason} |"


def adding_up(machines: int, size: float, latency: float, speed: float) -> float:
    """Seconds in which machines in a ring add up so many bytes of gradients."""
    return 2 * (machines - 1) * (latency + size / machines / speed)


def step_of(batch: float) -> float:
    """Seconds of a step on one thread, for any batch size: the largest that was measured, in proportion."""
    largest = max(record("spread_cost")["step_seconds"], key=int)
    return float(record("spread_cost")["step_seconds"][largest]) * batch / int(largest)


def spread_measured() -> Iterator[str]:
    """Two processes that share a training here, beside one process and beside the model."""
    found = record("spread_cost")
    size = 4 * found["parameters"]
    message = adding_up(2, size, found["latency"], found["bytes_per_second"])
    yield "| batch | one thread | two threads | two processes | … as the model has it | two processes against two threads |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, step in found["step_seconds"].items():
        threads, shared = found["threads_seconds"][name], found["shared_seconds"][name]
        cells = [f"{1000 * value:.2f} ms" for value in (step, threads, shared, step / 2 + message)]
        yield f"| {int(name):,} | {' | '.join(cells)} | {threads / shared:.2f} × |"


def spread_cost() -> Iterator[str]:
    """How many times as fast a training would be on 2 and 8 machines of one core, by batch size and network."""
    found = record("spread_cost")
    size = 4 * found["parameters"]
    yield f"| batch, on one thread | a step | {' | '.join(f'{name}: 2 machines, 8' for name in NETWORKS)} |"
    yield "| --- | --- |" + " --- |" * len(NETWORKS)
    for batch, step in found["step_seconds"].items():
        cells = []
        for latency, speed in NETWORKS.values():
            gains = [step / (step / many + adding_up(many, size, latency, speed)) for many in (2, 8)]
            cells.append(", ".join(f"{gain:.2f} ×" for gain in gains))
        yield f"| {int(batch):,} | {1000 * step:.2f} ms | {' | '.join(cells)} |"


def spread_from() -> Iterator[str]:
    """From which batch, and from which network, two machines of CORES are 1.5 times as fast as one."""
    found = record("spread_cost")
    size, image = 4 * found["parameters"], step_of(1)
    yield (
        "| network | adding up on 2 machines | a step from which they are 1.5 × as fast | this network's batch for that | "
        "arithmetic for each parameter, at a batch of 256 |"
    )
    yield "| --- | --- | --- | --- | --- |"
    for name, (latency, speed) in NETWORKS.items():
        cost = adding_up(2, size, latency, speed)  # step / (step / 2 + cost) = 1.5, so step = 6 * cost
        batch = 6 * cost * CORES / image
        yield (
            f"| {name} | {1e6 * cost:,.0f} µs | {6e3 * cost:.1f} ms | {batch:,.0f} images | "
            f"{max(1.0, batch / 256):,.0f} × this network's |"
        )
