//! Brokers of different makes, so that what works with one is not only its taste.
//!
//! What a test needs to know of each: how it is started, and what its log says. The others than mosquitto are installed
//! by `scripts/brokers.sh`.

use crate::{broker::PORT, children, repository};
use anyhow::{Context, Result};
use std::{fs, net::Ipv4Addr, path::Path, path::PathBuf, process::Command};

/// Who has made a broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Make {
    /// Eclipse Mosquitto, in C: the one that has all [options](crate::broker::Options).
    #[default]
    Mosquitto,
    /// amqtt, in Python.
    Amqtt,
    /// aedes, in JavaScript.
    Aedes,
}

impl Make {
    /// Whether this make is there. All but aedes must be.
    pub fn is_installed(self) -> bool {
        self != Self::Aedes || installed("aedes").is_dir()
    }

    /// A command for the broker, whose configuration is in `folder`.
    pub(crate) fn command(self, address: Ipv4Addr, folder: &Path) -> Result<Command> {
        Ok(match self {
            Self::Mosquitto => {
                let mut command = children::command(&children::find("mosquitto", "mosquitto")?);
                command.arg("-c").arg(folder.join("mosquitto.conf"));
                command
            }
            Self::Amqtt => {
                let configuration = folder.join("amqtt.yaml");
                fs::write(&configuration, amqtt_configuration(address))?;
                let program = installed("amqtt/bin/amqtt").canonicalize();
                let mut command = children::command(
                    &program.context("amqtt is missing; to install it: scripts/brokers.sh build/brokers")?,
                );
                // It tells what packets pass only when it is debugged.
                command.arg("-d").arg("-c").arg(configuration);
                command
            }
            Self::Aedes => {
                let mut command = children::command(&children::find("node", "nodejs")?);
                command.env("NODE_PATH", installed("aedes/node_modules"));
                command.arg(repository().join("tests/brokers/aedes.cjs")).arg(address.to_string());
                command
            }
        })
    }

    /// Whether a line of its log tells that it listens.
    pub(crate) fn is_running(self, line: &str) -> bool {
        match self {
            Self::Mosquitto => line.contains("mosquitto version") && line.ends_with(" running"),
            Self::Amqtt => line.contains("Listener 'default' bind to"),
            Self::Aedes => line == "running",
        }
    }

    /// What its log tells when it has granted a subscription to `client`.
    pub(crate) fn subscribed(self, client: &str) -> String {
        match self {
            Self::Mosquitto => format!("Sending SUBACK to {client}"),
            Self::Amqtt => format!("{client} -out-> SubackPacket"),
            Self::Aedes => format!("subscribed: {client}"),
        }
    }
}

fn installed(name: &str) -> PathBuf {
    repository().join("build/brokers").join(name)
}

fn amqtt_configuration(address: Ipv4Addr) -> String {
    format!(
        "listeners:\n  default:\n    type: tcp\n    bind: {address}:{PORT}\nplugins:\n  \
         amqtt.plugins.logging_amqtt.PacketLoggerPlugin:\n  \
         amqtt.plugins.authentication.AnonymousAuthPlugin:\n    allow_anonymous: true\n"
    )
}
