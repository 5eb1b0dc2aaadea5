//! One run from its seed, and the verdict on it.

use crate::application::Program;
use crate::client::Client;
use crate::network::{Faults, Network};
use crate::random::Random;
use crate::{Breach, Rule};
use std::collections::{BTreeMap, BTreeSet};
use umqtt::wire::QoS;

/// How many calls a program makes.
const CALLS: u32 = 60;

/// Rules that hold whatever the broker forgets.
const CONDUCT: [Rule; 4] = [Rule::WellFormed, Rule::TimeLimit, Rule::KeepAlive, Rule::Deadlock];

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What it was like.
    pub program: Program,
    /// What its network was like.
    pub faults: Faults,
    /// How many steps the engine has made.
    pub steps: u64,
    /// Messages that have arrived at the broker, and at the callback.
    pub arrived: [u64; 2],
    /// What went wrong.
    pub breaches: Vec<Breach>,
}

/// Runs the schedule of a seed, and prints what happens if it is to be `traced`.
pub fn run(seed: u64, traced: bool) -> Report {
    let mut random = Random::new(seed);
    let (program, faults) = draw(&mut random);
    let accepts_at_release = random.once_in(2);
    let clock_offset = random.one_of(&[0, u32::MAX - 1000, u32::MAX - 60_000, 1 << 31]);
    let mut network = Network::new(random, faults);
    network.broker.accepts_at_release = accepts_at_release;
    network.clock_offset = clock_offset;
    network.traced = traced;
    let mut client = Client::new(network, program.clone());
    if program.runs_out_of_memory {
        client.heap = 100;
    }
    client.run_program(CALLS);
    client.settle();
    let mut breaches = judge(&client, &program);
    breaches.append(&mut client.breaches);
    breaches.append(&mut client.network.breaches);
    breaches.append(&mut client.network.broker.breaches);
    if client.deceived {
        breaches.retain(|breach| CONDUCT.contains(&breach.rule));
    }
    let arrived = [client.network.broker.accepted.len() as u64, client.program.taken.len() as u64];
    Report { seed, program, faults, steps: client.steps, arrived, breaches }
}

fn draw(random: &mut Random) -> (Program, Faults) {
    let robust = random.once_in(3);
    let program = Program {
        clean_session: !robust && random.once_in(3),
        keep_alive: random.one_of(&[0, 0, 4, 60]),
        time_limit: if robust { 0 } else { random.one_of(&[0, 0, 300, 5_000]) },
        robust,
        nests: random.once_in(2),
        raises: random.once_in(4),
        runs_out_of_memory: random.once_in(8),
        forgotten: random.once_in(4),
        ..Program::default()
    };
    let faults = Faults {
        life: random.one_of(&[0, 300, 2_000, 2_000]),
        delay: random.one_of(&[0, 5, 400]),
        drip: random.one_of(&[0, 0, 0, 20, 1_000]),
        silence: program.keep_alive > 0 || program.time_limit > 0,
        refusals: random.once_in(2),
    };
    (program, faults)
}

/// What can only be said in the end.
fn judge(client: &Client, program: &Program) -> Vec<Breach> {
    let mut breaches = vec![];
    let mut breach = |rule, what: String| breaches.push(Breach { rule, what });
    let (broker, kept) = (&client.network.broker, !program.clean_session);

    // From the client to the broker
    let mut accepted: BTreeMap<u32, u32> = BTreeMap::new();
    let mut stamps: BTreeMap<u32, u32> = BTreeMap::new();
    let mut last: BTreeMap<(&[u8], u8), u32> = BTreeMap::new();
    for message in &broker.accepted {
        *accepted.entry(message.label.number).or_default() += 1;
        let times = stamps.entry(message.label.stamp).or_default();
        *times += 1;
        if *times > 1 {
            if message.qos == 2 {
                breach(Rule::ExactlyOnce, format!("{:?} was accepted twice", message.label));
            }
            continue;
        }
        let stamp = message.label.stamp;
        if let Some(before) = last.insert((&message.topic, message.qos), stamp)
            && before > stamp
        {
            breach(Rule::Order, format!("{:?} arrived after {before}", message.label));
        }
    }
    let mut sessions: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for published in &client.published {
        sessions.entry(published.message.number).or_default().insert(published.epoch);
    }
    for published in &client.published {
        let (message, number) = (published.message, published.message.number);
        let in_kept_session = kept && published.epoch == broker.epoch;
        if message.qos != QoS::AtMostOnce
            && (published.confirmed || in_kept_session)
            && !stamps.contains_key(&published.label.stamp)
        {
            breach(Rule::AtLeastOnce, format!("{published:?} did not arrive"));
        }
        let times = accepted.get(&number).copied().unwrap_or(0);
        if message.qos == QoS::ExactlyOnce && kept && times > sessions[&number].len() as u32 {
            breach(Rule::ExactlyOnce, format!("{published:?} was published anew and accepted {times} times"));
        }
    }

    // From the broker to the client
    let taken: BTreeMap<u32, u32> = client.program.taken.iter().copied().collect();
    let times = |number: &u32| taken.get(number).copied().unwrap_or(0);
    for (number, incoming) in &client.program.incoming {
        let (times, stays) = (times(number), kept && incoming.epoch == broker.epoch);
        let rule = if incoming.qos == 2 { Rule::ExactlyOnce } else { Rule::AtLeastOnce };
        if times == 0 && stays && incoming.qos > 0 {
            breach(rule, format!("{incoming:?} with number {number} was never taken"));
        }
        if times > 1 && incoming.qos != 1 {
            breach(rule, format!("{incoming:?} with number {number} was taken {times} times"));
        }
    }
    if !program.raises && !program.runs_out_of_memory {
        let mut last: BTreeMap<(&str, u8), u32> = BTreeMap::new();
        for (number, _) in &client.program.taken {
            let incoming = &client.program.incoming[number];
            if let Some(before) = last.insert((incoming.topic, incoming.qos), *number)
                && before > *number
            {
                breach(Rule::Order, format!("{incoming:?} with number {number} was taken after {before}"));
            }
        }
    }
    breaches
}
