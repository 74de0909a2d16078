"""Which sources of a data set can be reached, and what to do if none can."""

import threading
import time
from urllib.parse import urlsplit

from lenet.data.entry import Entry
from lenet.data.http import check_reachable
from lenet.errors import DataUnavailable

NETWORK_SECONDS = 4.0  # to find out whether any source answers


def reachable_sources(entry: Entry) -> list[str]:
    """Find the sources of a data set that answer.

    All are asked at once, each in a thread that is left behind when time is up: looking up a name can take longer than any
    timeout of a connection.

    Returns:
        Their base addresses, in the catalogue's order.

    Raises:
        DataUnavailable: None answers within four seconds.
    """
    faults: dict[str, str | None] = {}
    smallest = entry.archive.name if entry.archive else f"{entry.files[3].name}.gz"

    def ask(source: str) -> None:
        faults[source] = check_reachable(f"{source}{smallest}", NETWORK_SECONDS)

    for source in entry.sources:
        threading.Thread(target=ask, args=(source,), daemon=True).start()
    deadline = time.monotonic() + NETWORK_SECONDS
    first_answer = None
    while time.monotonic() < deadline and len(faults) < len(entry.sources):
        time.sleep(0.01)
        if None in list(faults.values()):  # one is enough; half a second more for better ones before it
            first_answer = first_answer or time.monotonic()
            if time.monotonic() - first_answer > 0.5:
                break
    sources = [source for source in entry.sources if faults.get(source, "") is None]
    if not sources:
        tried = "; ".join(f"{urlsplit(each).netloc}: {faults.get(each) or 'no answer'}" for each in entry.sources)
        is_proxy = all((fault or "").startswith("the proxy ") for fault in faults.values()) and faults
        why = "it cannot be downloaded" if is_proxy else "there is no network to download it"
        raise DataUnavailable(
            f"{entry.title} is not on this machine, and {why} ({tried})",
            hint=no_download_hint(entry),
        )
    return sources


def no_download_hint(entry: Entry) -> str:
    """What to do without a download."""
    return (
        f"if you have its four files: lenet data import DIR, or --data-dir DIR, or LENET_DATA=DIR (they are at "
        f"{entry.sources[0]}); --data digits needs no network"
    )
