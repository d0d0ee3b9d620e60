//! A review's bytes to an answer's bytes, and what is logged and counted of it.

use crate::policy::{Action, Mode, Policy};

/// Which path was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `/validate`, in the policy's mode, or `/validate/MODE`.
    Validate(Option<Mode>),
    /// `/mutate`.
    Mutate,
}

/// Who asks about what; enough to answer when the evaluation itself fails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// `admission.k8s.io/v1` or `…/v1beta1`, echoed.
    pub api_version: String,
    /// Of the request, echoed.
    pub uid: String,
    /// `CREATE`, `UPDATE`, `DELETE`, `CONNECT`; empty where the request says none of these.
    pub operation: &'static str,
    /// `apps/v1`
    pub group_version: String,
    /// `Deployment`
    pub kind: String,
    /// The request's namespace; empty for what lies in none.
    pub namespace: String,
    /// The name; empty where only `generateName` is there.
    pub name: String,
    /// `scale`, `status` …; empty for the object itself.
    pub subresource: String,
    /// Whether nothing will be persisted.
    pub dry_run: bool,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Admitted as it is.
    Allowed,
    /// Refused.
    Denied,
    /// Admitted with a patch.
    Patched,
    /// The evaluation failed or took too long, and the configured rule admitted it.
    FailedOpen,
    /// The same, and it was refused.
    FailedClosed,
}

/// A finding as it is logged: nothing in it but rule, level and place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The rule.
    pub rule: &'static str,
    /// What was done with it: deny, warn or audit.
    pub level: Action,
    /// The container's name.
    pub container: Option<String>,
    /// RFC 6901 pointer into the object.
    pub path: String,
}

/// What is logged and counted of a decision.
#[derive(Clone, Debug)]
pub struct Record {
    /// Who asked about what.
    pub head: Head,
    /// The decision.
    pub outcome: Outcome,
    /// What was found.
    pub findings: Vec<Noted>,
    /// Rules whose fixes are in the patch.
    pub mutated: Vec<&'static str>,
    /// A patch was made and did not apply or decode, so it was not sent.
    pub patch_dropped: bool,
}

/// An answer to send with status 200.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The AdmissionReview, as JSON.
    pub body: Vec<u8>,
    /// For log and metrics.
    pub record: Record,
}

/// A body that is no review: status 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoReview(pub String);

/// Why an evaluation came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A fault of ours.
    Panic,
    /// The request's time was up.
    Deadline,
}

/// Answers a review. `on_head` hears who asks as soon as that is known, before any rule runs, so that a failed
/// evaluation can still be answered with [`give_up`].
///
/// # Errors
/// Where the bytes are no AdmissionReview.
pub fn answer(door: Door, body: &[u8], policy: &Policy, on_head: &mut dyn FnMut(&Head)) -> Result<Answer, NoReview> {
    let _ = (door, policy);
    let head = Head { uid: String::from_utf8_lossy(body).chars().take(36).collect(), ..Head::default() };
    on_head(&head);
    Ok(give_up(head, Failure::Panic, true))
}

/// The answer where the evaluation failed: admitted (`open`) or refused.
#[must_use]
pub fn give_up(head: Head, failure: Failure, open: bool) -> Answer {
    let _ = failure;
    let outcome = if open { Outcome::FailedOpen } else { Outcome::FailedClosed };
    let body = serde_json::json!({
        "apiVersion": head.api_version, "kind": "AdmissionReview", "response": {"uid": head.uid, "allowed": open},
    });
    let record = Record { head, outcome, findings: Vec::new(), mutated: Vec::new(), patch_dropped: false };
    Answer { body: body.to_string().into_bytes(), record }
}
