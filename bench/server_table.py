"""The tables of docs/server.md, from bench/records/server.log."""

from collections.abc import Iterator

from recording import record


def server() -> Iterator[str]:
    """Images/s of lenet and of its contenders, the latency at half of that load, and the soak."""
    found = record("server")
    rates = found["images_per_second"]
    yield "| one process, two cores, 16 connections of another process, one image a request | images/s | lenet |"
    yield "| --- | --- | --- |"
    for name, row in rates.items():
        ratio = rates["lenet"]["median"] / row["median"]
        times = "" if name.startswith("lenet") else f"{ratio:.1f} ×"
        yield f"| {name} | {row['median']:,.0f} ({row['min']:,.0f} to {row['max']:,.0f}) | {times} |"
    latency, soak = found["latency"], found["soak"]
    words = ", ".join(f"{name} {latency[f'{name}_ms']['median']:.1f} ms" for name in ("p50", "p90", "p99"))
    yield f"\nAt half of that load, {latency['per_second']:,.0f} images/s, each due at its own time: {words}."
    memory = soak["memory_mb"]
    growth = memory["last"] - memory["first"]
    bad = soak["bad_clients"]
    statuses = ", ".join(f"{count:,} × {status}" for status, count in soak["answers_by_status"].items())
    yield (
        f"\n{soak['seconds'] / 60:g} minutes at {soak['per_second']:,.0f} images/s with {sum(bad.values()):,} clients among "
        f"them that were {', '.join(sorted(bad))}: {soak['sent']:,} images sent, {soak['lost']} answers lost, "
        f"{soak['wrong']} wrong, {len(soak['faults'])} bad clients treated otherwise than promised; answers {statuses}. "
        f"Memory {memory['first']:.1f} MB after half a minute, {memory['last']:.1f} MB at the end ({growth:+.1f} MB)."
    )
