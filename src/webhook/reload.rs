//! Looks at the files of certificate and policy from time to time, on a thread of its own.

use super::certificates::{Look, Watcher};
use super::files::Unreadable;
use super::server::{Server, now};
use super::{evaluate, files};
use crate::policy::{Policy, PolicyError};
use crate::source::Source;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::{io, thread};

/// Largest policy file, in bytes: a ConfigMap holds 1 MiB at most.
const LARGEST: u64 = 4 << 20;
/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// What was read last.
pub(super) struct Reload {
    certificate: Watcher,
    policy: Seen,
}

/// The policy file as it was read last.
#[derive(Default)]
pub(super) struct Seen {
    content: Option<Vec<u8>>,
    unreadable: Option<Unreadable>,
    day: i64,
}

/// Why a policy can't be used.
pub(super) enum Wrong {
    /// The file can't be read.
    Unreadable(Unreadable),
    /// What it says is wrong.
    Policy(Vec<PolicyError>),
}

/// Reads a policy file.
///
/// # Errors
/// See [`Wrong`].
pub(super) fn policy(path: &Path) -> Result<(Policy, Seen), Wrong> {
    let content = content(path).map_err(Wrong::Unreadable)?;
    let policy = parse(path, &content).map_err(Wrong::Policy)?;
    Ok((policy, Seen { content: Some(content), unreadable: None, day: now() / DAY }))
}

fn content(path: &Path) -> Result<Vec<u8>, Unreadable> {
    Ok(files::contents(&[path], LARGEST)?.pop().unwrap_or_default())
}

fn parse(path: &Path, content: &[u8]) -> Result<Policy, Vec<PolicyError>> {
    let name = path.to_string_lossy();
    let text = String::from_utf8(content.to_vec()).map_err(|error| {
        let before = String::from_utf8_lossy(&content[..error.utf8_error().valid_up_to()]).into_owned();
        let end = before.len();
        let source = Source::new(name.clone(), before);
        let position = source.position(u32::try_from(end).unwrap_or_default());
        vec![PolicyError { file: Arc::clone(source.name()), position, message: "this is no UTF-8".to_owned() }]
    })?;
    Policy::load(&Arc::new(Source::new(name, text)), None)
}

impl Reload {
    /// Looks for a certificate for the first time, and says whether there is one.
    pub(super) fn new(server: &Server, policy: Seen) -> Self {
        let mut reload = Self { certificate: Watcher::default(), policy };
        reload.certificate(server);
        reload
    }

    /// Goes on looking for as long as the process lives, and at once whenever the thread is unparked.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn start(mut self, server: Arc<Server>) -> io::Result<thread::Thread> {
        let thread = thread::Builder::new().name("reload".to_owned()).stack_size(evaluate::STACK).spawn(move || {
            loop {
                thread::park_timeout(server.options.reload_interval);
                // A fault in here must not end the looking.
                let _ = catch_unwind(AssertUnwindSafe(|| {
                    self.certificate(&server);
                    self.policy(&server);
                }));
            }
        })?;
        Ok(thread.thread().clone())
    }

    fn certificate(&mut self, server: &Server) {
        match self.certificate.look(&server.options, server.managed.as_deref(), &server.certificates, server.now()) {
            Look::Unchanged => {}
            Look::Taken { not_after } => {
                server.metrics.certificate_taken(not_after);
                let until = jiff::Timestamp::from_second(not_after).map(|end| end.to_string()).unwrap_or_default();
                tracing::info!(notAfter = until, "took a certificate");
                if let Some(fault) = server.certificates.fault(server.now()) {
                    tracing::warn!(reason = fault, "unready");
                }
            }
            Look::Refused(reason) => {
                server.metrics.certificate_refused();
                let kept = server.certificates.config().is_some();
                tracing::error!(reason, kept, "refused a certificate");
            }
        }
    }

    fn policy(&mut self, server: &Server) {
        let Some(path) = &server.options.policy else { return };
        let content = match content(path) {
            Ok(content) => content,
            Err(unreadable) => {
                if self.policy.unreadable.as_ref() != Some(&unreadable) {
                    server.metrics.policy_reloaded(false);
                    tracing::error!(file = &*unreadable.file, reason = unreadable.why, "refused a policy");
                    self.policy.unreadable = Some(unreadable);
                }
                return;
            }
        };
        self.policy.unreadable = None;
        let day = now() / DAY;
        let same = self.policy.content.as_ref() == Some(&content);
        // A policy knows the day on which it was read, as exemptions end.
        if same && self.policy.day == day {
            return;
        }
        let parsed = parse(path, &content);
        (self.policy.content, self.policy.day) = (Some(content), day);
        match parsed {
            Ok(policy) => {
                server.policy.store(Arc::new(policy));
                if !same {
                    server.metrics.policy_reloaded(true);
                    tracing::info!("took a policy");
                }
            }
            Err(wrong) => {
                if !same {
                    server.metrics.policy_reloaded(false);
                    for error in wrong {
                        let (line, column) = (error.position.line, error.position.column);
                        let file = &*error.file;
                        tracing::error!(file, line, column, reason = error.message, "refused a policy");
                    }
                }
            }
        }
    }
}
