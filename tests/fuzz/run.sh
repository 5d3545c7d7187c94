#!/usr/bin/env bash
# Runs fuzzers one after the other, each with what is kept for it and what it found before.
#
#   tests/fuzz/run.sh BUILD SECONDS FUZZER…      BUILD is the folder with the fuzzers, build/fuzz
#
# What a fuzzer finds lies under BUILD/found: inputs that reach something new in a folder of its
# name, those that break something beside it.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?usage: tests/fuzz/run.sh BUILD SECONDS FUZZER…}
seconds=$2
shift 2

# SQLite's many small allocations are cheaper with short stacks and a short quarantine.
export ASAN_OPTIONS=detect_leaks=1:malloc_context_size=3:quarantine_size_mb=8:${ASAN_OPTIONS:-}
export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}
failed=0
for fuzzer in "$@"; do
    name=${fuzzer#fuzz_}
    mkdir -p "$build/found/$name"
    options=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1)
    case $name in
    turn) options+=(-max_len=300 -len_control=0) ;;
    *) options+=(-max_len=4096) ;;
    esac
    echo "$fuzzer, $seconds s:"
    "$build/test/fuzz/$fuzzer" "${options[@]}" -artifact_prefix="$build/found/$name-" \
        "$build/found/$name" "tests/fuzz/corpus/$name" >"$build/found/$name.log" 2>&1 || {
        failed=1
        tail -n 40 "$build/found/$name.log"
    }
    grep -E 'cov: ' "$build/found/$name.log" | tail -n 1
    grep -E '^stat::(number|average)' "$build/found/$name.log" || true
done
exit "$failed"
