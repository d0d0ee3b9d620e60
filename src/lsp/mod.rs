//! `crashlint lsp`: the linter in an editor, over standard input and output.
//!
//! Files are linted as they are typed, together with the other manifests of their folder as they stand on disk or in the editor. The
//! loop answers one message after the other, and lints only once no more messages wait, so an answer is never about an older text.

mod answers;
mod lint;
mod serve;
mod text;
mod uri;

use clap::{CommandFactory as _, Parser};
use std::process::ExitCode;

pub use serve::serve;

/// Exit code of a connection that breaks.
const TROUBLE: u8 = 2;

/// Speak the Language Server Protocol on standard input and output.
///
/// For editors: findings as diagnostics, rule pages on hover, and fixes as code actions, while a manifest is typed. The policy is
/// the nearest `.crashlint.yaml` above each file.
#[derive(Clone, Debug, Parser)]
#[command(name = "lsp")]
struct Options {
    /// Accepted for clients that name the transport; there is no other.
    #[arg(long)]
    #[allow(dead_code, reason = "it changes nothing")]
    stdio: bool,
}

/// The verb's name and arguments.
#[must_use]
pub fn command() -> clap::Command {
    Options::command()
}

/// Runs the verb until the client ends it.
#[must_use]
pub fn main(_: &clap::ArgMatches) -> ExitCode {
    let (connection, threads) = lsp_server::Connection::stdio();
    let result = serve(connection);
    match result.and_then(|()| Ok(threads.join()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            // Standard output is the protocol's; where standard error is gone, nobody is left to be told.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(TROUBLE)
        }
    }
}
