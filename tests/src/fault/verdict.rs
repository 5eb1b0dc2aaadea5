//! Whether a session came through its fault as it must.

use super::{Break, Direction, Fault, Mishap, proxy::Record};
use std::{collections::BTreeMap, fmt};

/// How the interpreter ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The script came to its end.
    Well,
    /// It did not come to its end within the limit.
    Hung,
    /// With an exception, or this status and this on its standard error.
    Badly(String),
    /// It crashed, with these last words.
    Crashed(String),
}

/// What everybody saw of a session.
#[derive(Clone, Debug)]
pub struct Account {
    /// How the interpreter ended.
    pub ending: Ending,
    /// What the script printed.
    pub printed: Vec<String>,
    /// The connections.
    pub records: Vec<Record>,
    /// Topics (`out`, `will`) and messages, as the broker published them.
    pub published: Vec<(String, String)>,
    /// How often the broker found a connection lost only when the client came again.
    pub takeovers: usize,
}

/// What is wrong with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fail {
    /// The interpreter crashed.
    Crash,
    /// A call did not return.
    Hang,
    /// An exception that programs do not expect, or one that they do where there was no reason for it.
    Exception,
    /// The session did not come through although each later connection was sound.
    GaveUp,
    /// A message above QoS 0 did not arrive.
    Lost,
    /// A QoS 2 message arrived more than once.
    Twice,
    /// A message arrived that was not sent.
    Corrupt,
    /// The will was not published, though the connection ended without DISCONNECT; or was, though it ended with it.
    Will,
    /// The heap is used more and more.
    Leak,
}

impl Fail {
    /// All of them.
    pub const ALL: [Fail; 8] =
        [Fail::Crash, Fail::Hang, Fail::Exception, Fail::GaveUp, Fail::Lost, Fail::Twice, Fail::Corrupt, Fail::Will];
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Fail::Crash => "crash",
            Fail::Hang => "hang",
            Fail::Exception => "exception",
            Fail::GaveUp => "gave up",
            Fail::Lost => "lost",
            Fail::Twice => "twice",
            Fail::Corrupt => "corrupt",
            Fail::Will => "will",
            Fail::Leak => "leak",
        })
    }
}

/// The exceptions of a connection that is lost, as errno or -1: what the README says of `OSError`.
const LOST: [i64; 6] = [-1, 32, 103, 104, 107, 110];

/// EHOSTUNREACH, the exception of a board that has no Wi-Fi.
const UNREACHABLE: i64 = 113;

const SECOND_CONNECT: Fault = Fault::Packet { what: Mishap::Duplicate, direction: Direction::ToBroker, index: 0 };

impl Account {
    /// What is wrong; nothing, if the session published the qualities of service `qoses` as it must.
    pub fn judge(&self, fault: Fault, qoses: &[u8]) -> Vec<Fail> {
        let mut fails = Vec::new();
        let mut check = |holds: bool, fail| {
            if !holds && !fails.contains(&fail) {
                fails.push(fail);
            }
        };
        match &self.ending {
            Ending::Well => {}
            Ending::Hung => return vec![Fail::Hang],
            Ending::Crashed(_) => return vec![Fail::Crash],
            Ending::Badly(_) => return vec![Fail::Exception],
        }
        check(self.printed.last().is_some_and(|line| line == "done"), Fail::GaveUp);
        for raised in self.printed.iter().filter(|line| line.starts_with("raised ")) {
            check(!fault.is_harmless() && is_expected(raised, fault), Fail::Exception);
        }
        if fault.is_harmless() {
            check(self.records.len() == 1, Fail::Exception);
        }
        let delivered: Vec<_> = self.printed.iter().filter_map(|line| line.strip_prefix("got ")).collect();
        check(delivered.iter().all(|line| line.ends_with("True")), Fail::Corrupt);
        let delivered = count(delivered.iter().filter_map(|line| line.split(' ').next()));
        let is_out = |(topic, _): &&(String, String)| topic == "out";
        let arrived = count(self.published.iter().filter(is_out).map(|(_, message)| message.get(..1).unwrap_or("")));
        for (number, qos) in qoses.iter().enumerate() {
            let again = qoses[..number].contains(qos);
            for counts in [&delivered, &arrived] {
                let times = counts.get(&qos.to_string()).copied().unwrap_or(0);
                check(again || *qos == 0 && !fault.is_harmless() || times > 0, Fail::Lost);
                check(times <= 1 || *qos < 2 && !fault.is_harmless(), Fail::Twice);
            }
        }
        let ended_otherwise = |record: &&Record| record.accepted && !record.said_goodbye;
        let wills = self.published.iter().filter(|(topic, _)| topic == "will").count();
        let most = self.records.iter().filter(ended_otherwise).count();
        // A broker that finds out by the next CONNECT of the same client may or may not publish the will: so when it was
        // not told, and a RST may be overtaken, as may the end of a connection that the client gave up. mosquitto forgets
        // the will at a second CONNECT on the same connection.
        let is_clear = |record: &&Record| !record.abandoned && fault != SECOND_CONNECT;
        let overtaken = if fault.may_be_taken_over() { self.takeovers } else { 0 };
        let least = self.records.iter().filter(ended_otherwise).filter(is_clear).count().saturating_sub(overtaken);
        check((least..=most).contains(&wills), Fail::Will);
        fails
    }
}

/// Whether a program that knows the README expects this exception: `raised call type value`.
fn is_expected(raised: &str, fault: Fault) -> bool {
    let mut words = raised.rsplit(' ');
    let (value, class) = (words.next().and_then(|value| value.parse().ok()), words.next());
    match (class, value) {
        (Some("OSError"), Some(UNREACHABLE)) => matches!(fault, Fault::At { what: Break::WifiLoss, .. }),
        (Some("OSError"), Some(errno)) => LOST.contains(&errno),
        // A part of CONNACK, or a second one.
        (Some("MQTTException"), Some(-1)) => {
            raised.starts_with("raised connect") || matches!(fault, Fault::Packet { what: Mishap::Duplicate, .. })
        }
        _ => false,
    }
}

fn count<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    names.for_each(|name| *counts.entry(name.to_owned()).or_default() += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::super::Manner;
    use super::*;

    const PLAIN: Fault = Fault::Whole(Manner::Plain);
    const CUT: Fault = Fault::At { what: Break::Cut, direction: Direction::ToBroker, offset: 50 };

    fn whole() -> Account {
        let record = Record { accepted: true, said_goodbye: true, ..Record::default() };
        Account {
            ending: Ending::Well,
            printed: ["connected 0", "got 0 1 True", "got 1 130 True", "got 2 1 True", "done"]
                .map(str::to_owned)
                .into(),
            records: vec![record],
            published: ["0", "1x", "2"].map(|message| ("out".to_owned(), message.to_owned())).into(),
            takeovers: 0,
        }
    }

    #[track_caller]
    fn fails(fault: Fault, change: impl FnOnce(&mut Account), expected: &[Fail]) {
        let mut account = whole();
        change(&mut account);
        assert_eq!(account.judge(fault, &[0, 1, 2]), expected);
    }

    #[test]
    fn a_session_as_it_must_be() {
        fails(PLAIN, |_| (), &[]);
        fails(CUT, |_| (), &[]);
    }

    #[test]
    fn an_interpreter_that_does_not_come_to_its_end() {
        fails(CUT, |account| account.ending = Ending::Hung, &[Fail::Hang]);
        fails(CUT, |account| account.ending = Ending::Crashed("signal: 11".into()), &[Fail::Crash]);
        fails(CUT, |account| account.ending = Ending::Badly("exit status: 1".into()), &[Fail::Exception]);
        fails(CUT, |account| account.printed.truncate(4), &[Fail::GaveUp]);
    }

    #[test]
    fn exceptions_have_to_have_a_reason_and_to_be_documented() {
        let raised = |line: &'static str| move |account: &mut Account| account.printed.insert(0, line.to_owned());
        fails(CUT, raised("raised ping OSError 104"), &[]);
        fails(PLAIN, raised("raised ping OSError 104"), &[Fail::Exception]);
        fails(CUT, raised("raised ping OSError 5"), &[Fail::Exception]);
        fails(CUT, raised("raised connect OSError 113"), &[Fail::Exception]);
        let loss = Fault::At { what: Break::WifiLoss, direction: Direction::ToClient, offset: 5 };
        fails(loss, raised("raised connect OSError 113"), &[]);
        fails(CUT, raised("raised connect MQTTException -1"), &[]);
        fails(CUT, raised("raised publish 1 MQTTException -1"), &[Fail::Exception]);
        fails(CUT, raised("raised connect AssertionError 0"), &[Fail::Exception]);
    }

    #[test]
    fn messages_arrive_as_their_quality_of_service_says() {
        fails(CUT, |account| drop(account.published.remove(0)), &[]);
        fails(PLAIN, |account| drop(account.published.remove(0)), &[Fail::Lost]);
        fails(CUT, |account| drop(account.published.remove(1)), &[Fail::Lost]);
        fails(CUT, |account| drop(account.printed.remove(2)), &[Fail::Lost]);
        fails(CUT, |account| account.published.push(("out".into(), "1".into())), &[]);
        fails(PLAIN, |account| account.published.push(("out".into(), "1".into())), &[Fail::Twice]);
        fails(CUT, |account| account.published.push(("out".into(), "2".into())), &[Fail::Twice]);
        fails(CUT, |account| account.printed.insert(3, "got 2 1 True".into()), &[Fail::Twice]);
        fails(CUT, |account| account.printed.insert(3, "got 0 3 False".into()), &[Fail::Corrupt]);
    }

    #[test]
    fn the_will_is_published_when_it_must_and_only_then() {
        fails(CUT, |account| account.records[0].said_goodbye = false, &[Fail::Will]);
        fails(CUT, |account| account.published.push(("will".into(), "will".into())), &[Fail::Will]);
        let died = |account: &mut Account| {
            account.records[0].said_goodbye = false;
            account.published.push(("will".into(), "will".into()));
        };
        fails(CUT, died, &[]);
        let taken_over = |account: &mut Account| {
            account.records[0].said_goodbye = false;
            account.takeovers = 1;
        };
        let stall = Fault::At { what: Break::Stall, direction: Direction::ToBroker, offset: 50 };
        fails(stall, taken_over, &[]);
        fails(CUT, taken_over, &[Fail::Will]);
    }
}
