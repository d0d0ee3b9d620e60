//! `crashlint webhook`: admission reviews in, decisions out.
//!
//! [`answer`] is a pure function of a request's bytes and the policy; everything else here is about
//! carrying it: sockets, TLS, certificates, limits, life and death, metrics, the log.

mod accept;
pub mod answer;
mod body;
mod certificates;
mod connection;
mod duration;
mod evaluate;
mod files;
mod life;
mod log;
mod managed;
mod metrics;
mod mutate;
mod ops;
mod options;
mod reload;
mod routes;
mod server;
mod system;
mod tls;
mod validate;
mod watch;
mod words;

use crate::policy::Policy;
use answer::{Answer, Door, Head, NoReview};
use std::process::ExitCode;

pub use life::run;
pub use options::{LogLevel, OnFailure, Options};

/// What answers a review: [`answer::answer`], or a test's stand-in that panics or sleeps.
pub type Evaluate = dyn Fn(Door, &[u8], &Policy, &mut dyn FnMut(&Head)) -> Result<Answer, NoReview> + Send + Sync;

/// The verb's name and arguments.
#[must_use]
pub fn command() -> clap::Command {
    <Options as clap::CommandFactory>::command()
}

/// Runs the verb until a signal ends it.
#[must_use]
pub fn main(matches: &clap::ArgMatches) -> ExitCode {
    match <Options as clap::FromArgMatches>::from_arg_matches(matches) {
        Ok(options) => run(options, std::sync::Arc::new(answer::answer)),
        Err(error) => error.exit(),
    }
}
