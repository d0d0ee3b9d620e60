//! The chart: what it renders is what an API server takes, and what crashlint itself has nothing to say about.

use super::{RELEASE, helm, kubectl, run, shared};

const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/crashlint");

/// Values as people have them.
const SETS: &[(&str, &[&str])] = &[
    ("defaults", &[]),
    (
        "closed",
        &[
            "webhook.failurePolicy=Fail",
            "policy.mode=enforce",
            "replicas=3",
            "priorityClassName=system-cluster-critical",
        ],
    ),
    (
        "mutating",
        &["policy.mutate={missing-startup-probe,aggressive-liveness-probe}", "policy.extra.honourAnnotations=true"],
    ),
    ("cert-manager", &["certificates.provider=cert-manager"]),
    (
        "issuer",
        &[
            "certificates.provider=cert-manager",
            "certificates.certManager.issuerRef.name=corp",
            "certificates.certManager.issuerRef.kind=ClusterIssuer",
        ],
    ),
    (
        "everything",
        &[
            "autoscaling.enabled=true",
            "networkPolicy.enabled=true",
            "serviceMonitor.enabled=true",
            "prometheusRule.enabled=true",
            "dashboard.enabled=true",
            "clientAuthentication.caConfigMap=front-proxy-ca",
            "clientAuthentication.names={kube-apiserver}",
            "imagePullSecrets[0].name=registry",
            "commonLabels.team=platform",
            "podLabels.a=b",
            "fullnameOverride=lint",
            "image.digest=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ],
    ),
];

fn render(values: &[&str]) -> super::Said {
    let mut all = vec!["template", "crashlint", CHART, "--namespace", "lint-system", "--kube-version", "1.36"];
    all.extend(values.iter().flat_map(|value| ["--set", value]));
    helm(&all)
}

#[test]
fn point_24_every_set_of_values_is_sound() {
    let _held = shared();
    kubectl(&["create", "namespace", "lint-system"]);
    for (name, values) in SETS {
        let mut all = vec!["lint", "--strict", CHART];
        all.extend(values.iter().flat_map(|value| ["--set", value]));
        helm(&all).good();
        let rendered = render(values).good().out;
        // The API server's own decoder; kinds of other projects are not known here.
        let known: Vec<&str> = rendered
            .split("\n---\n")
            .filter(|text| !text.contains("monitoring.coreos.com/") && !text.contains("cert-manager.io/v1"))
            .collect();
        let known = known.join("\n---\n");
        let said = run("kubectl", &["create", "--dry-run=server", "--validate=strict", "-f", "-"], Some(&known));
        assert!(said.ok && said.warnings().is_empty(), "{name}: {said:?}");
        let linted =
            run(env!("CARGO_BIN_EXE_crashlint"), &["--profile", "strict", "--fail-on", "info", "-"], Some(&rendered));
        assert!(linted.ok, "{name}: {}{}", linted.out, linted.err);
        // The policy is one that the server takes.
        let folder = tempfile::tempdir().unwrap();
        let (_, policy) = rendered.split_once("policy.yaml: |\n").unwrap();
        let policy: String = policy
            .lines()
            .take_while(|line| line.starts_with("    "))
            .map(|line| format!("{}\n", &line[4..]))
            .collect();
        let file = folder.path().join("policy.yaml");
        std::fs::write(&file, policy).unwrap();
        let used = run(env!("CARGO_BIN_EXE_crashlint"), &["--policy", file.to_str().unwrap(), "-"], Some(""));
        assert!(used.ok, "{name}: {used:?}");
    }
    kubectl(&["delete", "namespace", "lint-system", "--wait=false"]);
}

#[test]
fn point_24_wrong_values_are_refused_with_their_name() {
    for (value, word) in [
        ("policy.mode=enforced", "mode"),
        ("webhook.failurePolicy=ignore", "failurePolicy"),
        ("webhook.validatingTimeoutSeconds=31", "validatingTimeoutSeconds"),
        ("certificates.provider=selfsigned", "provider"),
        ("certificates.validity=90d", "validity"),
        ("replica=3", "replica"),
        ("policy.extra.mode=warn", "extra"),
    ] {
        let said = render(&[value]);
        assert!(!said.ok && said.err.contains(word), "{value}: {said:?}");
    }
}

#[test]
fn point_24_the_release_tests_itself() {
    let _held = shared();
    let said = helm(&["test", RELEASE, "--namespace", RELEASE, "--timeout", "2m"]).good();
    assert!(said.out.contains("Succeeded"), "{said:?}");
    let notes = helm(&["get", "notes", RELEASE, "--namespace", RELEASE]).good().out;
    assert!(notes.contains("crashlint.dev/mode=enforce") && notes.contains("crashlint.dev/mode=off"), "{notes}");
}

#[test]
fn point_24_the_servers_run_restricted() {
    let _held = shared();
    let said = kubectl(&[
        "label",
        "--dry-run=server",
        "--overwrite",
        "namespace",
        RELEASE,
        "pod-security.kubernetes.io/enforce=restricted",
    ]);
    // The API server says which Pods there are that this would refuse.
    assert!(said.ok && said.err.is_empty(), "{said:?}");
}
