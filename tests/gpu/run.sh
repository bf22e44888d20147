#!/usr/bin/env bash
# Everything that only a GPU can show, by one command, in ten minutes, without network:
#
#   tests/gpu/run.sh [--device cuda] [--small] [--minutes 10] [--out FOLDER] [--data FOLDER]
#                    [--parts REGEX]     (of "correct float32", "titrate base-128", "study ablation" ...)
#
# from a checkout, or from what tests/gpu/pack.sh packed. It prints a table and leaves it with
# JSON in the folder (default: gpu-results). The plugin and NVIDIA's libraries are found where a
# Python has them (python3, or TITRATE_PYTHON) or where TITRATE_PJRT_PLUGIN says; JAX, PyTorch
# and transformers are compared with where that Python has them. `--device xla-cpu --small` runs
# the same on a CPU plugin, with tiny shapes: what can be tried where there is no GPU.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
packed=$(dirname "$root")
deno=deno
if [ -x "$packed/deno" ] && [ -d "$packed/deno_dir" ]; then
  deno="$packed/deno"
  export DENO_DIR="$packed/deno_dir"
fi
export DENO_NO_UPDATE_CHECK=1
# Where a Python has its packages is found by its own words; the plugin is looked for beside it.
python=${TITRATE_PYTHON:-$(command -v python3 || true)}
if [ -n "$python" ]; then
  export TITRATE_PYTHON="$python"
  PATH="$(dirname "$("$python" -c 'import sys; print(sys.executable)')"):$PATH"
  export PATH
fi
exec "$deno" run --no-prompt --frozen --no-check --allow-read --allow-write --allow-env --allow-ffi \
  --allow-sys --allow-run "$here/run.ts" "$@"
