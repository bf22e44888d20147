#!/usr/bin/env bash
# Packs what tests/gpu/run.sh takes on a machine that has nothing, not even Deno:
#
#   tests/gpu/pack.sh ARCHIVE.tar.xz      and there: tar -xJf ARCHIVE.tar.xz && titrate/tests/gpu/run.sh
#   tests/gpu/pack.sh --folder FOLDER     the same, not packed
#
# Deno, the repository as it is committed, the npm packages that a run on a GPU loads (of DuckDB
# the one library of this system; neither ONNX Runtime nor TensorFlow.js, nor what draws figures),
# and the CPU's trajectory of twenty steps, which stands in for the CPU engine. Refuses what is
# over 60 MB. Weights and texts of biobert_small.yaml would not fit beside (MiniLM alone is 45 MB):
# run.sh takes them from the folder of data.
set -euo pipefail
most=$((60 * 1000 * 1000))
root=$(cd "$(dirname "$0")/../.." && pwd)
deno=$(readlink -f "$(command -v deno)")
if [ "${1:-}" = --folder ]; then
  folder=$2 archive=
else
  archive=$1 folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder/titrate"
git -C "$root" archive HEAD | tar -x -C "$folder/titrate" --exclude='*/golden' --exclude='*.snap' \
  --exclude=tests/bench --exclude=tests/page
cp "$deno" "$folder/deno"
"$deno" run --no-check --allow-read --allow-env --allow-ffi "$root/tests/gpu/trajectory.ts" cpu \
  > "$folder/titrate/tests/gpu/trajectory.json"
cd "$folder/titrate"
# The packages of a run; a specifier that is not there fails only where it is loaded.
"$deno" run --no-lock --allow-read=. --allow-write=. - <<'SCRIPT'
const kept = /^(@duckdb\/node-api|commander|fzstd|get-east-asian-width|log-update|saxes|xxhash-wasm|yaml|zod)$/;
const config = JSON.parse(Deno.readTextFileSync("deno.json"));
config.imports = Object.fromEntries(
  Object.entries(config.imports).filter(([name]) => kept.test(name)),
);
delete config.allowScripts;
Deno.writeTextFileSync("deno.json", `${JSON.stringify(config, null, 2)}\n`);
SCRIPT
export DENO_DIR="$folder/deno_dir"
"$deno" install --quiet --frozen=false >&2
# The lock file names DuckDB's library for another C library too: the package stays, empty.
find "$DENO_DIR"/npm/*/@duckdb/*-musl -size +100k -type f -delete
rm -rf "$DENO_DIR"/{gen,*_cache*}
[ -z "$archive" ] && { du -sm "$folder" | cut -f1 | sed 's/$/ MB, not packed/'; exit 0; }
tar -C "$folder" -c deno deno_dir titrate | xz -T0 "-${TITRATE_XZ_LEVEL:-6}" > "$archive"
size=$(stat -c %s "$archive")
echo "$archive: $((size / 1000 / 1000)) MB"
if [ "$size" -gt "$most" ]; then
  rm "$archive"
  echo "over 60 MB: removed" >&2
  exit 1
fi
