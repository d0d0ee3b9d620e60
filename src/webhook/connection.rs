//! One connection: requests in, answers out, every wait bounded.

use super::watch::{Limits, Phase, Watch, Watched};
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep_until, timeout};
use tower::Service as _;

/// How far the server's end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Not yet.
    Serving,
    /// Unready; each answer ends its connection, so that clients find others.
    Leaving,
    /// Nothing new is accepted, and idle connections are ended.
    Draining,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By either side, between two requests.
    Closed,
    /// By the client in the middle of a request, or with bytes that are no HTTP.
    Broken,
    /// By us, as a wait took too long.
    TimedOut(Phase),
}

/// How long a connection that has had no request may still have one once the server drains: its client may have dialled
/// just before.
const LAST_CALL: Duration = Duration::from_secs(1);
/// How long, and for how many bytes, what a client still sends is read and forgotten after the last answer.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: u64 = 16 << 20;
/// Bytes of a head, at most. API servers send some hundred.
const HEAD_BYTES: usize = 16 << 10;
/// Bytes that are read ahead, at most; a connection may keep them while it is idle.
const READ_BYTES: usize = 64 << 10;

/// Serves a connection to its end.
pub(super) async fn serve<S>(stream: S, routes: axum::Router, limits: &Limits, stage: Receiver<Stage>) -> End
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let watch = Watch::new();
    let io = TokioIo::new(Watched { stream, watch: Arc::clone(&watch) });
    let service = Service { routes, watch: Arc::clone(&watch), stage: stage.clone(), age: limits.age };
    let mut connection = http1::Builder::new()
        // No timer: its limit for heads runs while a connection is idle, too; see `watch`.
        .header_read_timeout(None)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(READ_BYTES)
        // A client that hangs up while its request waits is heard at once, and its place is free again.
        .half_close(false)
        .serve_connection(io, service);

    let mut draining = pin!(drained(stage));
    let mut last_call = None;
    let mut timer = pin!(sleep_until(Instant::now() + limits.idle));
    let end = poll_fn(|cx| {
        if let Poll::Ready(result) = connection.poll_without_shutdown(cx) {
            return Poll::Ready(result.map_or(End::Broken, |()| End::Closed));
        }
        if last_call.is_none() && draining.as_mut().poll(cx).is_ready() {
            last_call = Some(Instant::now() + LAST_CALL);
        }
        loop {
            let (phase, deadline) = watch.deadline(limits, last_call);
            let Some(deadline) = deadline else { return Poll::Pending };
            if deadline <= Instant::now() {
                return Poll::Ready(End::TimedOut(phase));
            }
            // A later one is left until the timer fires, so that a busy connection hardly ever touches it.
            if deadline < timer.deadline() || timer.is_elapsed() {
                timer.as_mut().reset(deadline);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await;
    if !matches!(end, End::TimedOut(Phase::Head | Phase::Write)) {
        part(connection.into_parts().io.into_inner().stream, watch.has_unread()).await;
    }
    end
}

async fn drained(mut stage: Receiver<Stage>) {
    // Where the sender is gone the process is ending.
    let _ = stage.wait_for(|stage| *stage == Stage::Draining).await;
}

/// Ends a connection so that its last answer arrives. Where the body of its request was not read (`unread`), the client may
/// still be sending: to close a socket then resets it, and the reset may overtake the answer (RFC 9112, 9.6).
async fn part<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, unread: bool) {
    let _ = timeout(LINGER, async {
        stream.shutdown().await?;
        if unread {
            tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await?;
        }
        std::io::Result::Ok(())
    })
    .await;
}

/// The routes, and what belongs to every answer of a connection.
struct Service {
    routes: axum::Router,
    watch: Arc<Watch>,
    stage: Receiver<Stage>,
    age: Option<Duration>,
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.watch.begin();
        let (mut routes, watch) = (self.routes.clone(), Arc::clone(&self.watch));
        let (stage, age) = (self.stage.clone(), self.age);
        Box::pin(async move {
            let mut response = routes.call(request).await?;
            let unread = !has_read_all(&response);
            // An idle connection is never ended for its age: Go does not send a POST again that it wrote to a connection
            // which was just being closed (net/http/transport.go, `shouldRetryRequest`).
            let leaving = *stage.borrow() != Stage::Serving || age.is_some_and(|age| watch.age() >= age);
            if leaving || unread {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            if unread {
                watch.leave_unread();
            }
            watch.end();
            Ok(response)
        })
    }
}

/// Whether an answer was given after the body was read to its end. Else the rest of it is in the way of a next request.
fn has_read_all(response: &Response<Body>) -> bool {
    let after = matches!(response.status(), StatusCode::OK | StatusCode::BAD_REQUEST | StatusCode::TOO_MANY_REQUESTS);
    after && !response.headers().contains_key(header::CONNECTION)
}
