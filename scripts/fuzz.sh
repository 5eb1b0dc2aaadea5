#!/bin/bash
# Fuzzes: scripts/fuzz.sh build | seconds <seconds> [target]...
#
# libFuzzer, built by cargo as it is: the coverage comes from passes that every rustc has, and gcc's own for the shim, so
# neither a nightly toolchain nor cargo-fuzz nor clang is needed. Corpus and findings are kept in build/fuzz/; build/fuzz/executions
# has a line for each run: the target and how many inputs it has tried.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/build/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
programs=$folder/target/$host/release
cargo=${CARGO:-cargo}

build() {
    # The flags that cargo-fuzz gives, but for the sanitizer of Rust code, which is safe.
    export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1"
    options=(build --quiet --locked --release --manifest-path "$root/fuzz/Cargo.toml" --target "$host" --target-dir "$folder/target")
    "$cargo" "${options[@]}" --features fuzzer --bin decoder --bin session --bin parsers
    UMQTT_COVERAGE=1 UMQTT_SANITIZE=address,undefined "$cargo" "${options[@]}" --features fuzzer,class --bin class
}

# One run of a target: the number of seconds, the target.
fuzz() {
    local seconds=$1 target=$2 log=$folder/$2.log
    mkdir -p "$folder/corpus/$target" "$folder/findings"
    echo "== Fuzzing $target for $seconds seconds"
    # What the interpreter holds when the process ends is no leak.
    if ! ASAN_OPTIONS=detect_leaks=0 "$programs/$target" -max_total_time="$seconds" -max_len=600 -timeout=60 -rss_limit_mb=3000 \
        -print_final_stats=1 -dict="$root/fuzz/mqtt.dict" -artifact_prefix="$folder/findings/$target-" \
        "$folder/corpus/$target" "$root/fuzz/seeds/$target" >"$log" 2>&1; then
        grep -v '^#' "$log" | tail -n 60 >&2
        echo "A finding of $target, kept in build/fuzz/findings/; once more: $programs/$target <file>" >&2
        return 1
    fi
    local count
    count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "$target $count" >>"$folder/executions"
    echo "   $count inputs"
}

case ${1-} in
build) build ;;
seconds)
    seconds=$2
    shift 2
    [ $# -gt 0 ] || set -- decoder session parsers class
    for target in "$@"; do
        fuzz $((seconds / $# > 0 ? seconds / $# : 1)) "$target"
    done
    echo "== Inputs tried so far, in build/fuzz:"
    awk '{ n[$1] += $2; all += $2 } END { for (t in n) printf "   %-10s %12d\n", t, n[t]; printf "   %-10s %12d\n", "all", all }' "$folder/executions"
    ;;
*)
    echo "usage: scripts/fuzz.sh build | seconds <seconds> [decoder|session|parsers|class]..." >&2
    exit 2
    ;;
esac
