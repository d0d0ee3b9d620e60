//! The paths of the TLS port: what is refused before its body is read, and what becomes of the rest.

use super::answer::{Door, Failure, Record};
use super::body::{self, Refusal};
use super::evaluate::{Verdict, evaluate};
use super::metrics::{Rejected, Shed};
use super::server::Server;
use super::{duration, log};
use crate::policy::Mode;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use axum::routing::post;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Time of a request that names none: the API server's default (k8s.io/api admissionregistration/v1,
/// `timeoutSeconds`).
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// And the most it allows (kubernetes pkg/apis/admissionregistration/validation).
const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The TLS port's paths.
pub(super) fn routes(server: Arc<Server>) -> Router {
    let door = |door: Door| post(move |State(server), request| review(server, door, request));
    Router::new()
        .route("/mutate", door(Door::Mutate))
        .route("/validate", door(Door::Validate(None)))
        .route("/validate/enforce", door(Door::Validate(Some(Mode::Enforce))))
        .route("/validate/warn", door(Door::Validate(Some(Mode::Warn))))
        .route("/validate/audit", door(Door::Validate(Some(Mode::Audit))))
        .with_state(server)
}

async fn review(server: Arc<Server>, door: Door, request: Request<Body>) -> Response<Body> {
    let started = Instant::now();
    let mut flight = Flight::new(&server);
    let response = answer(&server, door, request, started).await;
    flight.landed = true;
    response
}

async fn answer(server: &Arc<Server>, door: Door, request: Request<Body>, started: Instant) -> Response<Body> {
    let metrics = &server.metrics;
    if !is_json(request.headers()) {
        metrics.rejected(Rejected::ContentType);
        return text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json");
    }
    let deadline = started + time_of(request.uri());
    let until = deadline.min(started + server.options.body_timeout);
    let body = match body::read(request.into_body(), &server.budget, until).await {
        Ok(body) => body,
        Err(Refusal::TooLarge) => {
            metrics.rejected(Rejected::TooLarge);
            return text(StatusCode::PAYLOAD_TOO_LARGE, "a review is at most 7 MiB");
        }
        Err(Refusal::Slow) => {
            metrics.rejected(Rejected::Slow);
            return text(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
        }
        Err(Refusal::Broken) => {
            metrics.rejected(Rejected::Broken);
            return last(text(StatusCode::BAD_REQUEST, "the body is broken"));
        }
        Err(Refusal::NoRoom) => return last(shed(server, Shed::BodyBudget)),
    };
    match evaluate(server, door, body, deadline).await {
        Verdict::Answer(answer) => {
            decided(server, &answer.record, started.elapsed());
            let mut response = Response::new(Body::from(answer.body));
            response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
            response
        }
        Verdict::NoReview(no_review) => {
            metrics.rejected(Rejected::NoReview);
            text(StatusCode::BAD_REQUEST, &no_review.to_string())
        }
        Verdict::Shed(reason) => shed(server, reason),
        // No Retry-After, so nobody tries again.
        Verdict::Lost(Failure::Panic) => text(StatusCode::INTERNAL_SERVER_ERROR, "the evaluation failed"),
        Verdict::Lost(Failure::Deadline) => text(StatusCode::GATEWAY_TIMEOUT, "the evaluation took too long"),
    }
}

/// Too much at once. client-go waits as told and sends again, up to ten times within the request's time (rest/request.go,
/// rest/with_retry.go, `checkWait`).
fn shed(server: &Server, reason: Shed) -> Response<Body> {
    server.metrics.shed(reason);
    let mut response = text(StatusCode::TOO_MANY_REQUESTS, "too many reviews at once");
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    response
}

/// Counts and logs a decision.
fn decided(server: &Server, record: &Record, took: Duration) {
    let metrics = &server.metrics;
    metrics.decided(record, took);
    if let Some(why) = &record.dropped {
        tracing::error!(uid = record.head.uid, why, "a patch was not sent");
    }
    log::decision(record, took);
}

/// `application/json`, with parameters or without, and not compressed.
fn is_json(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let essence = text(header::CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
        && text(header::CONTENT_ENCODING).is_none_or(|value| value.eq_ignore_ascii_case("identity"))
}

/// How long a request may take here: what its `timeout` says, less a tenth for the way there and back.
///
/// The API server rounds what is left of its own limit up to whole seconds, and a request sent again carries the same text
/// (k8s.io/apiserver pkg/admission/plugin/webhook/validating/dispatcher.go).
fn time_of(uri: &Uri) -> Duration {
    let named =
        uri.query().into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("timeout="));
    let time = named.and_then(|text| duration::parse(text).ok()).filter(|time| !time.is_zero());
    time.unwrap_or(DEFAULT_TIMEOUT).min(LONGEST_TIMEOUT).mul_f64(0.9)
}

fn text(status: StatusCode, words: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{words}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Ends the connection, as some of the body is still on its way.
fn last(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    response
}

/// A request under way; one that is dropped unanswered has lost its client.
struct Flight<'s> {
    server: &'s Server,
    landed: bool,
}

impl<'s> Flight<'s> {
    fn new(server: &'s Server) -> Self {
        server.metrics.in_flight.inc();
        Self { server, landed: false }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.server.metrics.in_flight.dec();
        if !self.landed {
            self.server.metrics.abandoned.inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn point_11_the_deadline_lies_below_the_requests_own_time() {
        for (uri, millis) in [
            ("/validate?timeout=10s", 9000),
            ("/validate?timeout=3s", 2700),
            ("/mutate?dryRun=true&timeout=1m0s", 27_000),
            ("/mutate?timeout=500ms", 450),
            ("/validate", 9000),
            ("/validate?timeout=0s", 9000),
            ("/validate?timeout=soon", 9000),
        ] {
            assert_eq!(time_of(&uri.parse().unwrap()), Duration::from_millis(millis), "{uri}");
        }
    }

    #[test]
    fn point_09_json_is_known_by_its_name() {
        let headers = |kind: &str, encoding: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            if let Some(encoding) = encoding {
                headers.insert(header::CONTENT_ENCODING, encoding.parse().unwrap());
            }
            headers
        };
        for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON ;q=1"] {
            assert!(is_json(&headers(kind, None)), "{kind}");
        }
        for kind in ["text/json", "application/jsonp", "application/yaml", ";application/json"] {
            assert!(!is_json(&headers(kind, None)), "{kind}");
        }
        assert!(!is_json(&headers("application/json", Some("gzip"))));
        assert!(!is_json(&HeaderMap::new()));
    }
}
