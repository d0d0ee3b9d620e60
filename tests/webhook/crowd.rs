//! Five thousand at once.

use super::client::Client;
use super::pki::Mount;
use super::review;
use super::server::Server;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::thread;

const CROWD: usize = 5000;

/// Kilobytes of memory that a process holds (proc_pid_status(5), VmRSS).
#[cfg(target_os = "linux")]
fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid().as_raw_nonzero())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// The server lifts its own limit of open files; the soft one of this process is lifted here.
#[test]
fn point_10_five_thousand_idle_connections_leave_requests_answered() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();

    let mount = Mount::new();
    let server = Server::start(&mount, &["--max-connections", "6000"]);
    assert_eq!(server.post("/validate", &review("first")).status, 200);
    #[cfg(target_os = "linux")]
    let before = resident(&server);
    let tls = server.tls();
    let mut crowd: Vec<Client> = thread::scope(|scope| {
        let part = || (0..CROWD / 4).map(|_| Client::connect(server.listen, &tls).unwrap()).collect::<Vec<_>>();
        let parts = [0; 4].map(|_| scope.spawn(part));
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    server.metric_reaches("crashlint_connections", CROWD as f64);
    for client in crowd.iter_mut().step_by(5) {
        assert_eq!(client.post("/validate", &review("one of many")).status, 200);
    }
    assert_eq!(server.post("/validate", &review("one more")).status, 200);
    assert_eq!(server.get("/readyz").status, 200);
    #[cfg(target_os = "linux")]
    {
        let each = (resident(&server) - before) * 1024 / CROWD as u64;
        println!("{each} bytes for each idle connection");
        assert!(each < 48 << 10, "an idle connection holds {each} bytes");
    }
}
