#!/usr/bin/env bash
# Builds the wheel and tries it in an empty environment; then with a compiler that fails, which must leave NumPy.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

try() { # name, expected answer, command that builds into $folder/NAME
    local name=$1 expected=$2
    python3 -m venv "$folder/$name-env"
    "$folder/$name-env/bin/pip" --quiet --disable-pip-version-check install "$folder/$name"/*.whl
    (cd "$folder" && "$folder/$name-env/bin/python" -W ignore - "$expected" <<'PROGRAM'
import sys
import chainrule as cr
from chainrule import kernels

assert cr.cross_entropy([[40.0, 0.0]], [0]) == 4.248354255291589e-18
found = "NumPy" if kernels.native() is None else "kernels"
assert found == sys.argv[1], found
print(f"installed and right, with {found}")
PROGRAM
    "$folder/$name-env/bin/chainrule" train iris --quiet --report iris.html
    grep -q "Confusion matrix" iris.html)
}

make wheel
mkdir -p "$folder/compiled" "$folder/plain"
cp "$(ls -t dist/*.whl | head -n 1)" "$folder/compiled"
try compiled kernels

CXX=/bin/false .venv/bin/pip --disable-pip-version-check wheel --verbose --no-deps \
    --config-settings=build-dir="$folder/build" --wheel-dir "$folder/plain" . >"$folder/log" 2>&1
grep -q "the slower NumPy path was installed" "$folder/log"
try plain NumPy
