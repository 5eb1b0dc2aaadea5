//! The statements of MQTT 3.1.1 that bind a client, as the class `MQTTClient` keeps them.
//!
//! Every test carries the identifier of its statement: `mqtt_3_1_2_6_…` tests [MQTT-3.1.2-6]. `docs/conformance.md` is
//! made from these names; `conformance/statements.txt` says what each statement demands.

#[path = "../client/support.rs"]
#[allow(dead_code, reason = "the tests of the class use all of it")]
mod support;

mod acknowledgements;
mod connect;
mod identifiers;
mod sessions;
mod text;
mod topics;
mod transport;
mod violations;

use support::{interpreter, prints_in};

/// What the scripts have besides `scripted.py`.
const PRELUDE: &str = "\
from scripted import *
def packets(wire):
    'Packets as pairs of the first byte and what follows the length.'
    found = []
    while wire:
        length, at = 0, 1
        while True:
            length |= (wire[at] & 127) << 7 * (at - 1)
            at += 1
            if wire[at - 1] < 128:
                break
        found.append((hex(wire[0]), wire[at:at + length]))
        wire = wire[at + length:]
    return found
def sent(c):
    return packets(c.sock.wire)
def connack(present):
    return packet(0x20, bytes([present, 0]))
def kept(*answers):
    'A client whose session is kept, and whose broker then gives these answers.'
    sock = serve(CONNACK, *answers)
    c = client()
    c.connect(False)
    sock.forget()
    return c
def again(c, *answers, present=1, clean=False):
    'Connects again; what was sent after CONNECT.'
    sock = serve(connack(present), *answers)
    c.connect(clean)
    return packets(sock.wire)[1:]
def connect_packet(clean=True, c=None, **options):
    'What follows the length in the CONNECT packet of such a client.'
    sock = serve(CONNACK)
    (c or client(**options)).connect(clean)
    found = packets(sock.wire)
    return found[0][1] if len(found) == 1 else found
def closes(c, function, *args):
    'How the call fails, and that the connection is closed without another packet.'
    show(function, *args)
    print('closed' if c.sock.calls[-1:] == ['close'] else 'open', c.sock.wire)
";

/// Runs the script; its output must be these lines.
#[track_caller]
fn prints(script: &str, expected: &str) {
    let mut python = interpreter(2 << 20);
    python.run(PRELUDE).unwrap();
    prints_in(&mut python, script, expected);
}

/// Whatever waits closes the connection without DISCONNECT when this arrives, and delivers nothing.
#[track_caller]
fn closes(answer: &str) {
    prints(
        &format!(
            "
                c = connected({answer}, PINGRESP)
                closes(c, c.wait_msg)
                "
        ),
        "
        MQTTException(-1,)
        closed b''
        ",
    );
}
