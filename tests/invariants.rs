//! What holds for every finding, over all fixtures and, with `CRASHLINT_CORPUS`, real manifests.

use crate::fixtures::{self, lint, shown, text};
use crashlint::engine::outcome::{Report, Reported};
use crashlint::engine::{self, Input};
use crashlint::finding::{Edit, Finding, Place, Severity};
use crashlint::k8s::object::Object;
use crashlint::node::{Document, Kind, Node};
use crashlint::path::{Path, Segment};
use crashlint::policy::{Policy, Profile};
use crashlint::rules::{self, Check, RULES};
use crashlint::source::{Range, Source, Span};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Names and texts of everything that is linted here.
pub(crate) fn texts() -> Vec<(String, String)> {
    let read = |path: &std::path::Path| std::fs::read_to_string(path).ok();
    let mut texts: Vec<(String, String)> = Vec::new();
    for path in fixtures::manifests() {
        let name = path.strip_prefix(fixtures::root()).unwrap().to_str().unwrap().to_owned();
        texts.extend(read(&path).map(|text| (name, text)));
    }
    // What a rule says only beside other manifests it says where they are one file, too.
    for rule in fixtures::entries(&fixtures::root()) {
        let of_rule =
            |(name, _): &&(String, String)| name.starts_with(&format!("{rule}/bad")) && name.ends_with(".yaml");
        let bad: Vec<&str> = texts.iter().filter(of_rule).map(|(_, text)| &**text).collect();
        if bad.len() > 1 {
            texts.push((format!("{rule}/all"), bad.join("\n---\n")));
        }
    }
    for input in crate::corpus::folder().iter().flat_map(|folder| crate::corpus::inputs(folder)) {
        let text = input.path.as_deref().and_then(read).filter(|text| text.len() < 300_000);
        texts.extend(text.map(|text| (input.name.to_string(), text)));
    }
    texts
}

/// Readable documents of a text.
fn documents(text: &str) -> Vec<Document<'_>> {
    if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        crashlint::json::documents(text).filter_map(Result::ok).collect()
    } else {
        crashlint::yaml::documents(text).filter_map(Result::ok).collect()
    }
}

fn fail(faults: Vec<String>) {
    let all = faults.len();
    assert!(faults.is_empty(), "{all} faults:\n{}", faults.into_iter().take(40).collect::<Vec<_>>().join("\n"));
}

/// The last key of a path that exists, what it holds, and whether the whole path does.
fn resolve<'t>(root: Node<'t>, path: &Path) -> Option<(Path, Node<'t>, bool)> {
    if let Some(node) = root.at(path) {
        return Some((path.clone(), node, true));
    }
    let mut parent = path.clone();
    parent.pop()?;
    root.at(&parent).map(|node| (parent, node, false))
}

/// What is wrong with the bytes shown for a path.
fn misplaced(text: &str, root: Node<'_>, path: &Path, span: Span) -> Option<String> {
    let Some((there, node, _)) = resolve(root, path) else {
        return Some(format!("neither {path} nor its parent exists"));
    };
    if node.is_aliased() || span.start == span.end {
        return None;
    }
    let bytes = &text[span.range()];
    let plain = bytes.trim_matches(['"', '\'']);
    let scalar = node.scalar().is_some() && node.span().start < node.span().end;
    let right = match there.last() {
        _ if scalar => span == node.span(),
        Some(Segment::Key(key)) => plain == key,
        Some(Segment::Index(_)) | None => {
            let named = node.get("name").is_some_and(|name| name.span() == span);
            named || node.entries().next().is_some_and(|(key, _)| key.span() == span) || node.span() == span
        }
    };
    (!right).then(|| format!("{path} is shown at `{bytes}`"))
}

#[test]
fn places_hold_what_they_name() {
    let mut faults = Vec::new();
    for (name, text) in texts() {
        let source = Source::new("-", text.clone());
        let documents = documents(&text);
        let objects: Vec<Object<'_>> =
            documents.iter().flat_map(|document| Object::all(document.tree.root())).collect();
        let report = lint(&[fixtures::text("-", text.clone())], &Policy::of(Profile::Strict));
        let lines = text.split('\n').count() as u32;
        for reported in &report.findings {
            let mut places: Vec<(&Place, Range)> = vec![(&reported.finding.place, reported.at.range)];
            places.extend(
                reported.finding.labels.iter().zip(&reported.also).map(|(label, also)| (&label.place, also.range)),
            );
            for (place, range) in places {
                let ordered = range.start <= range.end
                    && range.start.line >= 1
                    && range.start.column >= 1
                    && range.end.line <= lines;
                if !ordered {
                    faults.push(format!("{name}: {range:?}\n{}", shown(reported)));
                }
                let Place::Path(path) = place else { continue };
                let owner = |object: &&Object<'_>| {
                    reported.object.as_ref().is_some_and(|of| of.kind == object.kind && of.name == object.name())
                        && source.range(object.root.locate(path)) == range
                };
                let fault = match objects.iter().find(owner) {
                    None => Some("no object has this place".to_owned()),
                    Some(object) => misplaced(&text, object.root, path, object.root.locate(path)),
                };
                faults.extend(fault.map(|fault| format!("{name}: {fault}\n{}", shown(reported))));
            }
        }
    }
    fail(faults);
}

#[test]
fn threads_change_nothing() {
    let inputs: Vec<Input> = texts().into_iter().map(|(name, content)| text(&name, content)).collect();
    let run = |threads| engine::lint(&inputs, &Policy::default(), threads, &|_, _| {});
    let one = run(1);
    assert!(one == run(2) && one == run(8));
    assert!(!one.findings.is_empty());
}

#[test]
fn fixes_are_as_declared() {
    let mut faults = Vec::new();
    let mut fixed = BTreeSet::new();
    for (name, content) in texts() {
        for reported in &lint(&[text(&name, content)], &Policy::of(Profile::Strict)).findings {
            let declared = rules::find(reported.finding.rule).unwrap().fix;
            let Some(fix) = &reported.finding.fix else { continue };
            fixed.insert(reported.finding.rule);
            if declared != Some(fix.safety) || fix.edits.is_empty() {
                faults.push(format!("{name}: declared {declared:?}\n{}", shown(reported)));
            }
        }
    }
    faults.extend(
        RULES
            .iter()
            .filter(|rule| rule.fix.is_some() && !fixed.contains(rule.name))
            .map(|rule| format!("{} declares a fix, and nothing carries one", rule.name)),
    );
    fail(faults);
}

/// Applies edits as JSON Patch (RFC 6902), strictly.
fn patched(object: &Value, edits: &[Edit]) -> Result<Value, String> {
    let operations: Vec<Value> = edits
        .iter()
        .map(|edit| match edit {
            Edit::Add(path, value) => json!({"op": "add", "path": path.pointer(), "value": value}),
            Edit::Replace(path, value) => json!({"op": "replace", "path": path.pointer(), "value": value}),
            Edit::Remove(path) => json!({"op": "remove", "path": path.pointer()}),
        })
        .collect();
    // `add` over an existing field would replace it without a word.
    for edit in edits {
        if let Edit::Add(path, _) = edit
            && object.pointer(&path.pointer()).is_some()
        {
            return Err(format!("{path} exists"));
        }
    }
    let patch: json_patch::Patch =
        serde_json::from_value(Value::Array(operations)).map_err(|error| error.to_string())?;
    let mut object = object.clone();
    json_patch::patch(&mut object, &patch).map_err(|error| error.to_string())?;
    Ok(object)
}

fn lint_json(object: &Value, policy: &Policy) -> Report {
    lint(&[text("-", object.to_string())], policy)
}

/// Objects of all texts, each as JSON.
fn objects() -> Vec<(String, Value)> {
    let mut objects = Vec::new();
    for (name, text) in texts() {
        for document in documents(&text) {
            for object in Object::all(document.tree.root()) {
                let mut value = object.root.to_json();
                // An item of a typed list leaves out what the list says.
                if let Some(map) = value.as_object_mut() {
                    map.insert("apiVersion".into(), object.api_version.into());
                    map.insert("kind".into(), object.kind.into());
                }
                objects.push((format!("{name} {} {}", object.kind, object.name()), value));
            }
        }
    }
    objects
}

/// The same finding, before and after these edits: one that takes an item out of a list moves others.
fn same(a: &Finding, b: &Finding, edits: &[Edit]) -> bool {
    let moves = edits.iter().any(|edit| claim(edit) != *path(edit));
    a.rule == b.rule && a.container == b.container && (a.place == b.place || (moves && a.message == b.message))
}

fn path(edit: &Edit) -> &Path {
    match edit {
        Edit::Add(path, _) | Edit::Replace(path, _) | Edit::Remove(path) => path,
    }
}

/// What no other edit may touch in the same round: the edit's own place; of a removed item, its list.
fn claim(edit: &Edit) -> Path {
    let mut claimed = path(edit).clone();
    if matches!(edit, Edit::Remove(_)) && matches!(claimed.last(), Some(Segment::Index(_))) {
        claimed.pop();
    }
    claimed
}

#[test]
fn a_fix_mends_and_breaks_nothing() {
    let policy = Policy::default();
    let mut faults = Vec::new();
    for (name, object) in objects() {
        let before = lint_json(&object, &policy);
        for reported in before.findings.iter() {
            let Some(fix) = &reported.finding.fix else { continue };
            let after = match patched(&object, &fix.edits) {
                Ok(after) => lint_json(&after, &policy),
                Err(error) => {
                    faults.push(format!("{name}: {error}\n{}", shown(reported)));
                    continue;
                }
            };
            let still = |new: &&Reported| {
                new.finding.rule == reported.finding.rule
                    && new.finding.container == reported.finding.container
                    && new.severity >= reported.severity
            };
            let twin = before.findings.iter().filter(still).count();
            if after.findings.iter().filter(still).count() >= twin {
                faults.push(format!("{name}: the fix does not help\n{}", shown(reported)));
            }
            let new = after.findings.iter().find(|new| {
                // A wrong unit hides an amount that is wrong as well.
                let uncovered =
                    reported.finding.rule == "memory-unit-invalid" && new.finding.place == reported.finding.place;
                new.severity == Severity::Error
                    && !uncovered
                    && !before.findings.iter().any(|old| same(&old.finding, &new.finding, &fix.edits))
            });
            faults.extend(new.map(|new| format!("{name}: the fix\n{}\nbrings about\n{}", shown(reported), shown(new))));
            faults.extend(after.input_errors.iter().map(|error| format!("{name}: {error:?}")));
        }
    }
    fail(faults);
}

#[test]
fn fixes_converge() {
    let policy = Policy::default();
    let mut faults = Vec::new();
    for (name, mut object) in objects() {
        for round in 0.. {
            let report = lint_json(&object, &policy);
            let mut edited: Vec<Path> = Vec::new();
            for fix in report.active().filter_map(|reported| reported.finding.fix.as_ref()) {
                let paths: Vec<Path> = fix.edits.iter().map(claim).collect();
                // Of two fixes at one place the second waits for the next round.
                if paths.iter().any(|path| edited.iter().any(|old| old.starts_with(path) || path.starts_with(old))) {
                    continue;
                }
                match patched(&object, &fix.edits) {
                    Ok(next) => object = next,
                    Err(error) => faults.push(format!("{name}: {}: {error}", fix.title)),
                }
                edited.extend(paths);
            }
            if edited.is_empty() {
                break;
            }
            if round == 3 {
                faults.push(format!("{name}: fixes go on and on: {edited:?}"));
                break;
            }
        }
    }
    fail(faults);
}

/// Rule, severity, place, container and message of what rules say of objects.
fn said(report: &Report) -> Vec<String> {
    let mut said: Vec<String> = report
        .findings
        .iter()
        .filter(|reported| !matches!(rules::find(reported.finding.rule).unwrap().check, Check::Document(_)))
        .map(|reported| {
            let finding = &reported.finding;
            format!(
                "{} {:?} {:?} {:?} {:?} {}",
                finding.rule, reported.severity, finding.place, reported.object, finding.container, finding.message
            )
        })
        .collect();
    said.sort();
    said
}

#[test]
fn json_and_yaml_say_the_same() {
    let policy = Policy::default();
    let mut faults = Vec::new();
    for (name, content) in texts() {
        let yaml = lint(&[text("-", content.clone())], &policy);
        if !yaml.input_errors.is_empty() || yaml.not_rendered.iter().any(|left| left.why == "template") {
            continue;
        }
        let stream: Vec<String> = documents(&content)
            .iter()
            .map(|document| document.tree.root())
            .filter(|root| root.kind() == Kind::Mapping)
            .map(|root| root.to_json().to_string())
            .collect();
        let json = lint(&[text("-", stream.join("\n"))], &policy);
        let (yaml, json) = (said(&yaml), said(&json));
        if yaml != json {
            let lost = yaml.iter().find(|line| !json.contains(line));
            let new = json.iter().find(|line| !yaml.contains(line));
            faults.push(format!("{name}: as YAML alone {lost:?}, as JSON alone {new:?}"));
        }
    }
    fail(faults);
}

/// A file that stops anywhere, or in which bytes are wrong, is reported and never a crash.
#[test]
fn nothing_crashes_on_broken_text() {
    let policy = Policy::default();
    // `CRASHLINT_SLOW`: at every byte.
    let step = if std::env::var_os("CRASHLINT_SLOW").is_some() { 1 } else { 37 };
    // Xorshift (Marsaglia): the same bytes on every run.
    let mut state = 0x9E37_79B9_u32;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize
    };
    let mut inputs = Vec::new();
    for path in fixtures::manifests() {
        let content = std::fs::read_to_string(path).unwrap();
        for document in content.split("\n---\n") {
            let bytes = document.as_bytes();
            inputs.extend((0..bytes.len()).step_by(step).map(|end| text("-", &bytes[..end])));
            for _ in 0..bytes.len() / step {
                let mut bytes = bytes.to_vec();
                for _ in 0..=random() % 3 {
                    let at = random() % bytes.len();
                    let tokens = b"{}[]:-,&*!|>'\"%@`#? \n\t\r\x000129azAZ\xff\xc2";
                    bytes[at] = tokens[random() % tokens.len()];
                }
                inputs.push(text("-", bytes));
            }
        }
    }
    let report = engine::lint(&inputs, &policy, 2, &|_, _| {});
    let internal: Vec<String> = report
        .input_errors
        .iter()
        .filter(|error| error.message.contains("internal error"))
        .map(|error| format!("{error:?}"))
        .collect();
    fail(internal);
    assert!(report.input_errors.len() > 100);
}

/// A Deployment whose one container has this livenessProbe.
fn deployment(delay: u64, period: u64, threshold: u64, timeout: u64) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart"}, "spec": {
        "selector": {"matchLabels": {"app": "cart"}},
        "template": {"metadata": {"labels": {"app": "cart"}}, "spec": {"containers": [{
            "name": "cart", "image": "registry.example.com/shop/cart:1.4.2", "livenessProbe": {
                "tcpSocket": {"port": 8080}, "initialDelaySeconds": delay, "periodSeconds": period,
                "failureThreshold": threshold, "timeoutSeconds": timeout,
            }, "resources": {"requests": {"memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        }]}},
    }})
}

/// Second at which a prober kills whose first tick is at `phase` and whose every check fails after
/// `lasts`: a ticker that keeps one tick for a reader who is late, as Go's does.
fn killed(phase: u64, delay: u64, period: u64, threshold: u64, lasts: u64) -> u64 {
    let (mut tick, mut free, mut failures) = (phase, 0, 0);
    loop {
        let start = tick.max(free);
        if start >= delay {
            failures += 1;
            if failures == threshold {
                return start + lasts;
            }
            free = start + lasts;
        }
        // Ticks that came while one was already waiting are lost.
        tick += period;
        while tick + period <= free {
            tick += period;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn budgets_are_what_a_prober_does(delay in 0u64..90, period in 1u64..40, threshold in 1u64..12, timeout in 1u64..60) {
        let object = deployment(delay, period, threshold, timeout).to_string();
        let documents = documents(&object);
        let object = Object::new(documents[0].tree.root()).unwrap();
        let workloads = object.workloads(&[]);
        let probe = workloads[0].containers()[0].liveness_probe().unwrap();
        let earliest = (0..period).map(|phase| killed(phase, delay, period, threshold, 0)).min().unwrap();
        prop_assert_eq!(probe.budget(), earliest);
        // A phase is any moment before the period's end, here a whole second.
        let latest = (0..period).map(|phase| killed(phase, delay, period, threshold, timeout)).max().unwrap();
        prop_assert!(latest < probe.latest_kill() && probe.latest_kill() <= latest + 1, "{latest} {}", probe.latest_kill());
        for lasts in 0..=timeout {
            prop_assert!((0..period).all(|phase| killed(phase, delay, period, threshold, lasts) >= probe.budget()));
        }
    }

    #[test]
    fn a_fixed_probe_meets_every_limit(period in 1u64..40, threshold in 1u64..12, timeout in 1u64..60, least in 1u64..6, tolerance in 0u64..90, often in 1u64..30) {
        let content = format!("rules:\n  aggressive-liveness-probe:\n    minFailureThreshold: {least}\n    minToleranceSeconds: {tolerance}\n    minPeriodSeconds: {often}\n");
        let policy = Policy::load(&std::sync::Arc::new(Source::new("policy.yaml", content)), None).unwrap();
        let object = deployment(0, period, threshold, timeout);
        let of_rule = |report: Report| report.findings.into_iter().find(|found| found.finding.rule == "aggressive-liveness-probe");
        let found = of_rule(lint_json(&object, &policy));
        let fine = threshold >= least && (threshold - 1) * period + timeout >= tolerance && period >= often;
        prop_assert_eq!(found.is_none(), fine);
        if let Some(found) = found {
            let after = patched(&object, &found.finding.fix.unwrap().edits).unwrap();
            prop_assert!(of_rule(lint_json(&after, &policy)).is_none(), "{after}");
            let probe = |object: &Value, key: &str| object.pointer(&format!("/spec/template/spec/containers/0/livenessProbe/{key}")).unwrap().as_u64().unwrap();
            prop_assert_eq!(probe(&after, "timeoutSeconds"), timeout);
            // No period makes up for a single failure.
            let alone = threshold.max(least) == 1 && timeout < tolerance;
            prop_assert_eq!(probe(&after, "failureThreshold"), threshold.max(least) + u64::from(alone));
            // The smallest period that is enough.
            let (f, p) = (probe(&after, "failureThreshold"), probe(&after, "periodSeconds"));
            prop_assert!(p == period || p - 1 < often || (f - 1) * (p - 1) + timeout < tolerance);
        }
    }

    #[test]
    fn a_new_startup_probe_gives_time(delay in 0u64..900, period in 1u64..60, threshold in 1u64..60, timeout in 1u64..60) {
        let object = deployment(delay, period, threshold, timeout);
        let report = lint_json(&object, &Policy::default());
        let found = report.findings.into_iter().find(|found| found.finding.rule == "missing-startup-probe").unwrap();
        let after = patched(&object, &found.finding.fix.unwrap().edits).unwrap();
        let startup = after.pointer("/spec/template/spec/containers/0/startupProbe").unwrap();
        let number = |key: &str, default: u64| startup.get(key).map_or(default, |value| value.as_u64().unwrap());
        let (p, f, t) = (number("periodSeconds", 10), number("failureThreshold", 3), number("timeoutSeconds", 1));
        prop_assert_eq!(t, timeout);
        prop_assert!(p >= t && p <= period.max(t) && number("initialDelaySeconds", 0) == 0);
        prop_assert!((f - 1) * p >= 300.max(delay + (threshold - 1) * period));
    }
}
