//! Rules that need the other manifests: the order of files never matters, and the same object twice confuses nothing.

use crate::fixtures::{self, entries, lint, text};
use crashlint::engine::Input;
use crashlint::engine::outcome::Report;
use crashlint::finding::Severity;
use crashlint::policy::Policy;
use crashlint::rules::{RULES, Scope};
use crashlint::source::Source;
use std::collections::BTreeSet;
use std::sync::Arc;

fn complete() -> Policy {
    Policy::load(&Arc::new(Source::new("p", "set: complete\n".to_owned())), None).unwrap()
}

/// Every document of one side of a rule's fixture.
fn documents(rule: &str, side: &str) -> Vec<String> {
    let folder = fixtures::root().join(rule);
    let with = format!("{side}-with-");
    let names = entries(&folder).into_iter().filter(|name| *name == format!("{side}.yaml") || name.starts_with(&with));
    let texts = names.map(|name| std::fs::read_to_string(folder.join(name)).unwrap());
    texts.flat_map(|text| text.split("\n---\n").map(|document| format!("{document}\n")).collect::<Vec<_>>()).collect()
}

/// What a rule says, wherever it stands.
fn said(rule: &str, documents: &[&String], policy: &Policy) -> BTreeSet<(Severity, String, String)> {
    let inputs: Vec<Input> =
        documents.iter().enumerate().map(|(at, document)| text(&format!("{at}.yaml"), document.as_bytes())).collect();
    let report = lint(&inputs, policy);
    let of_rule = report.findings.iter().filter(|found| found.finding.rule == rule);
    of_rule
        .map(|found| {
            let object = found
                .object
                .as_ref()
                .map_or_else(String::new, |object| format!("{} {} {:?}", object.kind, object.name, object.namespace));
            (found.severity, object, found.finding.path().pointer())
        })
        .collect()
}

/// Numbers that look like chance, the same each time.
fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for at in (1..items.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(at, (seed >> 33) as usize % (at + 1));
    }
}

#[test]
fn neither_the_order_of_files_nor_a_second_copy_of_each_changes_what_is_said() {
    let mut compared = 0;
    for rule in RULES.iter().filter(|rule| matches!(rule.scope, Scope::Set | Scope::PodAndSet)) {
        for side in ["bad", "good"] {
            let documents = documents(rule.name, side);
            for policy in [Policy::default(), complete()] {
                let mut all: Vec<&String> = documents.iter().collect();
                let once = said(rule.name, &all, &policy);
                compared += once.len();
                for seed in 0..4 {
                    shuffle(&mut all, seed);
                    assert_eq!(said(rule.name, &all, &policy), once, "{} {side}, order {seed}", rule.name);
                }
                let mut twice: Vec<&String> = documents.iter().chain(&documents).collect();
                shuffle(&mut twice, 9);
                assert_eq!(said(rule.name, &twice, &policy), once, "{} {side}, twice", rule.name);
            }
        }
    }
    assert!(compared > 50, "{compared}");
}

fn run(manifests: &str, policy: &Policy) -> Report {
    lint(&[text("a.yaml", manifests)], policy)
}

fn rules(report: &Report) -> Vec<&'static str> {
    let known = ["missing-memory-limit", "latest-image-tag", "unknown-field"];
    report.active().map(|found| found.finding.rule).filter(|rule| !known.contains(rule)).collect()
}

/// A pod that refers to something.
fn pod(spec: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: asks}}\nspec:\n  restartPolicy: Never\n  {spec}\n  containers: [{{name: a, image: 'a/b:1'}}]\n"
    )
}

#[test]
fn what_a_stateful_set_or_an_operator_makes_is_there() {
    let claim = |name: &str| pod(&format!("volumes: [{{name: v, persistentVolumeClaim: {{claimName: {name}}}}}]"));
    let store = "apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: a, image: 'a/b:1'}]}}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]
";
    let policy = complete();
    assert!(rules(&run(&format!("{store}{}", claim("data-db-0")), &policy)).is_empty());
    assert_eq!(rules(&run(&format!("{store}{}", claim("data-db-x")), &policy)), ["claim-missing"]);
    assert_eq!(rules(&run(&format!("{store}{}", claim("logs-db-0")), &policy)), ["claim-missing"]);

    let secret = |name: &str| pod(&format!("volumes: [{{name: v, secret: {{secretName: {name}}}}}]"));
    let cluster = "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: ledger}\nspec: {bootstrap: {initdb: {secret: {name: owner-login}}}}\n";
    for made in ["ledger", "ledger-app", "owner-login"] {
        assert!(rules(&run(&format!("{cluster}{}", secret(made)), &policy)).is_empty(), "{made}");
    }
    assert_eq!(rules(&run(&format!("{cluster}{}", secret("ledgers")), &policy)), ["secret-missing"]);
}

#[test]
fn a_kustomization_gives_names_and_reads_from_elsewhere() {
    let policy = complete();
    let input = |name: &str, content: &str| Input { path: Some(name.into()), ..text(name, content) };
    let refers = pod("volumes: [{name: v, configMap: {name: dev-settings-v2}}]").trim_start_matches("---\n").to_owned();
    let settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n";
    let run = |kustomization: &str| {
        let inputs = [
            input("/nowhere/kustomization.yaml", kustomization),
            input("/nowhere/a.yaml", &refers),
            input("/nowhere/b.yaml", settings),
        ];
        rules(&lint(&inputs, &policy))
    };
    assert_eq!(run("resources: [a.yaml, b.yaml]\n"), ["configmap-missing"]);
    assert_eq!(run("namePrefix: prod-\nnameSuffix: -v2\n"), ["configmap-missing"]);
    assert!(run("namePrefix: dev-\nnameSuffix: -v2\n").is_empty());
    assert!(run("resources: [a.yaml, 'https://example.com/more.yaml']\n").is_empty());
    assert!(run("helmCharts: [{name: more}]\n").is_empty());
    assert!(run("configMapGenerator: [{name: dev-settings-v2, literals: [a=b]}]\n").is_empty());
}

#[test]
fn an_object_that_comes_alone_is_asked_nothing_of_others() {
    use crashlint::engine::admission::verdicts;
    use crashlint::k8s::object::Object;
    for rule in RULES.iter().filter(|rule| rule.scope == Scope::Set) {
        for document in documents(rule.name, "bad") {
            for parsed in crashlint::yaml::documents(&document).filter_map(Result::ok) {
                for object in Object::all(parsed.tree.root()) {
                    let said = verdicts(object, Some("shop"), &complete(), &[]);
                    assert!(said.iter().all(|verdict| verdict.finding.rule != rule.name), "{}: {document}", rule.name);
                }
            }
        }
    }
}

#[test]
fn a_limit_range_without_a_namespace_speaks_of_its_folder_and_those_below() {
    let input = |name: &str, content: &str| Input { path: Some(name.into()), ..text(name, content) };
    let range = |namespace: &str| {
        format!(
            "apiVersion: v1\nkind: LimitRange\nmetadata: {{name: r{namespace}}}\nspec: {{limits: [{{type: Container, default: {{memory: 1Gi}}}}]}}\n"
        )
    };
    let asks = pod("nodeName: a").trim_start_matches("---\n").to_owned();
    let found = |range_at: &str, range: &str, pod: &str, policy: &Policy| {
        let report = lint(&[input(range_at, range), input("/nowhere/apps/shop/a.yaml", pod)], policy);
        report.active().filter(|found| found.finding.rule == "missing-memory-limit").count()
    };
    let partial = Policy::default();
    for (at, wanted) in [
        ("/nowhere/apps/shop/range.yaml", 0),
        ("/nowhere/apps/range.yaml", 0),
        ("/nowhere/range.yaml", 0),
        ("/nowhere/apps/cart/range.yaml", 1),
        ("/nowhere/apps/sho/range.yaml", 1),
        ("/nowhere/apps/shop/below/range.yaml", 1),
    ] {
        assert_eq!(found(at, &range(""), &asks, &partial), wanted, "{at}");
        assert_eq!(found(at, &range(""), &asks, &complete()), 0, "{at}, complete");
    }
    let named = range(", namespace: shop");
    let here = asks.replace("name: asks", "name: asks, namespace: shop");
    let there = asks.replace("name: asks", "name: asks, namespace: cart");
    assert_eq!(found("/nowhere/other/range.yaml", &named, &here, &partial), 0);
    assert_eq!(found("/nowhere/apps/shop/range.yaml", &named, &there, &partial), 1);
}

#[test]
fn a_namespace_of_that_name_far_away_may_be_another_clusters() {
    let range = |namespace: &str| {
        format!(
            "apiVersion: v1\nkind: LimitRange\nmetadata: {{name: r, namespace: {namespace}}}\n\
             spec: {{limits: [{{type: Container, max: {{memory: 1Gi}}}}]}}\n"
        )
    };
    let asks = |namespace: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: {namespace}}}\nspec: {{containers: [{{name: a, image: 'a/b:1', \
             resources: {{limits: {{memory: 2Gi}}}}}}]}}\n"
        )
    };
    let found = |range_at: &str, namespace: &str, policy: &Policy| {
        let input = |name: &str, content: &str| Input { path: Some(name.into()), ..text(name, content) };
        let report =
            lint(&[input(range_at, &range(namespace)), input("/nowhere/apps/shop/a.yaml", &asks(namespace))], policy);
        let severities: Vec<_> = report
            .active()
            .filter(|found| found.finding.rule == "limitrange-violation")
            .map(|found| found.severity)
            .collect();
        severities
    };
    let partial = Policy::default();
    for (at, namespace, wanted) in [
        ("/nowhere/apps/shop/range.yaml", "default", &[Severity::Error][..]),
        ("/nowhere/range.yaml", "shop", &[Severity::Error]),
        ("/nowhere/apps/shop/below/range.yaml", "shop", &[Severity::Error]),
        ("/nowhere/other/range.yaml", "shop", &[Severity::Warning]),
        ("/nowhere/other/range.yaml", "default", &[]),
    ] {
        assert_eq!(found(at, namespace, &partial), wanted, "{at} {namespace}");
        assert_eq!(found(at, namespace, &complete()), [Severity::Error], "{at} {namespace}, complete");
    }
}

#[test]
fn a_kustomization_that_renames_services_keeps_rules_about_their_names_silent() {
    let input = |name: &str, content: &str| Input { path: Some(name.into()), ..text(name, content) };
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: redis}\nspec: {ports: [{port: 6379}]}\n";
    let asks = pod("priority: 0").trim_start_matches("---\n").replace(
        "image: 'a/b:1'",
        "image: 'rediscommander/redis-commander:0.4.5', env: [{name: A, value: 'dev-redis:6379'}]",
    );
    let found = |kustomization: &str, policy: &Policy| {
        let inputs = [
            input("/nowhere/kustomization.yaml", kustomization),
            input("/nowhere/a.yaml", &asks),
            input("/nowhere/b.yaml", service),
        ];
        rules(&lint(&inputs, policy))
    };
    let plain = "resources: [a.yaml, b.yaml]\n";
    assert_eq!(found(plain, &Policy::default()), ["service-link-collision"]);
    assert_eq!(found(plain, &complete()), ["service-link-collision", "dependency-service-missing"]);
    assert!(found("namePrefix: dev-\n", &complete()).is_empty());
    assert_eq!(found("namePrefix: prod-\n", &complete()), ["dependency-service-missing"]);
}

#[test]
fn a_service_of_the_same_name_far_away_is_no_near_miss() {
    let input = |name: &str, content: &str| Input { path: Some(name.into()), ..text(name, content) };
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: ledger, namespace: other}\nspec: {ports: [{port: 80}]}\n";
    let asks = pod("priority: 0")
        .trim_start_matches("---\n")
        .replace("name: asks", "name: asks, namespace: shop")
        .replace("image: 'a/b:1'", "image: 'a/b:1', env: [{name: A, value: 'http://ledger'}]");
    let found = |service_at: &str, policy: &Policy| {
        rules(&lint(&[input("/nowhere/shop/a.yaml", &asks), input(service_at, service)], policy))
    };
    assert_eq!(found("/nowhere/shop/b.yaml", &Policy::default()), ["dependency-service-missing"]);
    assert!(found("/nowhere/other/b.yaml", &Policy::default()).is_empty());
    assert_eq!(found("/nowhere/other/b.yaml", &complete()), ["dependency-service-missing"]);
}
