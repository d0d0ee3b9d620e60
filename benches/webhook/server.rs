//! The real server as a process of its own, started here and ended here, and what the kernel says of it.

use crate::client::Target;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Kernel clock ticks a second, as /proc tells CPU time: 100 on every architecture that Linux runs on.
const TICKS: f64 = 100.0;

/// The full rule set, and every fix that `/mutate` may apply.
pub(crate) const POLICY: &str =
    "extends: recommended\nmode: warn\nmutate: [missing-startup-probe, aggressive-liveness-probe]\n";

/// A server that lives as long as this.
pub(crate) struct Server {
    child: Child,
    folder: TempDir,
    tls: SocketAddr,
    /// From the start of the process to the first "ready".
    pub(crate) ready: Duration,
}

impl Server {
    /// Starts one, on the first core alone where it is `pinned`.
    pub(crate) fn start(pinned: bool) -> Self {
        let binary = env!("CARGO_BIN_EXE_crashlint");
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new(binary).args(["certs", "dev"]).arg(folder.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::write(folder.path().join("policy.yaml"), POLICY).unwrap();
        let [tls, ops] = free();
        let mut command = Command::new(if pinned { "taskset" } else { binary });
        if pinned {
            command.args(["-c", "0", binary]);
        }
        command.arg("webhook").args(["--listen", &tls.to_string(), "--ops-listen", &ops.to_string()]);
        for (flag, file) in [("--cert", "tls.crt"), ("--key", "tls.key"), ("--policy", "policy.yaml")] {
            command.arg(flag).arg(folder.path().join(file));
        }
        let begin = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut server = Self { child, folder, tls, ready: Duration::ZERO };
        while !is_ready(ops) {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("the server ended before it was ready: {status}");
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "the server was not ready after 20 s");
            std::thread::sleep(Duration::from_micros(500));
        }
        server.ready = begin.elapsed();
        server
    }

    pub(crate) fn target(&self) -> Target {
        Target::new(self.tls, &self.folder.path().join("ca.crt"))
    }

    /// Resident bytes: now, and at the highest.
    pub(crate) fn memory(&self) -> (u64, u64) {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let value = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
        };
        (value("VmRSS"), value("VmHWM"))
    }

    /// See [`cpu`].
    pub(crate) fn cpu(&self) -> f64 {
        cpu(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Seconds of CPU time that a process used, in user and kernel mode.
pub(crate) fn cpu(process: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name in parentheses may hold anything; the numbers come after it, the state first.
    let mut numbers = text.rsplit_once(')').unwrap().1.split_whitespace().skip(11);
    let mut next = || numbers.next().unwrap().parse::<f64>().unwrap();
    (next() + next()) / TICKS
}

/// Keeps this process, with all its threads to come, on one core, or on all of them again. Whether that could be done.
pub(crate) fn pin_self(core: Option<usize>) -> bool {
    let cores = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    let to = core.map_or(cores.trim().to_owned(), |core| core.to_string());
    let mut command = Command::new("taskset");
    command.args(["-a", "-c", "-p", &to, &std::process::id().to_string()]).stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Two ports that nobody listens on at this moment.
fn free() -> [SocketAddr; 2] {
    let sockets = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    sockets.map(|socket| socket.local_addr().unwrap())
}

fn is_ready(ops: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(ops)?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut text = [0; 12];
        stream.read_exact(&mut text)?;
        Ok(text == *b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}
