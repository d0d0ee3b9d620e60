//! A server process: started, asked, ended.

use super::client::{Client, Reply, Tls, receive, tcp};
use super::pki::Mount;
use super::{STAND_IN, eventually};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

/// A server process, killed when dropped.
pub(super) struct Server {
    child: Child,
    pub(super) listen: SocketAddr,
    pub(super) ops: SocketAddr,
    ca: String,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// The real program with these further arguments, ready.
    pub(super) fn start(mount: &Mount, arguments: &[&str]) -> Self {
        Self::of(Command::new(env!("CARGO_BIN_EXE_crashlint")), mount, arguments).ready()
    }

    /// The same before it is ready.
    pub(super) fn start_unready(mount: &Mount, arguments: &[&str]) -> Self {
        Self::of(Command::new(env!("CARGO_BIN_EXE_crashlint")), mount, arguments)
    }

    /// The same with no more than so many open files.
    pub(super) fn start_with_files(mount: &Mount, files: u32, arguments: &[&str]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_crashlint")]);
        Self::of(command, mount, arguments).ready()
    }

    /// A server that does as bodies tell it; see [`super::obey`].
    pub(super) fn stand_in(mount: &Mount, arguments: &[&str]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        // Its arguments are those of the test harness; the server's come in a variable.
        command.args(["--exact", "webhook::stand_in", "--ignored", "--nocapture"]).env(STAND_IN, "");
        Self::of(command, mount, arguments).ready()
    }

    /// One whose standard error is read no further than its first line.
    pub(super) fn start_unread(mount: &Mount, arguments: &[&str]) -> (Self, BufReader<ChildStderr>) {
        let mut child = spawn(Command::new(env!("CARGO_BIN_EXE_crashlint")), mount, arguments);
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (mut line, mut listen) = (String::new(), None);
        while listen.is_none() {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0);
            listen = addresses(&line);
        }
        let (listen, ops) = listen.unwrap();
        (Self { child, listen, ops, ca: mount.ca.pem.clone(), lines: Arc::default() }.ready(), stderr)
    }

    fn of(command: Command, mount: &Mount, arguments: &[&str]) -> Self {
        let mut child = spawn(command, mount, arguments);
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let (stderr, written) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&lines));
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                written.lock().unwrap().push(line);
            }
        });
        let (listen, ops) = eventually("the server starts", || {
            let lines = lines.lock().unwrap();
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the server ended with {status}: {lines:?}");
            }
            lines.iter().find_map(|line| addresses(line))
        });
        Self { child, listen, ops, ca: mount.ca.pem.clone(), lines }
    }

    fn ready(self) -> Self {
        eventually("the server is ready", || self.is_ready().then_some(()));
        self
    }

    pub(super) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    pub(super) fn tls(&self) -> Tls {
        Tls::trusting(&self.ca)
    }

    #[track_caller]
    pub(super) fn post(&self, path: &str, body: &str) -> Reply {
        Client::of(self).post(path, body)
    }

    pub(super) fn try_get(&self, path: &str) -> std::io::Result<Reply> {
        let mut stream = tcp(self.ops)?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n").as_bytes())?;
        receive(&mut BufReader::new(stream))
    }

    #[track_caller]
    pub(super) fn get(&self, path: &str) -> Reply {
        self.try_get(path).unwrap()
    }

    pub(super) fn is_ready(&self) -> bool {
        self.try_get("/readyz").is_ok_and(|reply| reply.status == 200)
    }

    /// The value of a series, named as it is written.
    #[track_caller]
    pub(super) fn metric(&self, series: &str) -> f64 {
        let reply = self.get("/metrics");
        let text = String::from_utf8(reply.body).unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {series} in {text}")).parse().unwrap()
    }

    #[track_caller]
    pub(super) fn metric_reaches(&self, series: &str, least: f64) {
        eventually(series, || (self.metric(series) >= least).then_some(()));
    }

    /// All lines of the log so far, each of which is a JSON object.
    #[track_caller]
    pub(super) fn log(&self) -> Vec<Value> {
        let lines = self.lines.lock().unwrap();
        let parse = |line: &String| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        lines.iter().map(parse).collect()
    }

    /// The first line of the log of which something holds.
    #[track_caller]
    pub(super) fn logged(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        eventually(what, || self.log().into_iter().find(|line| holds(line)))
    }

    pub(super) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    pub(super) fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    pub(super) fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        eventually("the server ends", || child.try_wait().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(mut command: Command, mount: &Mount, arguments: &[&str]) -> Child {
    let (cert, key) = (mount.path("tls.crt"), mount.path("tls.key"));
    let mut all = vec!["webhook"];
    if !arguments.contains(&"--certificate-secret") {
        all.extend(["--cert", cert.to_str().unwrap(), "--key", key.to_str().unwrap()]);
    }
    all.extend(["--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--reload-interval", "50ms"]);
    all.extend(arguments);
    if !arguments.contains(&"--shutdown-delay") {
        all.extend(["--shutdown-delay", "0"]);
    }
    if command.get_envs().any(|(name, _)| name == STAND_IN) {
        command.env(STAND_IN, serde_json::to_string(&all).unwrap());
    } else {
        command.args(&all);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The addresses of the line that says that a server has started.
fn addresses(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let line: Value = serde_json::from_str(line).ok()?;
    Some((line["listen"].as_str()?.parse().ok()?, line["opsListen"].as_str()?.parse().ok()?))
}
