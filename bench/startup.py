"""Seconds that `import lenet` and `lenet --help` take; medians over 11 processes each.

python bench/startup.py
"""

import argparse
import subprocess
import sys
import time

from recording import Log, spread

IMPORT = "import time; began = time.perf_counter(); import lenet; print(time.perf_counter() - began)"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--no-record", action="store_true")
    options = parser.parse_args()
    log = Log("startup", record=not options.no_record)
    imports, helps = [], []
    for _ in range(options.repeats):
        done = subprocess.run([sys.executable, "-c", IMPORT], stdout=subprocess.PIPE, text=True, check=True)
        imports.append(float(done.stdout))
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "lenet", "--help"], stdout=subprocess.DEVNULL, check=True)
        helps.append(time.perf_counter() - began)
    results = {"import_lenet": spread(imports), "lenet_help": spread(helps)}
    log.say("what          median s   min s    max s")
    for name, figures in results.items():
        log.say(f"{name:<12}  {figures['median']:>8.4f}  {figures['min']:>7.4f}  {figures['max']:>7.4f}")
    log.finish({"bench": "startup", **results})


if __name__ == "__main__":
    main()
