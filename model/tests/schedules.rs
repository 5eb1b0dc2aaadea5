//! Random schedules, judged rule by rule.
//!
//! `UMQTT_MODEL_RUNS` says how many (`make model MODEL_RUNS=1000000` is a long run),
//! `UMQTT_MODEL_FROM` the first seed, and `UMQTT_MODEL_SEED` runs one and prints all that happens in it.
//!
//! What a rule demands of the specification is in the test's name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::thread;
use umqtt_model::schedule::{self, Report};
use umqtt_model::{Breach, Rule};

const RUNS: u64 = 1000;
/// How many kinds of breaches of one rule are shown.
const KINDS: usize = 6;

/// What a rule's breaches were: how many, and the first of each kind with its seed.
type Breaches = BTreeMap<Rule, (u64, Vec<(u64, Breach)>)>;

#[derive(Default)]
struct Verdict {
    breaches: Breaches,
    steps: u64,
    arrived: [u64; 2],
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

/// All runs, made once for all tests.
fn verdict() -> &'static Verdict {
    static VERDICT: OnceLock<Verdict> = OnceLock::new();
    VERDICT.get_or_init(|| {
        if let Some(seed) = number("UMQTT_MODEL_SEED") {
            return collect([schedule::run(seed, true)]);
        }
        let from = number("UMQTT_MODEL_FROM").unwrap_or(0);
        let seeds = from..from + number("UMQTT_MODEL_RUNS").unwrap_or(RUNS);
        let threads = thread::available_parallelism().map_or(1, |count| count.get());
        let parts: Vec<Verdict> = thread::scope(|scope| {
            let run = |part| {
                let seeds = seeds.clone().skip(part).step_by(threads);
                scope.spawn(move || collect(seeds.map(|seed| schedule::run(seed, false))))
            };
            let running: Vec<_> = (0..threads).map(run).collect();
            running.into_iter().map(|part| part.join().expect("no schedule panics")).collect()
        });
        parts.into_iter().fold(Verdict::default(), join)
    })
}

fn collect(reports: impl IntoIterator<Item = Report>) -> Verdict {
    let mut verdict = Verdict::default();
    for report in reports {
        verdict.steps += report.steps;
        verdict.arrived[0] += report.arrived[0];
        verdict.arrived[1] += report.arrived[1];
        for breach in report.breaches {
            let (count, first) = verdict.breaches.entry(breach.rule).or_default();
            *count += 1;
            if first.len() < KINDS && first.iter().all(|(_, known)| kind(known) != kind(&breach)) {
                first.push((report.seed, breach));
            }
        }
    }
    verdict
}

fn join(mut all: Verdict, part: Verdict) -> Verdict {
    all.steps += part.steps;
    all.arrived[0] += part.arrived[0];
    all.arrived[1] += part.arrived[1];
    for (rule, (count, first)) in part.breaches {
        let of_all = all.breaches.entry(rule).or_default();
        of_all.0 += count;
        of_all.1.extend(first);
        of_all.1.sort_by_key(|(seed, _)| *seed);
        let mut kinds = BTreeSet::new();
        of_all.1.retain(|(_, breach)| kinds.insert(kind(breach)));
    }
    all
}

/// What a breach says, without its numbers.
fn kind(breach: &Breach) -> String {
    breach.what.chars().filter(|character| !character.is_ascii_digit()).collect()
}

#[track_caller]
fn holds(rule: Rule) {
    let Some((count, first)) = verdict().breaches.get(&rule) else { return };
    let lines = first.iter().map(|(seed, breach)| format!("\n  UMQTT_MODEL_SEED={seed}: {}", breach.what));
    panic!("{rule:?} was broken {count} times:{}", lines.collect::<String>());
}

#[test]
fn the_schedules_are_long_and_messages_arrive_in_them() {
    let Verdict { steps, arrived, .. } = verdict();
    println!("{steps} steps, {} messages to the broker, {} to the callback", arrived[0], arrived[1]);
    if number("UMQTT_MODEL_SEED").is_none() {
        assert!(arrived.iter().all(|&count| count > *steps / 200));
    }
}

#[test]
fn mqtt_7_0_0_2_every_packet_is_one_of_the_specifications() {
    holds(Rule::WellFormed);
}

#[test]
fn mqtt_4_3_2_1_a_qos_1_message_arrives_at_least_once() {
    holds(Rule::AtLeastOnce);
}

#[test]
fn mqtt_4_3_3_1_mqtt_4_3_3_2_a_qos_2_message_arrives_exactly_once() {
    holds(Rule::ExactlyOnce);
}

#[test]
fn messages_of_one_topic_and_quality_of_service_arrive_in_order() {
    holds(Rule::Order);
}

#[test]
fn mqtt_4_6_0_1_what_is_sent_again_keeps_its_order() {
    holds(Rule::ResendOrder);
}

#[test]
fn mqtt_2_3_1_3_mqtt_3_3_1_1_what_is_sent_again_says_so_under_its_old_identifier() {
    holds(Rule::Resend);
}

#[test]
fn mqtt_4_6_0_2_mqtt_4_6_0_3_mqtt_4_6_0_4_acknowledgements_keep_the_order_of_what_they_answer() {
    holds(Rule::AcknowledgementOrder);
}

#[test]
fn mqtt_2_3_1_2_an_identifier_names_one_exchange_at_a_time() {
    holds(Rule::Identifier);
}

#[test]
fn no_call_outlives_its_time_limit() {
    holds(Rule::TimeLimit);
}

#[test]
fn mqtt_3_1_2_23_no_keep_alive_interval_passes_in_silence() {
    holds(Rule::KeepAlive);
}

#[test]
fn nobody_waits_for_what_has_come_already() {
    holds(Rule::Deadlock);
}

#[test]
fn nothing_reaches_the_callback_that_was_not_sent() {
    holds(Rule::Delivery);
}
