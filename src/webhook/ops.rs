//! The plain port for kubelet and Prometheus: a thread and runtime of its own, so that it answers however busy the other
//! port is.

use super::connection::serve;
use super::server::Server;
use super::watch::Limits;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// Connections at once. One more ends the oldest, so that nobody can shut out the kubelet by holding them.
const CONNECTIONS: usize = 64;

/// How long no evaluation may end while all places are taken: twice the longest request.
const STUCK: Duration = Duration::from_secs(60);

const LIMITS: Limits = Limits {
    header: Duration::from_secs(5),
    // Prometheus asks every 15 s to 60 s, and sends a GET again where its connection was closed.
    idle: Duration::from_secs(75),
    write: Duration::from_secs(5),
    age: None,
};

/// Begins to answer; the thread lives as long as the process.
///
/// # Errors
/// Where the system gives no thread or runtime.
pub(super) fn start(server: Arc<Server>, listener: std::net::TcpListener) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = {
        let _entered = runtime.enter();
        TcpListener::from_std(listener)?
    };
    thread::Builder::new().name("ops".to_owned()).spawn(move || runtime.block_on(accept(server, listener)))?;
    Ok(())
}

async fn accept(server: Arc<Server>, listener: TcpListener) {
    let routes = routes(Arc::clone(&server));
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        open.retain(|task| !task.is_finished());
        if open.len() >= CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        // It answers until the process ends, also while the other port drains.
        let routes = routes.clone();
        let stage = tokio::sync::watch::channel(super::connection::Stage::Serving);
        let task = tokio::spawn(async move {
            let (_sender, stage) = stage;
            serve(stream, routes, &LIMITS, stage).await
        });
        open.push_back(task.abort_handle());
    }
}

fn routes(server: Arc<Server>) -> Router {
    Router::new()
        .route("/livez", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(server)
}

/// Not alive is what only a new process mends. Whatever mends itself, or would hit a new one as well, is unready instead.
async fn alive(State(server): State<Arc<Server>>) -> impl IntoResponse {
    if server.pool.is_stuck(STUCK) {
        (StatusCode::SERVICE_UNAVAILABLE, "evaluations never end\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}

async fn ready(State(server): State<Arc<Server>>) -> impl IntoResponse {
    match server.unready() {
        reasons if reasons.is_empty() => (StatusCode::OK, "ok\n".to_owned()),
        reasons => (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n"),
    }
}

async fn metrics(State(server): State<Arc<Server>>) -> impl IntoResponse {
    // The type that the OpenMetrics text format asks for.
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, TYPE)], server.metrics.text())
}
