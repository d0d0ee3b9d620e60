//! From start to end.

use super::connection::Stage;
use super::reload::{self, Reload, Seen, Wrong};
use super::server::Server;
use super::system::{Signals, bind, connections};
use super::{Evaluate, Options, accept, evaluate, log, managed, ops};
use crate::engine::outcome::InputError;
use crate::policy::Policy;
use crate::report::pretty;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

/// Exit code where the server can't begin.
const TROUBLE: u8 = 2;
/// The default ports.
const PORT: u16 = 8443;
const OPS_PORT: u16 = 8080;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub(super) enum CanNotBegin {
    /// A port is taken, or not allowed.
    #[error("can not listen on {0}: {1}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The system gives no thread, or the like.
    #[error("the system refuses: {0}")]
    System(#[from] io::Error),
    /// The loop that accepts connections is gone, which is a fault of ours.
    #[error("no connections are accepted any more")]
    Deaf,
}

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
            tracing::error!(reason = %error, "can not serve");
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

fn start(server: &Arc<Server>, seen: Seen) -> Result<(), CanNotBegin> {
    let connections = connections(server.options.max_connections);
    let listener = bind(server.options.listen, PORT)?;
    let ops_listener = bind(server.options.ops_listen, OPS_PORT)?;
    let (listen, ops_listen) = (listener.local_addr()?, ops_listener.local_addr()?);
    let reload = Reload::new(server, seen).start(Arc::clone(server))?;
    managed::start(Arc::clone(server), reload)?;
    ops::start(Arc::clone(server), ops_listener)?;
    let workers = server.options.workers();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        // Evaluations; the pool never asks for more.
        .max_blocking_threads(workers)
        .thread_stack_size(evaluate::STACK)
        .thread_name("serve")
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        let mut signals = Signals::new()?;
        let listener = TcpListener::from_std(listener)?;
        let version = env!("CARGO_PKG_VERSION");
        tracing::info!(version, listen = %listen, opsListen = %ops_listen, workers, "started");
        let mut serving = tokio::spawn(accept::accept(Arc::clone(server), listener, connections));
        tokio::select! {
            () = signals.next() => {}
            _ = &mut serving => return Err(CanNotBegin::Deaf),
        }
        end(server, signals, serving).await;
        Ok(())
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
