"""Does what a browser does with the page of a training, and prints a line each time it opens it; for bench/live.py."""

import argparse
import json
import time
import urllib.request

SECONDS = 2.0  # from one question to the next, as in page/base/live.js


def browse(url: str) -> None:
    """Does what a browser does, until it is ended."""
    while True:
        page = urllib.request.urlopen(url, timeout=600).read()
        print("opened", flush=True)
        parts = page.split(b'id="data">')
        live = json.loads(parts[1].split(b"</script>")[0]).get("live") if len(parts) > 1 else None
        weights, offset = (live["weights"], live["offset"]) if live else ("", 0)
        while True:
            news = json.loads(urllib.request.urlopen(f"{url}state?from={offset}", timeout=600).read())
            offset = news["offset"]
            if news["weights"] and news["weights"] != weights:
                break
            time.sleep(SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="the address of the page")
    browse(parser.parse_args().url)


if __name__ == "__main__":
    main()
