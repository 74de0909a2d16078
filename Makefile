# Every target works on a fresh clone: it makes .venv, installs under constraints.txt, and does its job.
#
#   make train                        a LeNet learns; ARGS="--recipe book-sgd --out runs/book" changes what
#   make test                         all tests, with coverage
#   make examples                     the five published programs of examples/ in full; charts in runs/examples/
#   make lint                         ruff and mypy
#   make sanitize                     the CPU engine's tests, its kernels under the address and undefined-behaviour sanitizers
#   make bench                        the published numbers (about 47 minutes); make bench-short takes three
#   make doctor                       how often the doctor is right (about 40 minutes); make doctor-short takes one
#   make faults                       everything that could be lost, put to the test (about 40 minutes): docs/faults.md;
#                                     make faults-short takes three
#   make emulate                      the kernels for ARM64 under qemu, against this processor's (needs qemu-user-static)
#   make lab                          the chapter's exercises, 5 seeds each (about ten minutes): docs/lab.md
#   make reproduction                 every published result against 20 seeds here (about three minutes): docs/reproduction.md
#   make wheels                       a wheel with its kernels for each platform, into dist/
#   make docs                         writes docs/cli.md from --help, tables from bench/records, notebooks from examples/*.py

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

KERNELS := $(wildcard src/lenet/engines/kernels/*.h src/lenet/engines/kernels/*.cpp src/lenet/engines/kernels/build.py)

.PHONY: train test examples lint sanitize emulate bench bench-short doctor doctor-short faults faults-short lab reproduction wheels docs clean

train: .venv/installed
	@$(BIN)/lenet train $(ARGS)

test: .venv/installed-dev
	@$(BIN)/python -m pytest --cov --cov-fail-under=90 $(ARGS)

examples: .venv/installed-dev
	@$(BIN)/python bench/examples.py --no-record $(ARGS)

lint: .venv/installed-dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

sanitize: .venv/installed-dev
	@$(BIN)/python tests/engines/sanitized.py -q $(ARGS)

emulate: .venv/installed-dev
	@$(BIN)/python tests/engines/emulated.py

bench: .venv/installed-dev
	@$(BIN)/python bench/throughput.py
	@ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 $(BIN)/python bench/throughput.py --variant avx2 --name throughput_avx2 --no-compile
	@$(BIN)/python bench/end_to_end.py
	@$(BIN)/python bench/time_to_accuracy.py
	@$(BIN)/python bench/accuracy.py
	@$(BIN)/python bench/memory.py
	@$(BIN)/python bench/startup.py
	@$(BIN)/python bench/examples.py

bench-short: .venv/installed-dev
	@$(BIN)/python bench/throughput.py --repeats 1 --seconds 0.2 --no-compile --no-record
	@$(BIN)/python bench/end_to_end.py --epochs 1 --repeats 1 --no-record
	@$(BIN)/python bench/time_to_accuracy.py --seeds 1 --no-record
	@$(BIN)/python bench/accuracy.py --seeds 1 --epochs 1 --no-record
	@$(BIN)/python bench/memory.py --epochs 1 --repeats 1 --no-record
	@$(BIN)/python bench/startup.py --no-record

lab: .venv/installed
	@$(BIN)/lenet lab all
	@mkdir -p docs/lab && cp runs/lab/*.json runs/lab/*.png docs/lab/
	@$(BIN)/python docs/generate_lab.py > docs/lab.md.new && mv docs/lab.md.new docs/lab.md

reproduction: .venv/installed
	@$(BIN)/lenet reproduce --seeds 20
	@cp runs/reproduction/reproduction.* docs/

doctor: .venv/installed-dev
	@$(BIN)/python bench/doctor.py

doctor-short: .venv/installed-dev
	@$(BIN)/python bench/doctor.py --data digits --validation 58000 --seeds 1 --cured 1 --healthy-seeds 1 --epochs 1 --no-record

faults: .venv/installed-dev
	@$(BIN)/python bench/faults.py
	@$(BIN)/python bench/faults_table.py > docs/faults.md.new && mv docs/faults.md.new docs/faults.md

faults-short: .venv/installed-dev
	@$(BIN)/python bench/faults.py --short

wheels: .venv/installed-dev
	@$(BIN)/python hatch_build.py

docs: .venv/installed-dev
	@$(BIN)/python docs/generate_cli.py > docs/cli.md.new && mv docs/cli.md.new docs/cli.md
	@$(BIN)/python docs/generate_tree.py > docs/architecture.md.new && mv docs/architecture.md.new docs/architecture.md
	@$(BIN)/python bench/table.py > README.md.new && mv README.md.new README.md
	@$(BIN)/python bench/doctor_table.py > docs/doctor.md.new && mv docs/doctor.md.new docs/doctor.md
	@$(BIN)/python bench/faults_table.py > docs/faults.md.new && mv docs/faults.md.new docs/faults.md
	@$(BIN)/python bench/table.py examples > examples/README.md.new && mv examples/README.md.new examples/README.md
	@$(BIN)/python examples/notebooks.py

clean:
	rm -rf .venv dist build .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis

# A stamp for each interpreter: make PYTHON=python3.13 test makes .venv anew with it.
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)

.venv/python-$(VERSION):
	@command -v $(PYTHON) >/dev/null || { echo "error: no $(PYTHON)"; echo "hint: make PYTHON=/path/to/python3 train"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is older than Python 3.11"; echo "hint: make PYTHON=python3.12 train, say"; exit 2; }
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/installed: .venv/python-$(VERSION) pyproject.toml constraints.txt hatch_build.py $(KERNELS)
	@echo "installing into .venv (PyTorch is large; about a minute) ..."
	@$(PIP) --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	@echo "installing the test tools into .venv ..."
	@$(PIP) --editable '.[dev]'
	@touch $@
