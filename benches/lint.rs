//! Speed of the whole program and of its parts, beside other programs, from one run.
//!
//!     CRASHLINT_CORPUS=FOLDER cargo bench --bench lint
//!     CRASHLINT_CORPUS=FOLDER CRASHLINT_BESIDE="/bin/kube-linter lint {}:/bin/kubeconform -ignore-missing-schemas -schema-location /none {}" cargo bench --bench lint
//!
//! Programs run in turn; `{}` stands for the folder of manifests. CPU time is a mean, user and system together, as a process tells it of
//! its children; wall time is a median. In process, the best of several rounds counts, as others disturb only to the worse.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use crashlint::engine::{self, Input};
use crashlint::policy::Policy;
use crashlint::yaml;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;
const COPIES: u64 = 20;
const WORKLOADS: usize = 100_000;

fn main() {
    let Some(corpus) = std::env::var_os("CRASHLINT_CORPUS").map(PathBuf::from) else {
        println!("set CRASHLINT_CORPUS to a folder of manifests");
        return;
    };
    let scratch = tempfile::tempdir().unwrap();
    let files = yaml_files(&corpus);
    let texts: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let size: usize = texts.iter().map(String::len).sum();
    println!("corpus: {} files, {:.1} MB", files.len(), mb(size));

    println!("\nwhole programs over the corpus, in turn");
    let once = |threads: &str| lint(threads, &corpus);
    let mut programs: Vec<Program> =
        vec![Program::new("crashlint, 1 thread", once("1")), Program::new("crashlint, 2 threads", once("2"))];
    programs.extend(beside(&corpus));
    run_in_turn(&mut programs, ROUNDS);
    let base = programs[0].cpu();
    programs.iter().for_each(|program| program.print(Some(base)));

    println!("\nthe same folder {COPIES} times, one file of 50 lines, {WORKLOADS} workloads in a thousand files");
    let all = scratch.path().join("all");
    for copy in 0..COPIES {
        for (file, text) in files.iter().zip(&texts) {
            write(&all.join(copy.to_string()).join(file.strip_prefix(&corpus).unwrap()), text);
        }
    }
    let small = scratch.path().join("small.yaml");
    write(&small, SMALL);
    let many = scratch.path().join("many");
    for file in 0..1000 {
        let mut text = String::new();
        for at in 0..WORKLOADS / 1000 {
            writeln!(text, "{}---", SMALL.replace("web", &format!("web-{file}-{at}"))).unwrap();
        }
        write(&many.join(format!("{file}.yaml")), &text);
    }
    let mut copied =
        [Program::new("20 times, 1 thread", lint("1", &all)), Program::new("20 times, 2 threads", lint("2", &all))];
    run_in_turn(&mut copied, 3);
    copied.iter().for_each(|program| program.print(Some(base)));
    let mut one = [Program::new("one small file", lint("0", &small))];
    run_in_turn(&mut one, 40);
    one[0].print(None);
    let mut large = [Program::new("100,000 workloads, 2 threads", lint("2", &many))];
    run_in_turn(&mut large, 3);
    large[0].print(None);

    println!("\nin process, one thread, the best of {ROUNDS}");
    // Nearly all bytes of the corpus are in long scalars of CustomResourceDefinitions and dashboards.
    let ordinary: Vec<&str> = texts
        .iter()
        .map(String::as_str)
        .filter(|text| !text.contains("kind: CustomResourceDefinition") && !text.to_lowercase().contains("dashboard"))
        .collect();
    let everything: Vec<&str> = texts.iter().map(String::as_str).collect();
    for (name, texts) in [("ordinary manifests", &ordinary), ("corpus", &everything)] {
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        let rate = |time: Duration| mb(bytes) / time.as_secs_f64();
        let parts = |text: &str| yaml::parts(text, 0).flatten().collect::<Vec<_>>();
        let read = |text: &str| parts(text).into_iter().filter(|part| yaml::document(text, *part).is_ok()).count();
        let general = |text: &str| parts(text).into_iter().filter(|part| yaml::general(text, *part).is_ok()).count();
        let inputs: Vec<Input> = texts
            .iter()
            .enumerate()
            .map(|(at, text)| Input {
                name: format!("{at}.yaml").into(),
                path: None,
                named: true,
                text: Some(text.as_bytes().to_vec()),
            })
            .collect();
        let policy = Policy::default();
        let general = best(3, || texts.iter().map(|text| general(text)).sum());
        let fast = best(ROUNDS, || texts.iter().map(|text| read(text)).sum());
        let linted = best(ROUNDS, || engine::lint(&inputs, &policy, 1, &|_, _| ()).summary.objects);
        println!(
            "{name:20} {:>6.1} MB   general parser {:>6.1} MB/s   read {:>6.1} MB/s ({:.1} ×)   all rules {:>6.1} MB/s",
            mb(bytes),
            rate(general),
            rate(fast),
            general.as_secs_f64() / fast.as_secs_f64(),
            rate(linted),
        );
    }
}

fn lint(threads: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crashlint"));
    command.args(["--quiet", "--fail-on", "never", "--format", "json", "--threads", threads]).arg(folder);
    command
}

/// The programs that `CRASHLINT_BESIDE` names, between colons.
fn beside(folder: &Path) -> Vec<Program> {
    let named = std::env::var("CRASHLINT_BESIDE").unwrap_or_default();
    let programs = named.split(':').filter(|line| !line.trim().is_empty()).map(|line| {
        let mut words = line.split_whitespace().map(|word| word.replace("{}", folder.to_str().unwrap()));
        let program = words.next().unwrap();
        let mut command = Command::new(&program);
        command.args(words);
        Program::new(Path::new(&program).file_name().unwrap().to_str().unwrap(), command)
    });
    programs.collect()
}

/// A command, with what its runs took.
struct Program {
    name: String,
    command: Command,
    /// User and system time of all runs, in clock ticks.
    ticks: u64,
    walls: Vec<Duration>,
    peak_kib: u64,
}

impl Program {
    fn new(name: &str, mut command: Command) -> Self {
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self { name: name.into(), command, ticks: 0, walls: Vec::new(), peak_kib: 0 }
    }

    /// Mean CPU time, in milliseconds.
    fn cpu(&self) -> f64 {
        // USER_HZ, in which /proc counts, is 100 on every Linux that this runs on.
        self.ticks as f64 * 10.0 / self.walls.len() as f64
    }

    fn print(&self, base: Option<f64>) {
        let mut walls = self.walls.clone();
        walls.sort();
        let wall = walls[walls.len() / 2].as_secs_f64() * 1e3;
        let ratio = base.map(|base| format!("{:>8.2} ×", self.cpu() / base)).unwrap_or_default();
        println!(
            "{:30} CPU {:>9.1} ms   wall {wall:>9.1} ms   peak {:>7.1} MB {ratio}",
            self.name,
            self.cpu(),
            self.peak_kib as f64 / 1024.0
        );
    }
}

fn run_in_turn(programs: &mut [Program], rounds: usize) {
    for round in 0..=rounds {
        for program in &mut *programs {
            let before = children_ticks();
            let start = Instant::now();
            let mut child = program.command.spawn().unwrap();
            let status = format!("/proc/{}/status", child.id());
            let peak = std::thread::spawn(move || {
                let mut peak = 0;
                while let Ok(text) = std::fs::read_to_string(&status) {
                    let Some(line) = text.lines().find(|line| line.starts_with("VmHWM")) else { break };
                    peak = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(peak);
                    std::thread::sleep(Duration::from_millis(5));
                }
                peak
            });
            child.wait().unwrap();
            let wall = start.elapsed();
            program.peak_kib = program.peak_kib.max(peak.join().unwrap());
            // The first round warms the file cache.
            if round > 0 {
                program.walls.push(wall);
                program.ticks += children_ticks() - before;
            }
        }
    }
}

/// CPU time of the children that have ended (proc_pid_stat(5): cutime and cstime), in clock ticks.
fn children_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[13].parse::<u64>().unwrap() + fields[14].parse::<u64>().unwrap()
}

fn best(rounds: usize, mut work: impl FnMut() -> usize) -> Duration {
    let timed = (0..rounds).map(|_| {
        let start = Instant::now();
        std::hint::black_box(work());
        start.elapsed()
    });
    timed.min().unwrap()
}

fn mb(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let walk = ignore::WalkBuilder::new(folder).sort_by_file_path(Path::cmp).build();
    walk.flatten()
        .map(ignore::DirEntry::into_path)
        .filter(|path| path.is_file() && path.extension().is_some_and(|end| end == "yaml" || end == "yml"))
        .collect()
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
