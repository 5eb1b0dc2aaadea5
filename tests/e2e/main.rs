//! The end-to-end tests: `umqtt.simple` in a real interpreter against a real broker.

mod api;
mod differential;
mod heap;
mod robust;
mod run;
mod setup;
mod tls;
mod tutorial;
