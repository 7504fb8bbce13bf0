#!/bin/sh
# Compiles everything but the Python module for 64-bit ARM with a cross-compiler (Debian: g++-aarch64-linux-gnu), to
# see that it compiles there. Run from anywhere; another cross-compiler can be named in CXX_ARM.
set -eu
compiler=${CXX_ARM:-aarch64-linux-gnu-g++}
if ! command -v "$compiler" > /dev/null; then
    echo "check_arm: $compiler is not installed; install g++-aarch64-linux-gnu, or name another one in CXX_ARM" >&2
    exit 1
fi
cmake=$(command -v cmake || echo .venv/bin/cmake)
cd "$(dirname "$0")/.."
"$cmake" -S . -B build/arm -DCHAINRULE_KERNELS_ONLY=ON -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_FLAGS=-Werror > /dev/null
"$cmake" --build build/arm
