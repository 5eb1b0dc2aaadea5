#!/bin/sh
# Checks the engine's object: no static RAM, and nothing wanted from outside but copying and filling memory. Were a
# panic left anywhere, its handler or its formatting would be wanted or defined.
set -eu
object=$1

undefined=$(nm --undefined-only "$object" | awk '{ print $2 }' | grep -vxE 'mem(cpy|set|move|cmp)|bcmp' || true)
panics=$(nm "$object" | grep -iE 'panic|unwind|fmt' || true)
ram=$(size -A "$object" | awk '$1 ~ /^\.(data|bss)/ && $2 > 0 && $1 !~ /rel\.ro/ { print $1, $2 }')
if [ -n "$undefined$panics$ram" ]; then
    printf '%s: the engine must not panic nor hold static RAM, but has:\n%s\n%s\n%s\n' \
        "$object" "$undefined" "$panics" "$ram" >&2
    exit 1
fi
echo "== The engine links no panic and holds no static RAM"
