//! A review's bytes to an answer's bytes, and what is logged and counted of it.

use super::{mutate, validate, words};
use crate::budget;
use crate::json;
use crate::k8s::object::Object;
use crate::k8s::review::Review;
use crate::policy::{Action, Mode, Policy};
use base64::Engine as _;
use serde_json::{Value, json};

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
    /// A patch was made and would have done harm, so it was not sent: why.
    pub dropped: Option<String>,
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

/// Steps that the evaluation of one review may take: about half a second, a hundred times what a large
/// object needs. What takes more unwinds with [`budget::Spent`].
const STEPS: u64 = 100_000_000;

/// Answers a review. `on_head` hears who asks as soon as that is known, before any rule runs, so that a failed
/// evaluation can still be answered with [`give_up`].
///
/// # Errors
/// Where the bytes are no AdmissionReview.
pub fn answer(door: Door, body: &[u8], policy: &Policy, on_head: &mut dyn FnMut(&Head)) -> Result<Answer, NoReview> {
    answer_within(STEPS, door, body, policy, on_head)
}

/// The same, with another allowance of steps.
///
/// # Errors
/// Where the bytes are no AdmissionReview.
pub fn answer_within(
    steps: u64,
    door: Door,
    body: &[u8],
    policy: &Policy,
    on_head: &mut dyn FnMut(&Head),
) -> Result<Answer, NoReview> {
    let text = std::str::from_utf8(body).map_err(|error| NoReview(format!("the body is not UTF-8: {error}")))?;
    let document = json::single(text).map_err(|malformed| {
        NoReview(format!("the body is no JSON: byte {}: {}", malformed.offset, malformed.message))
    })?;
    let review = Review::new(document.tree.root()).map_err(NoReview)?;
    let head = Head::of(review);
    on_head(&head);
    let _allowance = budget::allow(steps);
    Ok(match door {
        Door::Validate(mode) => validated(review, head, mode.unwrap_or(policy.mode), policy),
        Door::Mutate => mutated(review, head, policy),
    })
}

fn validated(review: Review<'_>, head: Head, mode: Mode, policy: &Policy) -> Answer {
    let rulings = validate::judge(review, mode, policy);
    let outcome = validate::outcome(&rulings);
    let mut response = response(&head, outcome != Outcome::Denied);
    if outcome == Outcome::Denied {
        response["status"] = json!({
            "status": "Failure",
            "code": 403,
            "reason": "Forbidden",
            "message": words::denial(&rulings, &head.namespace),
            "details": {"name": head.name, "group": head.group(), "kind": head.kind, "causes": words::causes(&rulings)},
        });
    }
    let warnings = words::warnings(&rulings);
    if !warnings.is_empty() {
        response["warnings"] = warnings.into();
    }
    if !rulings.is_empty() {
        response["auditAnnotations"] = json!({"findings": words::findings(&rulings), "mode": mode.name()});
    }
    let findings = validate::noted(&rulings);
    finish(Record { findings, ..Record::new(head, outcome) }, response)
}

fn mutated(review: Review<'_>, head: Head, policy: &Policy) -> Answer {
    let mut response = response(&head, true);
    let pod = review.object().filter(|object| {
        head.operation == "CREATE" && head.subresource.is_empty() && object.kind == "Pod" && object.api_version == "v1"
    });
    let mutation = match pod {
        Some(pod) => mutate::mutate(pod, validate::namespace(review, pod), policy),
        None => Ok(None),
    };
    let mut record = Record::new(head, Outcome::Allowed);
    match mutation {
        Ok(Some(mutation)) => {
            record.outcome = Outcome::Patched;
            record.mutated = mutation.changes.iter().map(|change| change.rule).collect();
            let sentences: Vec<String> = mutation.changes.iter().map(words::change).collect();
            let patch = serde_json::to_vec(&mutation.patch).unwrap_or_default();
            response["patchType"] = "JSONPatch".into();
            response["patch"] = base64::engine::general_purpose::STANDARD.encode(patch).into();
            response["auditAnnotations"] = json!({"patched": sentences.join("; ")});
            // Whoever made a controller's Pod is no person.
            if !pod.is_some_and(Object::has_controller) {
                response["warnings"] = words::fit(sentences.into_iter()).into();
            }
        }
        Ok(None) => {}
        Err(dropped) => {
            record.dropped = Some(dropped.to_string());
            response["auditAnnotations"] = json!({"patchDropped": dropped.to_string()});
        }
    }
    finish(record, response)
}

/// The answer where the evaluation failed: admitted (`open`) or refused.
#[must_use]
pub fn give_up(head: Head, failure: Failure, open: bool) -> Answer {
    let why = match failure {
        Failure::Panic => "an internal error in crashlint",
        Failure::Deadline => "crashlint ran out of time",
    };
    let mut response = response(&head, open);
    response["auditAnnotations"] = json!({"failure": why});
    if !open {
        response["status"] = json!({
            "status": "Failure", "code": 500, "reason": "InternalError", "message": format!("{why}; nothing is known against the object"),
        });
    }
    let outcome = if open { Outcome::FailedOpen } else { Outcome::FailedClosed };
    finish(Record::new(head, outcome), response)
}

fn response(head: &Head, allowed: bool) -> Value {
    json!({"uid": head.uid, "allowed": allowed})
}

fn finish(record: Record, response: Value) -> Answer {
    let review = json!({"apiVersion": record.head.api_version, "kind": "AdmissionReview", "response": response});
    Answer { body: review.to_string().into_bytes(), record }
}

impl Head {
    fn of(review: Review<'_>) -> Self {
        let (group_version, kind) = review.group_version_kind();
        Self {
            api_version: review.api_version.to_owned(),
            uid: review.uid().to_owned(),
            operation: review.operation(),
            group_version,
            kind: kind.to_owned(),
            namespace: review.namespace().to_owned(),
            name: review.name().to_owned(),
            subresource: review.subresource().to_owned(),
            dry_run: review.is_dry_run(),
        }
    }

    fn group(&self) -> &str {
        self.group_version.split_once('/').map_or("", |(group, _)| group)
    }
}

impl Record {
    fn new(head: Head, outcome: Outcome) -> Self {
        Self { head, outcome, findings: Vec::new(), mutated: Vec::new(), dropped: None }
    }
}
