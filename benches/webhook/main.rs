//! Speed and memory of `crashlint webhook`, over TLS on loopback, with a client of its own.
//!
//!     cargo bench --bench webhook                        # every scenario but the soak
//!     cargo bench --bench webhook -- rate --seconds 60   # one of them, for longer
//!     cargo bench --bench webhook -- soak 60             # an hour at a constant rate; fails when memory grows
//!     cargo bench --bench webhook -- bodies FOLDER       # write the reviews that are sent, for other tools
//!
//! Server and client share the machine. What is not bounded by the client is told as reviews per second of the server's own CPU
//! time ("a core"), and `one-core` gives the server a core to itself, with `taskset`. The server writes its log to /dev/null.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod client;
mod load;
mod reviews;
mod server;
mod stats;

use crashlint::policy::Policy;
use crashlint::source::Source;
use crashlint::webhook::answer::{Door, answer};
use load::{Load, Tally};
use reviews::Review;
use server::Server;
use stats::{Row, Stats};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

// Checked against other tools, in turn with them, three rounds of 6 s, pod 10 KB /validate, 8 connections, on two cores that were
// very busy with other work. Closed loop, reviews per second of server CPU: wrk 4.1.0 1321, 1195, 1322; this client 1312, 1234,
// 1371. Reviews per second: wrk 1782, 1321, 1299; this client 1519, 1618, 1701. p99: wrk 13, 29, 34 ms; this client 18, 11, 10 ms.
// Open loop at 500/s, p50: vegeta 12 1.5, 1.6, 1.2 ms; this client 1.1, 1.2, 1.2 ms. p99: vegeta 9, 32, 7 ms; this client 54, 8,
// 17 ms. So what is told by server CPU agrees within 4 %; tails were the machine's, and are not yet confirmed on a quiet one.

/// What can be asked for on the command line.
struct Options {
    scenarios: Vec<String>,
    /// Seconds of each measurement.
    seconds: u64,
    /// Connections kept open by the client.
    connections: usize,
    /// Reviews per second where the rate is constant.
    rate: u32,
    /// Minutes of the soak.
    minutes: u64,
    /// Where `bodies` writes to.
    folder: Option<String>,
}

const SCENARIOS: [&str; 8] = ["engine", "start", "idle", "max", "rate", "one-core", "connect", "large"];

fn main() -> ExitCode {
    let Some(options) = options() else {
        println!("scenarios: {}, soak MINUTES, bodies FOLDER", SCENARIOS.join(", "));
        println!("options: --seconds N, --connections N, --rate N");
        return ExitCode::from(2);
    };
    if let Some(folder) = &options.folder {
        return bodies(Path::new(folder));
    }
    let mut flat = true;
    for scenario in &options.scenarios {
        match scenario.as_str() {
            "engine" => engine(),
            "start" => start(),
            "idle" => idle(),
            "max" => max(&options),
            "rate" => rate(&options, false),
            "one-core" => rate(&options, true),
            "connect" => connect(&options),
            "large" => large(&options),
            _ => flat &= soak(&options),
        }
        println!();
    }
    if flat { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn options() -> Option<Options> {
    let mut options =
        Options { scenarios: Vec::new(), seconds: 10, connections: 8, rate: 1000, minutes: 0, folder: None };
    // Cargo adds `--bench`.
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => options.seconds = words.next()?.parse().ok()?,
            "--connections" => options.connections = words.next()?.parse().ok()?,
            "--rate" => options.rate = words.next()?.parse().ok()?,
            "soak" => {
                options.minutes = words.next()?.parse().ok()?;
                options.scenarios.push(word);
            }
            "bodies" => options.folder = Some(words.next()?),
            known if SCENARIOS.contains(&known) => options.scenarios.push(word),
            _ => return None,
        }
    }
    if options.scenarios.is_empty() {
        options.scenarios = SCENARIOS.map(str::to_owned).to_vec();
    }
    Some(options)
}

fn bodies(folder: &Path) -> ExitCode {
    std::fs::create_dir_all(folder).unwrap();
    for review in reviews::all() {
        let name = format!("{}.json", review.name.replace(' ', "-"));
        std::fs::write(folder.join(&name), &review.body).unwrap();
        println!("{name}: object {} bytes, review {} bytes", review.object, review.body.len());
    }
    ExitCode::SUCCESS
}

/// The answer's time in this process, without any socket.
fn engine() {
    println!("engine: bytes of a review to bytes of an answer, in one thread of this process");
    println!(
        "{:24} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "bytes", "p50 µs", "p99 µs", "p99.9 µs", "max µs", "cpu µs"
    );
    let policy = Policy::load(&Arc::new(Source::new("policy.yaml", server::POLICY.to_owned())), None).unwrap();
    let sizes: [(fn() -> Review, usize); 4] = [
        (|| reviews::pod(2_000), 20_000),
        (|| reviews::pod(10_000), 20_000),
        (|| reviews::pod(100_000), 1_000),
        (reviews::large, 20),
    ];
    for (make, count) in sizes {
        let review = make();
        for (path, door) in [("validate", Door::Validate(None)), ("mutate", Door::Mutate)] {
            let mut stats = Stats::default();
            // The mean of CPU time stays true on a machine that is busy with other things.
            let cpu = server::cpu(std::process::id());
            let rounds = count + count / 10;
            for round in 0..rounds {
                let start = Instant::now();
                let result = answer(door, &review.body, &policy, &mut |_| {});
                let took = start.elapsed();
                result.unwrap();
                // The first tenth warms caches and branch predictors.
                if round >= count / 10 {
                    stats.add(took);
                }
            }
            let cpu = (server::cpu(std::process::id()) - cpu) / rounds as f64 * 1e6;
            let [p50, p99, p999, worst] = [0.5, 0.99, 0.999, 1.0].map(|share| ms(stats.quantile(share)) * 1e3);
            let name = format!("{} {path}", review.name);
            println!("{name:24} {:>9} {p50:>9.0} {p99:>9.0} {p999:>9.0} {worst:>9.0} {cpu:>9.0}", review.body.len());
        }
    }
}

/// From the start of the process to the first "ready", with a certificate at hand.
fn start() {
    let mut ready = Stats::default();
    let mut answered = Stats::default();
    let review = reviews::pod(2_000);
    for _ in 0..21 {
        let begin = Instant::now();
        let server = Server::start(false);
        ready.add(server.ready);
        client::Client::connect(&server.target()).unwrap().ask(&review.request("/validate")).unwrap();
        answered.add(begin.elapsed());
    }
    println!(
        "start, of 21: ready after {:.1} ms (median), {:.1} ms (worst); first review answered after {:.1} ms (median)",
        ms(ready.quantile(0.5)),
        ms(ready.quantile(1.0)),
        ms(answered.quantile(0.5))
    );
}

fn idle() {
    let server = Server::start(false);
    std::thread::sleep(Duration::from_secs(3));
    let (rss, _) = server.memory();
    let cpu = server.cpu();
    std::thread::sleep(Duration::from_secs(5));
    println!("idle: {:.1} MiB resident, {:.2} % of a core", mib(rss), (server.cpu() - cpu) / 5.0 * 100.0);
    // What a quiet cluster keeps: warm code, and the kept-alive connections of one API server.
    let request = reviews::pod(10_000).request("/validate");
    let mut clients: Vec<_> = (0..8).map(|_| client::Client::connect(&server.target()).unwrap()).collect();
    for client in &mut clients {
        client.ask(&request).unwrap();
    }
    println!("idle after 8 connections have asked: {:.1} MiB resident", mib(server.memory().0));
}

/// As many as go through, each connection asking again as soon as it is answered.
fn max(options: &Options) {
    Row::heading(&format!("closed loop, {} connections", options.connections));
    for (review, path) in [
        (reviews::pod(2_000), "/validate"),
        (reviews::pod(10_000), "/validate"),
        (reviews::pod(10_000), "/mutate"),
        (reviews::pod(100_000), "/validate"),
    ] {
        let server = Server::start(false);
        let load = Load { pace: None, ..Load::of(options, &review.request(path)) };
        measure(&server, &load).print(&format!("{} {path}", review.name));
    }
}

/// At a constant rate, with latency from the instant at which a review was due.
fn rate(options: &Options, pinned: bool) {
    let review = reviews::pod(10_000);
    if pinned && !server::pin_self(Some(1)) {
        return println!("one-core: needs `taskset` and two cores");
    }
    let place = if pinned { "the server alone on one core" } else { "all cores" };
    Row::heading(&format!("open loop, {}/s, {} connections, {place}", options.rate, options.connections));
    for path in ["/validate", "/mutate"] {
        let server = Server::start(pinned);
        measure(&server, &Load::of(options, &review.request(path))).print(&format!("{} {path}", review.name));
    }
    if pinned {
        Row::heading(&format!("closed loop, {} connections, {place}", options.connections));
        for path in ["/validate", "/mutate"] {
            let server = Server::start(true);
            let load = Load { pace: None, ..Load::of(options, &review.request(path)) };
            measure(&server, &load).print(&format!("{} {path}", review.name));
        }
        server::pin_self(None);
    }
}

/// A full handshake for every review.
fn connect(options: &Options) {
    Row::heading(&format!("a new connection and a full handshake each, {} at once", options.connections));
    let server = Server::start(false);
    let request = reviews::pod(2_000).request("/validate");
    let load = Load { pace: None, fresh: true, ..Load::of(options, &request) };
    measure(&server, &load).print("pod 2 KB /validate");
}

/// Reviews as large as the limit allows.
fn large(options: &Options) {
    let review = reviews::large();
    Row::heading(&format!("{} of {:.2} MiB", review.name, mib(review.body.len() as u64)));
    for connections in [1, 2, 4] {
        let server = Server::start(false);
        let load = Load { pace: None, connections, ..Load::of(options, &review.request("/validate")) };
        measure(&server, &load).print(&format!("{connections} at once"));
    }
}

/// A constant rate for a long time; whether memory stayed as it was.
fn soak(options: &Options) -> bool {
    let server = Server::start(false);
    let request = reviews::pod(10_000).request("/validate");
    println!("soak: {}/s for {} min", options.rate, options.minutes);
    println!("{:>8} {:>10} {:>9} {:>9} {:>7}", "s", "RSS MiB", "p50 ms", "p99 ms", "failed");
    let mut resident = Vec::new();
    let mut failed = 0;
    let step = Duration::from_secs(10);
    load::run(
        &server.target(),
        &Load { time: Duration::from_secs(options.minutes * 60), ..Load::of(options, &request) },
        step,
        |at, tally| {
            let rss = server.memory().0;
            resident.push(rss);
            failed += tally.failed;
            println!(
                "{:>8} {:>10.1} {:>9.2} {:>9.2} {:>7}",
                at.as_secs(),
                mib(rss),
                ms(tally.times.quantile(0.5)),
                ms(tally.times.quantile(0.99)),
                tally.failed
            );
        },
    );
    let (flat, verdict) = stats::flat(&resident);
    println!("{verdict}; {failed} failed");
    flat && failed == 0
}

/// Warms the server for a second, then measures.
fn measure(server: &Server, load: &Load) -> Row {
    load::run(&server.target(), &Load { time: Duration::from_secs(1), ..load.clone() }, Duration::MAX, |_, _| {});
    let (cpu, begin) = (server.cpu(), Instant::now());
    let mut tally = Tally::default();
    load::run(&server.target(), load, Duration::MAX, |_, all| tally.join(all));
    let (wall, cpu) = (begin.elapsed(), server.cpu() - cpu);
    let (rss, peak) = server.memory();
    Row { tally, wall, cpu, rss, peak }
}

impl Load {
    fn of(options: &Options, request: &[u8]) -> Self {
        Self {
            request: request.into(),
            connections: options.connections,
            pace: Some(Duration::from_secs(1) / options.rate),
            fresh: false,
            time: Duration::from_secs(options.seconds),
        }
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
