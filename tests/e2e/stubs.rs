//! The type stubs in `stubs/` against the class itself: every method, parameter and default value that they name is
//! so in the interpreter, and nothing is missing. mypy has its own say in `make test-stubs`.
//!
//! A native method shows no signature, but its complaints do: how many arguments it wants, which keywords it knows, and
//! which position a keyword stands for. A default is right when giving it changes nothing, and giving another value
//! does.

use std::{fmt::Write as _, fs, net::Ipv4Addr};
use umqtt_tests::{interpreter::Interpreter, repository, script::Script};

/// A method, as a stub has it.
struct Method {
    name: String,
    /// After self: the name and, if any, the default.
    parameters: Vec<(String, Option<String>)>,
}

struct Class {
    attributes: Vec<String>,
    methods: Vec<Method>,
}

/// Reads the class of a stub file. It is written plainly: one `def` after the other, no decorators.
fn read_class(file: &str) -> Class {
    let text = fs::read_to_string(repository().join("stubs/umqtt").join(file)).unwrap();
    let (_, body) = text.split_once("class MQTTClient").unwrap();
    let attributes = body.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("    ")?.split_once(": ")?;
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then(|| name.to_owned())
    });
    let methods = body.split("    def ").skip(1).map(|method| {
        let (name, rest) = method.split_once('(').unwrap();
        let (parameters, _) = rest.split_once(") -> ").unwrap();
        Method { name: name.to_owned(), parameters: split(parameters).iter().map(|text| parameter(text)).collect() }
    });
    Class { attributes: attributes.collect(), methods: methods.collect() }
}

/// Splits the parameters after self at the commas that are in no brackets.
fn split(parameters: &str) -> Vec<String> {
    let mut depth = 0;
    let mut parts = vec![String::new()];
    for character in parameters.chars() {
        match character {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(character);
    }
    let mut parts: Vec<String> = parts.iter().map(|part| part.trim().to_owned()).collect();
    assert_eq!(parts.remove(0), "self", "{parameters}");
    parts.retain(|part| !part.is_empty());
    parts
}

fn parameter(text: &str) -> (String, Option<String>) {
    let (name, rest) = text.split_once(": ").unwrap_or_else(|| panic!("no type: {text}"));
    (name.to_owned(), rest.split_once(" = ").map(|(_, default)| default.to_owned()))
}

/// What the interpreter is given to compare with: `{name: [(parameter, default as text or None), …]}`.
fn literal(class: &Class) -> String {
    let mut text = String::from("{");
    for method in &class.methods {
        let _ = write!(text, "{:?}: [", method.name);
        for (name, default) in &method.parameters {
            match default {
                None => write!(text, "({name:?}, None), "),
                Some(default) => write!(text, "({name:?}, {default:?}), "),
            }
            .unwrap();
        }
        text += "], ";
    }
    text + "}"
}

fn problems(probe: &str) -> Vec<String> {
    let simple = read_class("simple.pyi");
    let source = format!(
        "STUBS = {}\nATTRIBUTES = {:?}\n{COMPLAINTS}{probe}print('end')\n",
        literal(&simple),
        simple.attributes
    );
    let script = Script::start(Interpreter::find().unwrap(), Ipv4Addr::LOCALHOST, &source).unwrap();
    let mut printed = script.finish().unwrap();
    assert_eq!(printed.pop().as_deref(), Some("end"));
    printed
}

const COMPLAINTS: &str = "
from umqtt.simple import MQTTClient

def complaint(_method, *args, **kwargs):
    try:
        _method(*args, **kwargs)
    except TypeError as e:
        return str(e)
    return ''

def number_in(text):
    return int([word for word in text.split() if word.isdigit()][0])
";

#[test]
fn every_method_and_attribute_is_in_the_stubs_and_no_other() {
    let found = problems(
        "
c = MQTTClient('a', 'b')
inherited = dir(type('Empty', (), {})())
names = [name for name in dir(c) if name not in inherited or name == '__init__']
stubbed = ATTRIBUTES + list(STUBS)
print('missing', sorted(set(names) - set(stubbed)), 'too many', sorted(set(stubbed) - set(names)))
",
    );
    assert_eq!(found, ["missing [] too many []"]);
}

#[test]
fn every_parameter_is_where_the_stubs_say() {
    let found = problems(
        "
for name, parameters in STUBS.items():
    f = getattr(MQTTClient, name)
    most = 1 + len(parameters)
    least = 1 + len([p for p in parameters if p[1] is None])
    if number_in(complaint(f, *range(most + 1))) != most:
        print(name, 'does not take', most)
    if number_in(complaint(f)) != least:
        print(name, 'does not want', least)
    for i, (parameter, _) in enumerate(parameters):
        if 'multiple values' not in complaint(f, *range(i + 2), **{parameter: 0}):
            print(name, parameter, 'is not known, or further on')
        if 'multiple values' in complaint(f, *range(i + 1), no_such=0, **{parameter: 0}):
            print(name, parameter, 'is further on')
    if 'unexpected' not in complaint(f, no_such=0):
        print(name, 'takes anything')
",
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn every_default_is_what_the_stubs_say() {
    let found = problems(
        "
# What a method does, as far as it can be seen: attributes, and what goes to the socket.
class Sock:
    def __init__(self, record):
        self.record = record
        self.answers = {0x10: b'\\x20\\x02\\0\\0', 0x82: b'\\x90\\x03\\0\\x01\\0'}
        self.input = b''

    def write(self, data):
        self.record.append(bytes(data))
        self.input += self.answers.get(data[0], b'')
        if data[0] & 0xf6 == 0x32:
            self.input += b'\\x40\\x02\\0\\x01'
        return len(data)

    def read(self, n):
        data = self.input[:n]
        self.input = self.input[n:]
        return data

    def connect(self, address):
        pass

    def setblocking(self, value):
        pass

    def settimeout(self, value):
        self.record.append(value)

    def close(self):
        pass

import socket
socket_of_the_port = socket.socket

def record_of(name, *args):
    record = []
    c = MQTTClient('a', '127.0.0.1')
    c.set_callback(print)
    if name == '__init__':
        c = MQTTClient(*args)
    elif name == 'connect':
        import sys
        class module:
            getaddrinfo = staticmethod(lambda *address: [(address,)])
            socket = staticmethod(lambda: Sock(record))
        sys.modules['socket'] = module
        c.connect(*args)
    else:
        c.sock = Sock(record)
        getattr(c, name)(*args)
    attributes = [(n, getattr(c, n)) for n in ATTRIBUTES if n != 'sock']
    return repr((record, attributes))

OTHERS = {'port': 7, 'user': 'u', 'password': 'p', 'keepalive': 9, 'ssl': True, 'ssl_params': {'x': 1},
          'retain': True, 'qos': 1, 'clean_session': False, 'timeout': 3}
for name, parameters in STUBS.items():
    required = ['a'] * len([p for p in parameters if p[1] is None])
    defaults = [(p, eval(d)) for p, d in parameters if d is not None]
    if not defaults:
        continue
    plain = record_of(name, *required)
    given = [value for _, value in defaults]
    if record_of(name, *required, *given) != plain:
        print(name, 'has other defaults')
    for i, (parameter, _) in enumerate(defaults):
        other = given[:i] + [OTHERS[parameter]] + given[i + 1:]
        if record_of(name, *required, *other) == plain:
            print(name, parameter, 'changes nothing')
",
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_stubs_of_robust_are_what_its_source_says() {
    let source = fs::read_to_string(repository().join("mpy_module/_umqtt/robust.py")).unwrap();
    let (_, body) = source.split_once("class MQTTClient").unwrap();
    let (simple, robust) = (read_class("simple.pyi"), read_class("robust.pyi"));
    let mut names = Vec::new();
    for definition in body.split("\n    def ").skip(1) {
        let (signature, _) = definition.split_once("):").unwrap();
        let (name, parameters) = signature.split_once('(').unwrap();
        if name.starts_with('_') {
            continue;
        }
        let stub = robust.methods.iter().chain(&simple.methods).find(|method| method.name == name).unwrap();
        let in_stub: Vec<String> = stub
            .parameters
            .iter()
            .map(|(name, default)| default.as_ref().map_or(name.clone(), |default| format!("{name}={default}")))
            .collect();
        assert_eq!(in_stub, split(parameters), "{name}");
        names.push(name);
    }
    assert!(robust.methods.iter().all(|method| names.contains(&method.name.as_str())));
    for attribute in &robust.attributes {
        assert!(body.contains(&format!("\n    {attribute} = ")), "{attribute}");
    }
}
