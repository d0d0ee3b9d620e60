//! Speed of the whole program beside the event parser alone, as ratios from one run.
//!
//!     CRASHLINT_CORPUS=FOLDER cargo bench --bench lint
//!
//! Copies the folder until it holds about 100 MB, then runs in turn, several times: the event parser alone over every file (a process
//! of this same program), the linter on one thread, the linter on two. Prints medians, ratios and peak memory.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;
const BYTES: u64 = 100 << 20;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--events") {
        return events(Path::new(&args[at + 1]));
    }
    let Some(corpus) = std::env::var_os("CRASHLINT_CORPUS").map(PathBuf::from) else {
        println!("set CRASHLINT_CORPUS to a folder of manifests");
        return;
    };
    let scratch = tempfile::tempdir().unwrap();
    let files = yaml_files(&corpus);
    let size: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
    let copies = BYTES.div_ceil(size);
    for copy in 0..copies {
        for file in &files {
            let to = scratch.path().join(format!("all/{copy}")).join(file.strip_prefix(&corpus).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(file, to).unwrap();
        }
    }
    println!(
        "{} files, {:.0} MB; once: {} files, {:.1} MB",
        files.len() * copies as usize,
        mb(size * copies),
        files.len(),
        mb(size)
    );

    let all = scratch.path().join("all");
    let once = scratch.path().join("all/0");
    let small = scratch.path().join("small.yaml");
    std::fs::write(&small, SMALL).unwrap();
    let lint = |threads: &str, folder: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crashlint"));
        command.args(["--quiet", "--fail-on", "never", "--format", "json", "--threads", threads]).arg(folder);
        command
    };
    let parse = || {
        let mut command = Command::new(&args[0]);
        command.arg("--events").arg(&all);
        command
    };
    let mut runs: [Vec<(Duration, u64)>; 5] = Default::default();
    for _ in 0..ROUNDS {
        runs[0].push(timed(parse()));
        runs[1].push(timed(lint("1", &all)));
        runs[2].push(timed(lint("2", &all)));
        runs[3].push(timed(lint("1", &once)));
    }
    for _ in 0..25 {
        runs[4].push(timed(lint("0", &small)));
    }
    let names = [
        "event parser alone",
        "crashlint, 1 thread",
        "crashlint, 2 threads",
        "crashlint, the corpus once",
        "crashlint, one file of 50 lines",
    ];
    let base = median(&mut runs[0]);
    println!("{:32} {:>10} {:>8} {:>9} {:>9}", "", "median", "MB/s", "× events", "peak MB");
    for (at, name) in names.iter().enumerate() {
        let time = median(&mut runs[at]);
        let bytes = [size * copies, size * copies, size * copies, size, SMALL.len() as u64][at];
        let peak = runs[at].iter().map(|run| run.1).max().unwrap();
        let ratio = if at < 3 { format!("{:.2}", time.as_secs_f64() / base.as_secs_f64()) } else { String::new() };
        println!(
            "{name:32} {:>8.1}ms {:>8.1} {ratio:>9} {:>9.1}",
            time.as_secs_f64() * 1e3,
            mb(bytes) / time.as_secs_f64(),
            peak as f64 / 1024.0
        );
    }
    println!(
        "two threads are {:.2} × as fast as one",
        median(&mut runs[1]).as_secs_f64() / median(&mut runs[2]).as_secs_f64()
    );
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn median(runs: &mut [(Duration, u64)]) -> Duration {
    runs.sort();
    runs[runs.len() / 2].0
}

/// Wall time, and peak resident memory in KiB as Linux tells it while the process lives.
fn timed(mut command: Command) -> (Duration, u64) {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let peak = std::thread::spawn(move || {
        let mut peak = 0;
        while let Ok(text) = std::fs::read_to_string(&status) {
            let Some(line) = text.lines().find(|line| line.starts_with("VmHWM")) else { break };
            peak = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(peak);
            std::thread::sleep(Duration::from_millis(10));
        }
        peak
    });
    child.wait().unwrap();
    (start.elapsed(), peak.join().unwrap())
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let walk = ignore::WalkBuilder::new(folder).sort_by_file_path(Path::cmp).build();
    walk.flatten()
        .map(ignore::DirEntry::into_path)
        .filter(|path| {
            path.is_file() && path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
        })
        .collect()
}

/// Every event of every file, comments included, and nothing else.
fn events(folder: &Path) {
    let mut count = 0usize;
    for file in yaml_files(folder) {
        let text = std::fs::read_to_string(file).unwrap();
        let options = granit_parser::options! { max_buffered_comment_events: usize::MAX };
        count += granit_parser::Parser::new_from_str_with_options(&text, options).filter(Result::is_ok).count();
    }
    println!("{count} events");
}

const SMALL: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels:
    app: web
spec:
  replicas: 2
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: registry.example.com/shop/web:1.2.3
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: A
              value: b
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
            limits:
              memory: 256Mi
          livenessProbe:
            httpGet:
              path: /livez
              port: http
            periodSeconds: 5
          readinessProbe:
            httpGet:
              path: /readyz
              port: http
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector:
    app: web
  ports:
    - port: 80
";
