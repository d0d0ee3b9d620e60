//! A child process with bounds: on its time, and on what it may say.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// Most bytes of standard output that are taken.
const MAX_OUTPUT: u64 = 64 << 20;
/// Most bytes of standard error that are read.
const MAX_ERRORS: u64 = 64 << 10;
/// Between two looks at a child that has said all.
const PACE: Duration = Duration::from_millis(5);

/// Why there is no output.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// There is no such program on the PATH.
    Missing,
    /// Anything else, in words.
    Other(String),
}

/// Runs a program without a shell and without input, and returns what it says.
pub(super) fn run(program: &str, arguments: &[&OsStr], limit: Duration) -> Result<Vec<u8>, Failure> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::Missing,
        _ => Failure::Other(format!("`{program}` can't be started: {error}")),
    })?;
    let output = child.stdout.take().map(|pipe| read(pipe, MAX_OUTPUT));
    let errors = child.stderr.take().map(|pipe| read(pipe, MAX_ERRORS));
    let result = outcome(&mut child, program, output, errors, Instant::now() + limit, limit);
    if result.is_err() {
        // It may have ended already.
        let _ = child.kill();
    }
    let _ = child.wait();
    result
}

fn outcome(
    child: &mut Child,
    program: &str,
    output: Option<Receiver<Vec<u8>>>,
    errors: Option<Receiver<Vec<u8>>>,
    deadline: Instant,
    limit: Duration,
) -> Result<Vec<u8>, Failure> {
    let late = || Failure::Other(format!("`{program}` was ended: it took longer than {} s", limit.as_secs()));
    let left = || deadline.saturating_duration_since(Instant::now());
    let said = output.and_then(|output| output.recv_timeout(left()).ok()).ok_or_else(late)?;
    if said.len() as u64 > MAX_OUTPUT {
        return Err(Failure::Other(format!("`{program}` says more than {} MiB", MAX_OUTPUT >> 20)));
    }
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if left().is_zero() => return Err(late()),
            Ok(None) => thread::sleep(PACE.min(left())),
            Err(error) => return Err(Failure::Other(format!("`{program}`: {error}"))),
        }
    };
    if status.success() {
        return Ok(said);
    }
    let complaint = errors.and_then(|errors| errors.recv_timeout(left()).ok()).unwrap_or_default();
    Err(Failure::Other(last_line(&complaint).unwrap_or_else(|| format!("`{program}` ended with {status}"))))
}

/// Reads a pipe on a thread of its own: a grandchild that keeps it open must not hold the run up.
fn read(pipe: impl Read + Send + 'static, most: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // One byte more shows that there is more.
        let _ = pipe.take(most + 1).read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

/// What a tool complains of: the last line that says something.
fn last_line(complaint: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(complaint);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    let line = line.strip_prefix("Error: ").or_else(|| line.strip_prefix("error: ")).unwrap_or(line);
    Some(line.chars().take(300).collect())
}
