//! The virtual ESP8266, with the real firmware and a real broker: the tutorial typed at its serial port, and what the
//! board promises (docs/virtual-esp8266.md).

mod command;
mod console;
mod differential;
mod examples;
mod faults;
mod files;
mod flash_strings;
mod fragmented;
mod memory;
mod modules;
mod network;
mod peripherals;
mod robust;
mod run;
mod support;
mod tutorial;
