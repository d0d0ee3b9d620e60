//! What a policy file may say, and what is said of a wrong one.

use super::*;
use crate::yaml;

fn load(text: &str) -> Result<Policy, Vec<String>> {
    let source = Arc::new(Source::new("ci/.crashlint.yaml", text.to_owned()));
    Policy::load(&source, None).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn errors(text: &str) -> Vec<String> {
    load(text).err().unwrap_or_default()
}

fn finding(rule: &'static str, severity: Severity) -> Finding {
    Finding::new(rule, severity, crate::path::Path::root(), "")
}

fn gravest(severity: Severity) -> &'static str {
    RULES.iter().find(|rule| rule.severity == severity).unwrap().name
}

#[test]
fn every_error_is_found_with_its_place_and_the_right_word() {
    let text = "extends: stirct
rules:
  agressive-liveness-probe: {}
  missing-startup-probe: {severty: error}
  latest-image-tag: {severity: warn}
  unknown-field: warning
  aggressive-liveness-probe: {minPeriod: 3}
exemption: []
";
    assert_eq!(
        errors(text),
        [
            "ci/.crashlint.yaml:1:10: `extends` can't be `stirct`: did you mean `strict`?",
            "ci/.crashlint.yaml:3:3: there is no rule `agressive-liveness-probe`: did you mean `aggressive-liveness-probe`?",
            "ci/.crashlint.yaml:4:27: unknown field `severty`: did you mean `severity`?",
            "ci/.crashlint.yaml:5:32: `severity` can't be `warn`: did you mean `warning`?",
            "ci/.crashlint.yaml:6:18: the settings of `unknown-field` must be a mapping, such as `{severity: warning}`",
            "ci/.crashlint.yaml:7:31: `aggressive-liveness-probe` has no option `minPeriod`: did you mean `minPeriodSeconds`?",
            "ci/.crashlint.yaml:8:1: unknown field `exemption`: did you mean `exemptions`?",
        ]
    );
    assert_eq!(
        errors("exemptions:\n- rules: [nothing-known-here]\n  reason: ' '\n  expires: tomorrow\n  files: ['[']\n")
            .len(),
        4
    );
    assert_eq!(
        errors("exemptions:\n- rules: [unknown-field]\n"),
        ["ci/.crashlint.yaml:2:3: `exemptions[0]` lacks `reason`"]
    );
    assert_eq!(errors("a: [\n").len(), 1);
    assert_eq!(errors("set: complete\n---\nset: partial\n").len(), 1);
    assert_eq!(
        errors("kubernetesVersion: 1.36\n"),
        ["ci/.crashlint.yaml:1:20: `kubernetesVersion` must be a string, but `1.36` is a number: quote it"]
    );
    assert_eq!(
        errors("mutate: [unknown-field]\n"),
        ["ci/.crashlint.yaml:1:10: `unknown-field` has no fix that may be applied unasked"]
    );
    assert_eq!(errors("exemptions: [{reason: a, labels: 'a ~ b'}]\n").len(), 1);
}

#[test]
fn what_is_said_holds() {
    let policy = load(
        "extends: minimal\nhonourAnnotations: false\nset: complete\nmode: enforce\nkubernetesVersion: '1.34'\n\
         kinds: [{group: example.com, kind: Pool, plural: pools, path: /spec/members/*/template}]\n\
         slowStarters: [{name: a thing, seconds: 90, images: [thing]}]\nmutate: [missing-startup-probe]\n",
    )
    .unwrap();
    assert_eq!((policy.profile, policy.mode, policy.set), (Profile::Minimal, Mode::Enforce, Completeness::Complete));
    assert_eq!((policy.kubernetes_minor, policy.honour_annotations), (Some(34), false));
    assert_eq!(policy.tables.kinds[0].route, "spec.members[].template");
    assert_eq!(policy.tables.slow_starters[0].seconds, 90);
    assert_eq!(policy.mutate, ["missing-startup-probe"]);
    assert!(load("").unwrap().honour_annotations);
    assert!(load("# nothing\n").unwrap().runs("unknown-field"));
}

#[test]
fn severities_of_profiles_and_files() {
    let (error, warning) = (gravest(Severity::Error), gravest(Severity::Warning));
    let is = |policy: &Policy, rule, own| policy.severity(&finding(rule, own));
    let minimal = Policy::of(Profile::Minimal);
    assert_eq!(is(&minimal, error, Severity::Error), Some(Severity::Error));
    assert_eq!(is(&minimal, error, Severity::Warning), None);
    let recommended = Policy::default();
    assert_eq!(is(&recommended, warning, Severity::Info), Some(Severity::Info));
    let strict = Policy::of(Profile::Strict);
    assert_eq!(is(&strict, warning, Severity::Info), Some(Severity::Warning));
    let file =
        load(&format!("extends: minimal\nrules: {{{error}: {{severity: error}}, {warning}: {{severity: info}}}}\n"))
            .unwrap();
    assert_eq!(is(&file, error, Severity::Error), Some(Severity::Error));
    assert_eq!(is(&file, error, Severity::Info), Some(Severity::Warning), "a heuristic case never rises above warning");
    assert_eq!(is(&file, warning, Severity::Warning), Some(Severity::Info));
    let all = load(&format!("rules: {{{error}: {{severity: error, tiers: all, action: deny}}}}\n")).unwrap();
    assert_eq!(is(&all, error, Severity::Info), Some(Severity::Error));
    assert_eq!(all.action(&finding(error, Severity::Info), Severity::Error), Action::Deny);
    assert_eq!(all.action(&finding(warning, Severity::Warning), Severity::Warning), Action::Warn);
    for off in ["off", "'off'", "false"] {
        let off = load(&format!("rules: {{{error}: {{severity: {off}}}}}\n")).unwrap();
        assert!(!off.runs(error) && off.runs(warning));
        assert_eq!(is(&off, error, Severity::Error), None);
        assert_eq!(off.settings.iter().filter(|setting| setting.is_off()).count(), 1);
    }
}

#[test]
fn a_profile_given_on_the_command_line_replaces_extends() {
    let source = Arc::new(Source::new("p.yaml", "extends: strict\nrules: {unknown-field: {severity: info}}\n".into()));
    let policy = Policy::load(&source, Some(Profile::Minimal)).unwrap();
    assert_eq!(policy.profile, Profile::Minimal);
    assert!(!policy.raise_info && policy.minimum == Some(Severity::Error));
    assert_eq!(policy.severity(&finding("unknown-field", Severity::Warning)), Some(Severity::Info));
}

#[test]
fn options_of_file_and_profile_are_merged_key_by_key() {
    let strict = "extends: strict\nrules: {aggressive-liveness-probe: {minFailureThreshold: 5}}\n";
    assert!(load(strict).is_ok());
    let wrong = "extends: strict\nrules: {aggressive-liveness-probe: {minFailureThreshold: many}}\n";
    assert_eq!(
        errors(wrong),
        ["ci/.crashlint.yaml:2:58: `minFailureThreshold` must be a whole number from 0, but \"many\" is a string"]
    );
}

#[test]
fn exemptions_match_are_counted_and_expire() {
    let policy = load(
        "exemptions:\n- {rules: [unknown-field], files: ['charts/**/*.yaml'], reason: vendored}\n\
         - {namespaces: [dev-*], kinds: [Deployment], names: [a*], labels: 'tier in (x, y), !prod', reason: dev, expires: 2030-01-31}\n\
         - {names: [never], reason: none}\n- {labels: {a: b}, reason: old, expires: 2020-01-01}\n",
    )
    .unwrap()
    .on(jiff::civil::date(2030, 1, 31));
    let labels = "{tier: x, a: b}";
    let document = yaml::documents(labels).next().unwrap().unwrap();
    let target = |rule, file| Target {
        rule,
        file,
        namespace: Some("dev-1"),
        kind: Some("Deployment"),
        name: Some("api"),
        labels: Some(document.tree.root()),
    };
    let by = |target: &Target<'_>| policy.exemption(target).map(|exempted| (exempted.by, exempted.reason));
    assert_eq!(
        by(&target("latest-image-tag", "x.yaml")),
        Some(("exemption of ci/.crashlint.yaml:3".into(), "dev".into()))
    );
    assert_eq!(by(&Target { namespace: None, ..target("latest-image-tag", "x.yaml") }), None);
    assert_eq!(by(&Target { name: Some("b"), ..target("latest-image-tag", "x.yaml") }), None);
    assert_eq!(by(&Target { labels: None, ..target("latest-image-tag", "x.yaml") }), None);
    let vendored = |file| by(&Target { namespace: None, ..target("unknown-field", file) }).is_some();
    assert!(vendored("ci/charts/a/b.yaml") && vendored("./ci/x/../charts/b.yaml"));
    assert!(!vendored("charts/a/b.yaml") && !vendored("-"));
    let unused: Vec<_> = policy.unused_exemptions().map(|unused| unused.message).collect();
    assert_eq!(unused, ["this exemption matches nothing", "this exemption has expired: its last day was 2020-01-01"]);
    let later = policy.on(jiff::civil::date(2030, 2, 1));
    assert!(later.exemption(&target("latest-image-tag", "x.yaml")).is_none());
}

#[test]
fn the_schema_is_committed_and_takes_the_profiles() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/policy.schema.json");
    let schema = schema();
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == text, "policies/policy.schema.json is stale: run the tests with BLESS=1");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let fits = |text: &str| {
        let document = yaml::documents(text).next().unwrap().unwrap();
        validator.is_valid(&document.tree.root().to_json())
    };
    for profile in ["minimal", "recommended", "strict"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("policies/{profile}.yaml"));
        assert!(fits(&std::fs::read_to_string(path).unwrap()), "{profile}");
    }
    assert!(fits(
        "{rules: {unknown-field: {severity: off}, latest-image-tag: null}, exemptions: [{labels: a=b, reason: c}]}"
    ));
    for wrong in [
        "{extends: none}",
        "{rules: {nothing: {}}}",
        "{exemptions: [{names: [a]}]}",
        "{rules: {unknown-field: {x: 1}}}",
    ] {
        assert!(!fits(wrong), "{wrong}");
    }
}

#[test]
fn the_nearest_file_above_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(folder.path().join("a").join(FILE_NAME), "").unwrap();
    assert_eq!(Policy::find_upwards(&deep).unwrap(), folder.path().join("a").join(FILE_NAME));
}
