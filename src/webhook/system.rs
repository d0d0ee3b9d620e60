//! What differs from one system to another: ports, signals, the limit of open files.

use super::life::CanNotBegin;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// Connections that may wait to be accepted.
#[cfg(unix)]
const BACKLOG: i32 = 1024;

/// Binds a port; without a named address of IPv6 and IPv4 both, or of IPv4 where there is no other.
///
/// # Errors
/// Where the system refuses.
pub(super) fn bind(address: Option<SocketAddr>, port: u16) -> Result<TcpListener, CanNotBegin> {
    let listen = |address: SocketAddr| -> io::Result<TcpListener> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        // The standard library asks for a queue of 128; where this is called twice the later number counts.
        #[cfg(unix)]
        rustix::net::listen(&listener, BACKLOG)?;
        Ok(listener)
    };
    let any: SocketAddr = (Ipv6Addr::UNSPECIFIED, port).into();
    let wanted = address.unwrap_or(any);
    match listen(wanted) {
        Err(_) if address.is_none() => listen((Ipv4Addr::UNSPECIFIED, port).into()),
        other => other,
    }
    .map_err(|error| CanNotBegin::Listen(wanted, error))
}

/// Open files that are kept for the ops port, the files that are read again, and what the runtimes need.
const OTHER_FILES: u64 = 128;

/// The connections that may be open on the TLS port, so that they can't take the last open file from the others.
pub(super) fn connections(wanted: u32) -> u32 {
    // No limit is none.
    let Some(files) = open_files() else { return wanted };
    let room = files.saturating_sub(OTHER_FILES).max(files / 2);
    let connections = wanted.min(u32::try_from(room).unwrap_or(u32::MAX)).max(1);
    if connections < wanted {
        tracing::warn!(files, connections, "fewer connections than asked for, as open files are limited");
    }
    connections
}

/// Lifts the soft limit of open files to the hard one, as Go's programs do, and returns it: container runtimes give 1024 for
/// the sake of `select`, which nothing here uses.
#[cfg(unix)]
fn open_files() -> Option<u64> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let soft = limit.current;
    limit.current = limit.maximum;
    if setrlimit(Resource::Nofile, limit).is_ok() { limit.maximum } else { soft }
}

#[cfg(not(unix))]
fn open_files() -> Option<u64> {
    None
}

/// What asks a process to end.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// # Errors
    /// Where the system refuses.
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    /// # Errors
    /// None.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        // Where it can't be heard nothing but the system ends the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
