#!/bin/sh
# Checks with mypy, in <folder>, that the examples and the tutorials are right by our type stubs. They lie beside
# MicroPython's own, as on the computer of somebody who writes programs for the board.
set -eu
folder=$1
root=$(cd "$(dirname "$0")/.." && pwd)

if [ ! -f "$folder/installed" ]; then
    echo "== Installing mypy and MicroPython's type stubs from PyPI"
    rm -rf "$folder"
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "mypy==2.4.1" "hatchling==1.33.0"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --target "$folder/typings" \
        "micropython-esp8266-stubs==1.29.0.post1"
    touch "$folder/installed"
fi
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-build-isolation --no-deps --upgrade \
    --target "$folder/typings" "$root/stubs"

# What is typed at the prompt in a tutorial is a program too.
typed() {
    sed -nE 's/^(>>>|\.\.\.) ?//p' "$1"
}

mypy() {
    (cd "$folder" && venv/bin/mypy --strict --no-error-summary --allow-untyped-defs --allow-untyped-calls "$@")
}

# Prints what mypy has against a program for the ESP8266. MicroPython's stubs have faults of their own.
faults() {
    MYPYPATH=typings mypy --no-color-output --no-site-packages --custom-typeshed-dir typings --platform linux "$1" |
        grep -v '^typings/' || true
}

fail() {
    echo "$1" >&2
    exit 1
}

MYPYPATH=$root/stubs mypy -m umqtt.simple -m umqtt.robust
for program in "$root"/examples/*.py; do
    if [ "$(basename "$program")" = secure.py ]; then
        # The ESP8266's TLS cannot verify anybody, as its stubs know.
        MYPYPATH=$root/stubs mypy "$program"
        continue
    fi
    said=$(faults "$program")
    [ -z "$said" ] || fail "$said"
done
for tutorial in tutorial tutorial.fr; do
    typed "$root/docs/$tutorial.md" >"$folder/$tutorial.py"
    # The number that the tutorial publishes, to show what comes of it, is the one error.
    wrong=$(grep -n 'publish(.*, 120)$' "$folder/$tutorial.py" | cut -d: -f1)
    said=$(faults "$tutorial.py")
    expected="$tutorial.py:$wrong: error: Argument 2 to \"publish\" of \"MQTTClient\" has incompatible type \"int\""
    [ "$(echo "$said" | grep -c .)" = 1 ] && [ "${said#*"$expected"}" != "$said" ] ||
        fail "docs/$tutorial.md: mypy must object to line $wrong of what is typed and to nothing else; it says:
$said"
done
