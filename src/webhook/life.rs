//! From start to end.

use super::connection::Stage;
use super::reload::{self, Reload, Seen, Wrong};
use super::server::Server;
use super::{Evaluate, Options, accept, evaluate, log, ops};
use crate::engine::outcome::InputError;
use crate::policy::Policy;
use crate::report::pretty;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep, timeout};

/// Exit code where the server can't begin.
const TROUBLE: u8 = 2;
/// The default ports.
const PORT: u16 = 8443;
const OPS_PORT: u16 = 8080;

/// Runs the server until a signal ends it.
#[must_use]
pub fn run(options: Options, evaluate: Arc<Evaluate>) -> ExitCode {
    // Before anything is logged, so that a person at a terminal reads sentences.
    let (policy, seen) = match options.policy.as_deref().map_or_else(|| Ok(built_in()), reload::policy) {
        Ok(policy) => policy,
        Err(wrong) => return refuse(wrong),
    };
    let (dropped_lines, guard) = log::start(options.log_level);
    evaluate::hook_panics();
    let server = Server::new(options, policy, evaluate, dropped_lines);
    let code = match start(&server, seen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(reason = format!("{error:#}"), "can not begin");
            ExitCode::from(TROUBLE)
        }
    };
    // Writes what waits to be logged, unless nobody reads it.
    drop(guard);
    code
}

fn built_in() -> (Policy, Seen) {
    (Policy::default(), Seen::default())
}

fn refuse(wrong: Wrong) -> ExitCode {
    let errors = match wrong {
        Wrong::Policy(wrong) => wrong
            .into_iter()
            .map(|error| InputError {
                file: error.file,
                line: Some(error.position.line),
                column: Some(error.position.column),
                message: error.message,
            })
            .collect(),
        Wrong::Unreadable(wrong) => {
            vec![InputError { file: wrong.file, line: None, column: None, message: wrong.why }]
        }
    };
    let mut stderr = anstream::AutoStream::auto(io::stderr());
    for error in &errors {
        // Nobody is left to be told where this fails.
        let _ = pretty::input_error(error, &mut stderr);
    }
    let _ = stderr.flush();
    ExitCode::from(TROUBLE)
}

fn start(server: &Arc<Server>, seen: Seen) -> anyhow::Result<()> {
    use anyhow::Context as _;
    let connections = connections(server.options.max_connections);
    let listener = bind(server.options.listen, PORT)?;
    let ops_listener = bind(server.options.ops_listen, OPS_PORT)?;
    let (listen, ops_listen) = (listener.local_addr()?, ops_listener.local_addr()?);
    Reload::new(server, seen).start(Arc::clone(server)).context("the thread that reads files")?;
    ops::start(Arc::clone(server), ops_listener).context("the ops port")?;
    let workers = server.options.workers();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        // Evaluations; the pool never asks for more.
        .max_blocking_threads(workers)
        .thread_stack_size(evaluate::STACK)
        .thread_name("serve")
        .enable_all()
        .build()
        .context("the threads that serve")?;
    let result = runtime.block_on(async {
        let mut signals = Signals::new().context("signals")?;
        let listener = TcpListener::from_std(listener)?;
        let version = env!("CARGO_PKG_VERSION");
        tracing::info!(version, listen = %listen, opsListen = %ops_listen, workers, "started");
        let serving = tokio::spawn(accept::accept(Arc::clone(server), listener, connections));
        signals.next().await;
        end(server, signals, serving).await;
        anyhow::Ok(())
    });
    // An evaluation that goes on for ever must not hold the process.
    runtime.shutdown_background();
    result
}

/// Unready at once; then time for everybody to notice; then the last requests. A second signal ends the waiting.
async fn end(server: &Server, mut signals: Signals, serving: tokio::task::JoinHandle<()>) {
    let options = &server.options;
    server.stage.send_replace(Stage::Leaving);
    tracing::info!("shutting down: unready, and answers end their connections");
    let graceful = async {
        sleep(options.shutdown_delay).await;
        server.stage.send_replace(Stage::Draining);
        tracing::info!("shutting down: nothing new is accepted");
        if timeout(options.drain_timeout, serving).await.is_err() {
            tracing::warn!(connections = server.metrics.connections.get(), "shutting down with connections open");
        }
    };
    tokio::select! {
        () = graceful => {}
        () = signals.next() => tracing::warn!("shutting down at once"),
    }
    tracing::info!("ended");
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Binds a port; without a named address of IPv6 and IPv4 both, or of IPv4 where there is no other.
fn bind(address: Option<SocketAddr>, port: u16) -> anyhow::Result<std::net::TcpListener> {
    use anyhow::Context as _;
    let listen = |address: SocketAddr| -> io::Result<std::net::TcpListener> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        // std asks for a queue of 128 connections; twice called, the larger number counts.
        rustix::net::listen(&listener, BACKLOG)?;
        Ok(listener)
    };
    let any: SocketAddr = (Ipv6Addr::UNSPECIFIED, port).into();
    let wanted = address.unwrap_or(any);
    match listen(wanted) {
        Err(_) if address.is_none() => listen((Ipv4Addr::UNSPECIFIED, port).into()),
        other => other,
    }
    .with_context(|| format!("can not listen on {wanted}"))
}

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Open files that are kept for the ops port, the files that are read again, and what the runtimes need.
const OTHER_FILES: u64 = 128;

/// Lifts the soft limit of open files to the hard one, as Go's programs do: container runtimes give 1024 for the sake of
/// `select`, which nothing here uses. Returns the connections that may be open on the TLS port, so that they can't take the
/// last file from the others.
fn connections(wanted: u32) -> u32 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let soft = limit.current;
    limit.current = limit.maximum;
    let files = if setrlimit(Resource::Nofile, limit).is_ok() { limit.maximum } else { soft };
    // No limit is none.
    let Some(files) = files else { return wanted };
    let room = files.saturating_sub(OTHER_FILES).max(files / 2);
    let connections = wanted.min(u32::try_from(room).unwrap_or(u32::MAX)).max(1);
    if connections < wanted {
        tracing::warn!(files, connections, "fewer connections than asked for, as open files are limited");
    }
    connections
}
