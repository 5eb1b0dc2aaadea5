//! Somebody with a sound connection who sees all that the broker publishes, by whom sessions that ran side by side are
//! judged.
//!
//! Sessions are told apart by their names: `name` publishes to `name/out`, and `will/name` is its will.

use crate::{
    LIMIT,
    broker::{Broker, PORT},
    children,
    lines::Lines,
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    collections::HashMap,
    io::{Read, Write},
    net::TcpStream,
    process::{Child, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

const NAME: &str = "observer";
const SETTLED: &str = "settled";

/// A subscriber to everything, at QoS 1: on a sound connection, each message comes once and in its order.
pub struct Observer {
    child: Child,
    _lines: Lines,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// What was published, by the session's name: topics without it, and messages.
    published: Mutex<HashMap<String, Vec<(String, String)>>>,
    news: Condvar,
}

impl Observer {
    /// Starts it, and waits until the broker has confirmed its subscription.
    pub fn start(broker: &Broker) -> Result<Self> {
        let mut child = children::command(&children::find("mosquitto_sub", "mosquitto-clients")?)
            .args(["-h", &broker.address().to_string(), "-i", NAME, "-q", "1", "-t", "#", "-F", "%t %p"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start mosquitto_sub")?;
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        let pipe = child.stdout.take().expect("it is piped");
        let lines = Lines::new("the observer", pipe, move |line| seen.published(line));
        broker.wait_for_subscription(NAME)?;
        Ok(Self { child, _lines: lines, shared })
    }

    /// All that the session `name` has published, will included, once the broker has noticed the end of its connections.
    /// To be called when they have ended. The broker forgets the session.
    pub fn settle(&self, broker: &Broker, name: &str) -> Result<Vec<(String, String)>> {
        // The broker handles connections one after the other, so whatever the earlier ones of this client
        // have left comes before what this one publishes.
        let mut stream = TcpStream::connect((broker.address(), PORT)).context("the broker is gone")?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.write_all(&packet(0x10, &[b"\0\x04MQTT\x04\x02\0\0".as_slice(), &text(name)].concat()))?;
        let mut connack = [0; 4];
        stream.read_exact(&mut connack).context("the broker does not answer")?;
        ensure!(connack == *b"\x20\x02\0\0", "the broker answers CONNECT with {connack:02x?}");
        // At QoS 1 too, lest it overtake what waits for its turn.
        let message = [text(&format!("{name}/{SETTLED}")).as_slice(), b"\0\x01"].concat();
        stream.write_all(&packet(0x32, &message))?;
        stream.write_all(&packet(0xe0, &[]))?;
        self.wait_for(name)
    }

    fn wait_for(&self, name: &str) -> Result<Vec<(String, String)>> {
        let deadline = Instant::now() + LIMIT;
        let mut published = self.shared.lock();
        loop {
            let seen = published.get(name).map_or(&[][..], Vec::as_slice);
            if let Some(at) = seen.iter().position(|(topic, _)| topic == SETTLED) {
                let before = seen[..at].to_vec();
                published.remove(name);
                return Ok(before);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("the observer waited for the end of {name}, but {LIMIT:?} passed; it saw {seen:?}");
            }
            published = self.shared.news.wait_timeout(published, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        children::stop(&mut self.child);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<(String, String)>>> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn published(&self, line: &str) {
        let (topic, message) = line.split_once(' ').unwrap_or((line, ""));
        let (name, topic) = match topic.split_once('/') {
            Some(("will", name)) => (name, "will"),
            Some(parts) => parts,
            None => return,
        };
        self.lock().entry(name.to_owned()).or_default().push((topic.to_owned(), message.to_owned()));
        self.news.notify_all();
    }
}

fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a short text");
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    [&[first, u8::try_from(body.len()).ok().filter(|&n| n < 0x80).expect("a short packet")], body].concat()
}
