//! What the webhook costs end to end: Pods made through the API server without any, with one that does nothing, registered in
//! one entry or as ours is, with `/validate`, and with `/validate` and `/mutate`.
//!
//! A measurement, not a test of its figures: `cargo test --test cluster -- --ignored --nocapture cost`. Nothing schedules the
//! Pods, so that what is measured is the API server and what it asks. `CRASHLINT_COST_BESIDE=NAME` adds a namespace with the label
//! `cost: NAME` to the round, for another webhook that whoever measures has registered for it.

use super::noop::Noop;
use super::{Place, RELEASE, alone, eventually, get, kubectl};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};

/// Blocks of each kind, in turn; a figure is their median.
const BLOCKS: usize = 5;
/// Pods of a block: some seconds.
const PODS: usize = 400;
/// Who makes Pods one after the other, for the highest rate.
const WORKERS: usize = 4;
/// Pods a second where the rate is given, for the time that one takes.
const RATE: u32 = 60;

/// Sorted times of one block, and what it took as a whole.
struct Block {
    times: Vec<Duration>,
    whole: Duration,
}

impl Block {
    fn at(&self, share: f64) -> f64 {
        let index = ((self.times.len() - 1) as f64 * share).round() as usize;
        self.times[index].as_secs_f64() * 1000.0
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn pod() -> Pod {
    let mut pod = super::pod("x");
    pod["metadata"] = json!({"generateName": "cost-"});
    pod["spec"]["schedulerName"] = "nobody".into();
    // What the mutating side has something to do about.
    let container = &mut pod["spec"]["containers"][0];
    container["ports"] = json!([{"containerPort": 8080}]);
    container["livenessProbe"] = json!({"httpGet": {"path": "/", "port": 8080}, "timeoutSeconds": 5});
    serde_json::from_value(pod).unwrap()
}

async fn create(pods: &Api<Pod>) -> Duration {
    let (wanted, begin) = (pod(), Instant::now());
    pods.create(&PostParams::default(), &wanted).await.unwrap();
    begin.elapsed()
}

/// As fast as some workers can, or at a rate.
async fn block(pods: &Api<Pod>, paced: bool) -> Block {
    let begin = Instant::now();
    let mut tasks = Vec::new();
    if paced {
        let mut ticks = interval(Duration::from_secs(1) / RATE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for _ in 0..PODS / 2 {
            ticks.tick().await;
            let pods = pods.clone();
            tasks.push(tokio::spawn(async move { vec![create(&pods).await] }));
        }
    } else {
        for _ in 0..WORKERS {
            let pods = pods.clone();
            tasks.push(tokio::spawn(async move {
                let mut times = Vec::new();
                for _ in 0..PODS / WORKERS {
                    times.push(create(&pods).await);
                }
                times
            }));
        }
    }
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let whole = begin.elapsed();
    times.sort();
    let none = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
    pods.delete_collection(&none, &ListParams::default()).await.unwrap();
    Block { times, whole }
}

/// Blocks in each of the namespaces, in turn.
fn compare(places: &[(String, Place)]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::try_default().await.unwrap();
        for paced in [false, true] {
            let mut all: Vec<Vec<Block>> = places.iter().map(|_| Vec::new()).collect();
            // The first round warms everything up.
            for round in 0..=BLOCKS {
                for ((_, place), blocks) in places.iter().zip(&mut all) {
                    let block = block(&Api::namespaced(client.clone(), &place.0), paced).await;
                    if round > 0 {
                        blocks.push(block);
                    }
                }
            }
            for ((name, _), blocks) in places.iter().zip(&all) {
                let of = |figure: &dyn Fn(&Block) -> f64| median(blocks.iter().map(figure).collect());
                let rate = of(&|block| block.times.len() as f64 / block.whole.as_secs_f64());
                let (half, most) = (of(&|block| block.at(0.5)), of(&|block| block.at(0.99)));
                let load = if paced { format!("{RATE} a second") } else { format!("{WORKERS} at once") };
                eprintln!("cost: {load}, {name}: {rate:.0} Pods/s, p50 {half:.2} ms, p99 {most:.2} ms");
            }
        }
    });
}

/// Lets namespaces with the label `cost: validate` be without `/mutate` while something is measured.
fn without_mutation(measure: impl FnOnce()) {
    let registered = get(&["mutatingwebhookconfiguration", RELEASE])["webhooks"][0]["namespaceSelector"].clone();
    let select = |selector: &Value| {
        let patch = json!([{"op": "replace", "path": "/webhooks/0/namespaceSelector", "value": selector}]).to_string();
        kubectl(&["patch", "mutatingwebhookconfiguration", RELEASE, "--type=json", "-p", &patch]).good();
    };
    let mut narrower = registered.clone();
    let expressions = narrower["matchExpressions"].as_array_mut().unwrap();
    expressions.push(json!({"key": "cost", "operator": "NotIn", "values": ["validate"]}));
    select(&narrower);
    measure();
    select(&registered);
}

#[test]
#[ignore = "a measurement of some minutes"]
fn point_30_the_cost_end_to_end() {
    let _held = alone();
    let noop = Noop::serve();
    noop.register();
    noop.register_alike(RELEASE, "cost-mode");
    let off = |name: &str, label: (&str, &str)| {
        Place::new_in(&format!("cost-{name}"), &[("crashlint.dev/mode", "off"), label])
    };
    let mut places = vec![
        ("no webhook".to_owned(), off("off", ("cost", "none"))),
        ("one that does nothing".to_owned(), off("noop", ("cost", "noop"))),
        ("nothing, registered as ours".to_owned(), off("alike", ("cost-mode", "enforce"))),
        ("nothing, and a patch".to_owned(), off("noop-both", ("cost", "noop-both"))),
        (
            "validate".to_owned(),
            Place::new_in("cost-validate", &[("crashlint.dev/mode", "enforce"), ("cost", "validate")]),
        ),
        ("validate and mutate".to_owned(), Place::with_mode("cost-both", "enforce")),
    ];
    if let Ok(beside) = std::env::var("CRASHLINT_COST_BESIDE") {
        let place = off("beside", ("cost", &beside));
        places.push((beside, place));
    }
    without_mutation(|| {
        let patched = |place: &Place| {
            let made = place.send(&["create", "--dry-run=server", "-o", "json"], &serde_json::to_value(pod()).unwrap());
            made.good().out.contains("crashlint.dev/patched")
        };
        eventually("Pods are patched where they should be", || {
            (patched(&places[5].1) && !patched(&places[4].1)).then_some(())
        });
        compare(&places);
    });
    // Whoever is not asked costs nothing.
    let pods = (BLOCKS + 1) * (PODS + PODS / 2);
    let asked = noop.asked();
    assert!(asked[0] >= 2 * pods && asked[1..].iter().all(|asked| *asked >= pods), "{asked:?} for {pods}");
}
