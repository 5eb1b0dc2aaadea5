//! TLS, both ways of asking for it: `ssl=True` with `ssl_params`, and an `SSLContext`.

use umqtt_tests::{
    broker::{Authority, Broker, Certificate, Options},
    interpreter::Interpreter,
    mosquitto::Subscriber,
    script::Script,
    show::Show,
};

/// `AUTHORITY` is a certificate in DER; the steps of a test follow.
const EXCHANGE: &str = "
got = []
c.set_callback(lambda topic, msg: got.append((topic, msg)))
print('connect', c.connect())
c.subscribe('tls/in')
c.publish('tls/in', 'to myself')
while not got:
    c.wait_msg()
print('got', got)
c.publish('tls/out', 'to others')
c.disconnect()
";

fn broker() -> Broker {
    Broker::with(Options { tls: true, ..Options::default() }).unwrap()
}

fn script(broker: &Broker, authority: &[u8], client: &str) -> Script {
    let bytes: String = authority.iter().map(|byte| format!("\\x{byte:02x}")).collect();
    let source = format!("import ssl\nfrom umqtt.simple import MQTTClient\nAUTHORITY = b'{bytes}'\n{client}");
    Script::start(Interpreter::find().unwrap(), broker.address(), &source).unwrap()
}

fn exchange(client: &str) {
    let broker = broker();
    let others = Subscriber::start(&broker, &["-t", "tls/out"], &Show::silent()).unwrap();
    let authority = broker.authority().unwrap().to_vec();
    let printed = script(&broker, &authority, &format!("{client}{EXCHANGE}")).finish().unwrap();
    assert_eq!(printed, ["connect 0", "got [(b'tls/in', b'to myself')]"]);
    assert_eq!(others.next().unwrap(), "to others");
}

#[test]
fn ssl_true_is_enough() {
    exchange("c = MQTTClient('tls', 'test.mosquitto.org', ssl=True)\n");
}

#[test]
fn ssl_params_are_handed_on() {
    exchange(
        "c = MQTTClient('tls', 'test.mosquitto.org', ssl=True, ssl_params={
            'server_hostname': 'test.mosquitto.org', 'cert_reqs': ssl.CERT_REQUIRED, 'cadata': AUTHORITY})\n",
    );
}

#[test]
fn an_ssl_context_verifies_the_broker() {
    exchange(
        "context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cadata=AUTHORITY)
c = MQTTClient('tls', 'test.mosquitto.org', ssl=context)\n",
    );
}

/// Tries to connect with the broker's certificate verified, and then without that, in earnest: the
/// refused handshake has left nothing behind.
fn refuses(broker: &Broker, authority: &[u8]) {
    let client = "
c = MQTTClient('tls', 'test.mosquitto.org', ssl=True,
    ssl_params={'server_hostname': 'test.mosquitto.org', 'cert_reqs': ssl.CERT_REQUIRED, 'cadata': AUTHORITY})
for attempt in range(3):
    try:
        print('connect', c.connect())
    except (OSError, ValueError):
        print('refused')
c.ssl_params = {}
";
    let printed = script(broker, authority, &format!("{client}{EXCHANGE}")).finish().unwrap();
    assert_eq!(printed, ["refused", "refused", "refused", "connect 0", "got [(b'tls/in', b'to myself')]"]);
}

#[test]
fn another_authority_is_not_trusted() {
    refuses(&broker(), Authority::new().unwrap().der());
}

fn refuses_certificate(certificate: Certificate) {
    let broker = Broker::with(Options { tls: true, certificate, ..Options::default() }).unwrap();
    let authority = broker.authority().unwrap().to_vec();
    refuses(&broker, &authority);
}

#[test]
fn the_certificate_of_another_server_is_not_trusted() {
    refuses_certificate(Certificate::OfAnother);
}

#[test]
fn a_certificate_that_has_expired_is_not_trusted() {
    refuses_certificate(Certificate::Expired);
}
