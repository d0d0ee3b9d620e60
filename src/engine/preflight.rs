//! What enforcing would refuse of objects that are there already, or are about to be.

use super::admission::{Change, Request, Ruling, rule};
use super::outcome::{InputError, ObjectRef};
use super::read::Input;
use crate::k8s::object::Object;
use crate::node::Document;
use crate::policy::{Action, Mode, Policy};
use crate::read::documents;
use crate::source::Source;
use rayon::prelude::*;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What creating the objects anew would meet.
#[derive(Clone, Debug, Default)]
pub struct Preflight {
    /// Objects that would be denied, in the order of the input.
    pub denied: Vec<Denied>,
    /// Objects that carry pods, those below included.
    pub workloads: usize,
    /// Of these, objects that would be admitted with a warning.
    pub warned: usize,
    /// Objects that a controller made: always admitted.
    pub controlled: usize,
    /// Objects in namespaces that the webhook is not asked about.
    pub excluded: usize,
    /// What could not be read.
    pub input_errors: Vec<InputError>,
}

/// An object that would be denied.
#[derive(Clone, Debug)]
pub struct Denied {
    /// The file as named, or `-`.
    pub file: Arc<str>,
    /// Which.
    pub object: ObjectRef,
    /// Why; only what denies.
    pub rulings: Vec<Ruling>,
}

/// Judges every object as if it were created in mode `enforce`. `excluded` are namespaces that the
/// webhook is not asked about.
#[must_use]
pub fn preflight(inputs: &[Input], policy: &Policy, excluded: &[String]) -> Preflight {
    let run = || inputs.par_iter().map(|input| guarded(input, policy, excluded)).collect::<Vec<_>>();
    let parts = match super::pool(0, inputs.len()) {
        Some(pool) => pool.install(run),
        None => run(),
    };
    parts.into_iter().fold(Preflight::default(), |mut all, mut part| {
        all.denied.append(&mut part.denied);
        all.input_errors.append(&mut part.input_errors);
        all.workloads += part.workloads;
        all.warned += part.warned;
        all.controlled += part.controlled;
        all.excluded += part.excluded;
        all
    })
}

/// A fault of ours in one file must not lose the others.
fn guarded(input: &Input, policy: &Policy, excluded: &[String]) -> Preflight {
    catch_unwind(AssertUnwindSafe(|| file(input, policy, excluded)))
        .unwrap_or_else(|_| Preflight { input_errors: vec![super::crash(input)], ..Preflight::default() })
}

fn file(input: &Input, policy: &Policy, excluded: &[String]) -> Preflight {
    let mut found = Preflight::default();
    let source = match input.source() {
        Ok(Some(source)) => source,
        Ok(None) => return found,
        Err(error) => {
            found.input_errors.push(error);
            return found;
        }
    };
    for document in documents(source.text()) {
        match document {
            Ok(document) => {
                found.input_errors.extend(joined(&document, &source, &input.name));
                for object in Object::all(document.tree.root()) {
                    judge(object, &input.name, policy, excluded, &mut found);
                }
            }
            Err(malformed) => {
                let at = source.position(malformed.offset);
                found.input_errors.push(InputError {
                    file: Arc::clone(&input.name),
                    line: Some(at.line),
                    column: Some(at.column),
                    message: malformed.message,
                });
            }
        }
    }
    found
}

/// What is lost where two outputs were joined without `---` between them: of a key that stands twice the last one counts.
fn joined(document: &Document, source: &Source, file: &Arc<str>) -> Option<InputError> {
    let mut seen = HashSet::new();
    let root = document.tree.root();
    let (key, _) = root.entries().find(|(key, _)| key.scalar().is_some_and(|name| !seen.insert(name)))?;
    let at = source.position(key.span().start);
    let name = key.scalar().unwrap_or_default();
    Some(InputError {
        file: Arc::clone(file),
        line: Some(at.line),
        column: Some(at.column),
        message: format!(
            "`{name}` stands twice in one document, so that what stands first is lost: put a line `---` between two objects"
        ),
    })
}

fn judge(object: Object<'_>, file: &Arc<str>, policy: &Policy, excluded: &[String], found: &mut Preflight) {
    if object.workloads(&policy.tables.kinds).is_empty() {
        return;
    }
    found.workloads += 1;
    if object.namespace().is_some_and(|namespace| excluded.iter().any(|name| name == namespace)) {
        found.excluded += 1;
        return;
    }
    if object.has_controller() {
        found.controlled += 1;
        return;
    }
    let request = Request { object, namespace: object.namespace(), change: Change::Create };
    let mut rulings = rule(&request, Mode::Enforce, policy);
    if !rulings.iter().any(|ruling| ruling.action == Action::Deny) {
        found.warned += usize::from(rulings.iter().any(|ruling| ruling.action == Action::Warn));
        return;
    }
    rulings.retain(|ruling| ruling.action == Action::Deny);
    found.denied.push(Denied { file: Arc::clone(file), object: ObjectRef::of(object), rulings });
}
