//! The TLS port: connections in, as many as may be, and none of them able to end the loop.

use super::connection::{End, Stage, serve};
use super::metrics::Dropped;
use super::routes::routes;
use super::server::Server;
use super::watch::{Limits, Phase};
use axum::Router;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// First wait where the system has no room for another connection; doubled up to the second one.
const BACK_OFF: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(1)];

/// Accepts until the server drains, and returns when all connections have ended. No more than `cap` are open at once.
pub(super) async fn accept(server: Arc<Server>, listener: TcpListener, cap: u32) {
    let routes = routes(Arc::clone(&server));
    let places = Arc::new(Semaphore::new(cap as usize));
    let mut stage = server.stage.subscribe();
    let mut wait = BACK_OFF[0];
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stage.wait_for(|stage| *stage == Stage::Draining) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                wait = BACK_OFF[0];
                begin(&server, &places, stream, &routes);
            }
            Err(error) if is_of_one_connection(&error) => {
                server.metrics.accept_errors.inc();
            }
            Err(error) => {
                // Most likely no file descriptor is left. Connections that end give theirs back.
                server.metrics.accept_errors.inc();
                tracing::error!(%error, "can not accept connections");
                sleep(wait).await;
                wait = (wait * 2).min(BACK_OFF[1]);
            }
        }
    }
    // Those that the system has taken already are served; to close the listener would reset them.
    while let Ok(Ok((stream, _))) = timeout(Duration::from_millis(1), listener.accept()).await {
        begin(&server, &places, stream, &routes);
    }
    drop(listener);
    // All places are free once all connections have ended.
    let _ = places.acquire_many(cap).await;
}

/// Faults of a connection that was gone before it was accepted (accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

fn begin(server: &Arc<Server>, places: &Arc<Semaphore>, stream: TcpStream, routes: &Router) {
    // A client that is refused at once can go elsewhere, or the API server go by its failurePolicy; one that waits in a
    // queue takes the request's time.
    let Ok(place) = Arc::clone(places).try_acquire_owned() else {
        server.metrics.dropped(Dropped::Refused);
        return;
    };
    tokio::spawn(connection(Arc::clone(server), place, stream, routes.clone()));
}

async fn connection(server: Arc<Server>, place: OwnedSemaphorePermit, stream: TcpStream, routes: Router) {
    let open = Open::new(&server, place);
    if let Some(reason) = run(&server, stream, routes).await {
        server.metrics.dropped(reason);
        tracing::debug!(reason = reason.word(), "a connection came to nothing");
    }
    drop(open);
}

/// Counts a connection while it is open.
struct Open<'s> {
    server: &'s Server,
    _place: OwnedSemaphorePermit,
}

impl<'s> Open<'s> {
    fn new(server: &'s Server, place: OwnedSemaphorePermit) -> Self {
        server.metrics.connections.inc();
        Self { server, _place: place }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.server.metrics.connections.dec();
    }
}

/// Serves a connection; says what was wrong with it.
async fn run(server: &Server, stream: TcpStream, routes: Router) -> Option<Dropped> {
    // Answers are written in one piece, and to wait for more would cost up to 40 ms each.
    let _ = stream.set_nodelay(true);
    let Some(config) = server.certificates.config() else { return Some(Dropped::NoCertificate) };
    let options = &server.options;
    let handshake = Box::pin(TlsAcceptor::from(config).accept(stream));
    let stream = match timeout(options.handshake_timeout, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(_)) => return Some(Dropped::HandshakeFailed),
        Err(_) => return Some(Dropped::HandshakeTimeout),
    };
    let limits = Limits {
        header: options.header_timeout,
        idle: options.idle_timeout,
        write: options.body_timeout,
        age: (!options.max_connection_age.is_zero()).then(|| options.max_connection_age.mul_f64(spread())),
    };
    match serve(stream, routes, &limits, server.stage.subscribe()).await {
        End::Closed | End::TimedOut(Phase::Busy) => None,
        End::Broken => Some(Dropped::Broken),
        End::TimedOut(Phase::Head) => Some(Dropped::HeaderTimeout),
        End::TimedOut(Phase::Write) => Some(Dropped::WriteTimeout),
        // Draining ends idle connections, which is no fault.
        End::TimedOut(Phase::Idle) => (*server.stage.borrow() != Stage::Draining).then_some(Dropped::IdleTimeout),
    }
}

/// Between 0.8 and 1: connections that began together need not end together.
pub(super) fn spread() -> f64 {
    use std::hash::{BuildHasher as _, RandomState};
    let random = RandomState::new().hash_one(0);
    0.8 + 0.2 * f64::from(u32::try_from(random >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
