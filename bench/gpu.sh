#!/usr/bin/env bash
# Tests and measures lenet on a machine with a GPU, in at most eight minutes.
#
#   bash bench/gpu.sh [OUT]          (by default $OUT, else runs/gpu)
#
# It needs a Python of 3.11 or later with PyTorch, and reaches no network. What is missing beside these comes from build/gpu,
# which `make gpu-bundle` fills on a machine that reaches a registry. CONTRIBUTING.md explains it.
#
# Every step is a process of its own with a time limit, and the next one begins however it ended. OUT gets gpu.log, which can be
# put into bench/records/ as it is; output.log, all that was printed; and summary.txt: what passed, failed or was skipped. All
# three are there after every step. Without a GPU, the steps that need one are skipped. The exit code is 1 if a step failed.
#
# In the environment: LIMIT, seconds in all; PYTHON; BUNDLE; DEVICE=cpu for a trial of all figures in tiny sizes.
set -u -o pipefail
OUT=${1:-${OUT:-$(dirname "$0")/../runs/gpu}}
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
cd "$(dirname "$0")/.."

LIMIT=${LIMIT:-480}
BUNDLE=${BUNDLE:-build/gpu}
DEVICE=${DEVICE:-cuda:0}
if [ -z "${PYTHON:-}" ]; then
  if [ -x .venv/bin/python ]; then PYTHON=.venv/bin/python; else PYTHON=python3; fi
fi
mkdir -p build
WORK=$(mktemp -d build/gpu-work.XXXXXX)
SITE=$WORK/site FIGURES=$WORK/figures
mkdir "$SITE" "$FIGURES"
trap 'rm -rf "$WORK"' EXIT
: > "$OUT/output.log"
: > "$OUT/summary.txt"
failed=0
has_gpu=no

# Packages that are there come before those that were brought, but for the ones that are too old.
export PYTHONPATH=$PWD/$SITE:$PWD/src PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
export LENET_CACHE=$PWD/$WORK/cache MPLBACKEND=Agg TORCHINDUCTOR_CACHE_DIR=$PWD/$WORK/inductor TRITON_CACHE_DIR=$PWD/$WORK/triton
if [ -d "$BUNDLE/data" ]; then export LENET_DATA=$PWD/$BUNDLE/data; fi

note() {  # NAME STATE SECONDS WHY
  printf '%-44s %-8s %4s s  %s\n' "$1" "$2" "$3" "$4" | tee -a "$OUT/summary.txt"
}

# step NAME SECONDS COMMAND...: exit code 77 means skipped, with the last line as the reason.
step() {
  local name=$1 most=$2 left=$((LIMIT - SECONDS)) began=$SECONDS state why code
  shift 2
  if [ "$left" -lt 5 ]; then note "$name" skipped 0 "no time left of $LIMIT s"; return 1; fi
  if [ "$most" -gt "$left" ]; then most=$left; fi
  timeout --kill-after=5 "$most" "$@" > "$WORK/output" 2>&1
  code=$?
  why=$(grep -v '^[[:space:]]*$' "$WORK/output" | tail -n 1 | cut -c 1-150)
  case $code in
    0) state=passed; case $why in \{*) why=;; esac ;;
    77) state=skipped ;;
    124 | 137) state=failed; why="stopped after $most s: $why"; failed=1 ;;
    *) state=failed; why="exit code $code: $why"; failed=1 ;;
  esac
  note "$name" "$state" "$((SECONDS - began))" "$why"
  { echo "== $name: $state"; cat "$WORK/output"; echo; } >> "$OUT/output.log"
  [ "$code" = 0 ]
}

# The same for a step that needs a GPU, after which the record is written anew.
on_gpu() {
  if [ "$has_gpu" = no ]; then note "$1" skipped 0 "no GPU"; return 1; fi
  step "$@"
  "$PYTHON" bench/gpu_record.py "$FIGURES" "$OUT/summary.txt" "$OUT/gpu.log" >> "$OUT/output.log" 2>&1
}

figure() {  # NAME SECONDS ARGUMENTS...
  local name=$1 most=$2
  shift 2
  if [ "$DEVICE" = cpu ]; then set -- "$@" --device cpu --tiny; fi
  on_gpu "$name" "$most" "$PYTHON" bench/gpu.py "$@" --out "$FIGURES"
}

step "what is missing" 60 "$PYTHON" bench/gpu_bundle.py install "$BUNDLE" "$SITE"
if [ ! -e .git ]; then
  LENET_COMMIT=$("$PYTHON" bench/gpu_bundle.py commit "$BUNDLE" 2>> "$OUT/output.log")
  export LENET_COMMIT
fi
step "CPU kernels" 120 "$PYTHON" bench/gpu_bundle.py kernels "$BUNDLE"
if [ "$DEVICE" = cpu ]; then
  has_gpu=yes
elif step "a GPU" 60 "$PYTHON" bench/gpu.py device; then
  has_gpu=yes
fi

# Plugins of other packages stay out, and warnings of other versions of packages are no errors.
tests=("$PYTHON" -m pytest -q -m gpu -p no:cacheprovider -W default --tb=short --durations=5 --continue-on-collection-errors)
if [ "$DEVICE" = cpu ]; then
  note "tests marked gpu" skipped 0 "no GPU"
else
  export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
  if "$PYTHON" -c 'import xdist' 2> /dev/null; then tests+=(-p xdist -n 4); fi
  on_gpu "tests marked gpu" 120 "${tests[@]}" --require-gpu $(grep -rl 'mark\.gpu' tests --include='*.py' | xargs -n 1 dirname | sort -u)
fi

# The same seed, in two processes.
engine=cuda
if [ "$DEVICE" = cpu ]; then engine=cpu; fi
train=("$PYTHON" -m lenet train --data digits --recipe fast --epochs 1 --seed 3 --engine "$engine" --device "$DEVICE")
twice='"${@:2}" --out "$1/a" && "${@:2}" --out "$1/b" && cmp "$1"/{a,b}/model.safetensors'
on_gpu "same bits in two processes" 60 bash -c "$twice" twice "$WORK" "${train[@]}"

figure "steps alone" 150 steps
figure "ten epochs and evaluations" 60 epochs
figure "90 % from the first step" 60 accuracy
figure "K networks at once" 90 many
for name in max_pool_adam_train_cuda_cpu max_pool_adam_train_ch5 avg_pool_sgd_train_ch6 max_pool_adam_01_train avg_pool_sgd_own_loop; do
  figure "program $name" 60 program "$name"
done

if [ -s "$OUT/gpu.log" ]; then grep -A 20 'hoped for' "$OUT/gpu.log" | grep -v '^{'; fi
echo "$SECONDS s in all; the logs are in $OUT"
exit "$failed"
