//! Rolling updates under load, and the end.

use super::{Place, RELEASE, VALUES, alone, doomed, helm, install, kubectl, pod, upgrade};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

/// Sends requests all the while under failurePolicy Fail, and panics where one is not answered by the webhook. Returns how
/// many there were.
fn under_load(place: &Place, work: impl FnOnce()) -> usize {
    let (stop, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let asked = [(pod("good"), false), (doomed(pod("bad")), true)];
    thread::scope(|scope| {
        for (object, doomed) in &asked {
            let (stop, count) = (&stop, &count);
            scope.spawn(move || {
                while !stop.load(Relaxed) {
                    let said = place.send(&["create", "--dry-run=server"], object);
                    assert!(if *doomed { said.is_denied() } else { said.ok }, "{said:?}");
                    count.fetch_add(1, Relaxed);
                }
            });
        }
        // A panic in here must end the load, too.
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        stop.store(true, Relaxed);
        worked.unwrap();
    });
    let count = count.load(Relaxed);
    assert!(count >= 10, "only {count} requests");
    count
}

pub(super) fn closed(further: &[&str]) {
    let mut values = VALUES.to_vec();
    values.push("webhook.failurePolicy=Fail");
    values.extend(further);
    upgrade(RELEASE, &values);
}

#[test]
fn point_19_no_request_fails_while_servers_are_replaced() {
    let _held = alone();
    let place = Place::with_mode("rolling", "enforce");
    closed(&[]);
    super::eventually("it is asked", || place.send(&["create"], &doomed(pod("x"))).is_denied().then_some(()));
    let requests = under_load(&place, || {
        kubectl(&["--namespace", RELEASE, "rollout", "restart", "deployment/crashlint"]).good();
        kubectl(&["--namespace", RELEASE, "rollout", "status", "deployment/crashlint", "--timeout=180s"]).good();
        // Another version, other arguments, three servers and two again.
        closed(&["podAnnotations.version=next", "logLevel=debug", "replicas=3"]);
        closed(&[]);
        // And one that is killed.
        let pods = super::get(&["--namespace", RELEASE, "pods", "--selector=app.kubernetes.io/name=crashlint"]);
        let name = pods["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
        kubectl(&["--namespace", RELEASE, "delete", "pod", &name, "--wait=false"]).good();
        kubectl(&["--namespace", RELEASE, "rollout", "status", "deployment/crashlint", "--timeout=180s"]).good();
    });
    eprintln!("{requests} requests while servers were replaced, none failed");
    upgrade(RELEASE, VALUES);
}

#[test]
fn point_17_no_request_fails_while_certificates_and_cas_rotate() {
    let _held = alone();
    let place = Place::with_mode("rotated", "enforce");
    // A release of its own: the shared one's CA lives for months.
    let _home = Place::new("rotating");
    install("rotating", &["webhook.failurePolicy=Fail", "certificates.validity=30s", "certificates.interval=1s"]);
    let bundle = || {
        let path = "jsonpath={.webhooks[0].clientConfig.caBundle}";
        kubectl(&["get", "validatingwebhookconfiguration", "rotating-rotating-crashlint", "-o", path]).good().out
    };
    super::eventually("it is asked", || place.send(&["create"], &pod("x")).ok.then_some(()));
    let requests = under_load(&place, || {
        // A CA of four times 30 s: the next one comes after 90 s, and the first one goes after 120 s.
        let first = bundle();
        super::eventually("two CAs are trusted", || (bundle().len() > first.len() * 3 / 2).then_some(()));
        super::eventually("the first one is forgotten", || (bundle().len() < first.len() * 3 / 2).then_some(()));
        assert_ne!(bundle(), first);
    });
    eprintln!("{requests} requests while certificates and their CA rotated, none failed");
    helm(&["uninstall", "rotating", "--namespace", "rotating", "--wait", "--timeout", "2m"]).good();
}

#[test]
fn point_24_an_uninstall_leaves_nothing() {
    let _held = alone();
    let everything = || {
        let kinds =
            "all,secrets,configmaps,serviceaccounts,roles,rolebindings,poddisruptionbudgets,endpointslices,leases";
        let namespaced = kubectl(&["--namespace", "second", "get", kinds, "-o", "name"]).good().out;
        let cluster = "clusterroles,clusterrolebindings,validatingwebhookconfigurations,mutatingwebhookconfigurations";
        let all = kubectl(&["get", cluster, "-o", "name"]).good().out;
        let mut lines: Vec<String> = namespaced.lines().chain(all.lines()).map(ToOwned::to_owned).collect();
        lines.sort();
        lines
    };
    let _place = Place::new("second");
    super::eventually("what every namespace has", || {
        everything().iter().any(|line| line.contains("kube-root-ca")).then_some(())
    });
    let before = everything();
    install("second", VALUES);
    assert!(everything().len() > before.len() + 8);
    helm(&["uninstall", "second", "--namespace", "second", "--wait", "--timeout", "2m"]).good();
    super::eventually("the servers have ended", || {
        kubectl(&["--namespace", "second", "get", "pods", "-o", "name"]).out.is_empty().then_some(())
    });
    let after =
        super::eventually("all of it is gone", || Some(everything()).filter(|after| after.len() <= before.len()));
    assert_eq!(after, before);
}
