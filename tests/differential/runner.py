"""Runs one differential case against one library, in a process of its own, and prints its trace.

    micropython -X heapsize=16m runner.py --list
    micropython -X heapsize=16m runner.py <library> <case>

The library is `ours`, the one that the interpreter finds by itself, or a folder that holds `umqtt/simple.py`. Cases of
the subject `broker` need the address of a real broker in UMQTT_BROKER, as host:port.
"""

import os
import sys

import harness

PREFIX = "cases_"


def subjects():
    folder = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
    names = [entry[0] for entry in os.ilistdir(folder)]
    return sorted(name[len(PREFIX) : -3] for name in names if name.startswith(PREFIX) and name.endswith(".py"))


def list_cases():
    for subject in subjects():
        __import__(PREFIX + subject)
    for name in sorted(harness.cases):
        print(name)


def run_case(library, name, broker):
    """Prints the trace of one case; on a board, where this is frozen in, it is called from outside."""
    subject = name.split("/")[0]
    harness.only = name
    __import__(PREFIX + subject)
    bench = harness.Bench()
    if subject == "broker":
        host, port = broker.split(":")
        bench.broker_address = (host, int(port))
    bench.load(library)
    try:
        harness.cases[name](bench)
        bench.trace.flush()
    except harness.Hang:
        pass
    except Exception as error:
        # The case itself is at fault: what it tests goes through Bench.call.
        bench.trace.event("crash", type(error).__name__, repr(error.args))
        sys.print_exception(error)


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        list_cases()
    elif len(sys.argv) == 3:
        run_case(sys.argv[1], sys.argv[2], os.getenv("UMQTT_BROKER"))
    else:
        print("usage: runner.py --list | <library> <case>")
        sys.exit(2)
