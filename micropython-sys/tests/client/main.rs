//! The class `MQTTClient`, called by scripts whose sockets are scripts too.
//!
//! Each test is a script and what it prints. `scripted.py` plays the broker.

mod support;

mod chunks;
mod collecting;
mod connecting;
mod heap_use;
mod holding;
mod modules;
mod names;
mod native;
mod publishing;
mod receiving;
mod reentry;
mod subscribing;
mod time;
#[cfg(not(feature = "qos2"))]
mod without_qos_2;
