//! The end-to-end tests: `umqtt.simple` in a real interpreter against a real broker.

mod api;
mod differential;
mod examples;
mod heap;
mod robust;
mod robust_own;
mod run;
mod sessions;
mod setup;
mod stubs;
mod tls;
mod tutorial;
