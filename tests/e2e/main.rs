//! The end-to-end tests: `umqtt.simple` in a real interpreter against a real broker.

mod differential;
mod robust;
mod run;
mod tls;
mod tutorial;
