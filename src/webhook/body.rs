//! A request's body, within bounds of size, time and the memory that all bodies share.

use axum::body::Body;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::{Instant, timeout_at};

/// Largest body that is read, in bytes: object and oldObject of up to 3 MiB each (the API server takes no larger request,
/// k8s.io/apiserver pkg/server/config.go, `MaxRequestBodyBytes`), and the envelope.
pub(super) const LARGEST: usize = 7 << 20;

/// What is reserved for a body before any of it has come.
const FIRST: usize = 16 << 10;

/// Why a body is not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is larger than [`LARGEST`].
    TooLarge,
    /// It did not come in time.
    Slow,
    /// The bodies held already leave no room.
    NoRoom,
    /// It breaks HTTP's rules, or the client has gone.
    Broken,
}

/// Bytes of bodies that may be held at once.
pub(super) struct Budget {
    held: AtomicUsize,
    limit: usize,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { held: AtomicUsize::new(0), limit })
    }

    /// Bytes held now.
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let more = |held: usize| held.checked_add(bytes).filter(|sum| *sum <= self.limit);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
}

/// A body and its share of the budget.
pub(super) struct Held {
    bytes: Vec<u8>,
    taken: usize,
    budget: Arc<Budget>,
}

impl Held {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.taken, Ordering::Relaxed);
    }
}

/// Reads a body. Bytes count against the budget as they come, so that a client must send what it would take from others.
///
/// # Errors
/// See [`Refusal`].
pub(super) async fn read(mut body: Body, budget: &Arc<Budget>, until: Instant) -> Result<Held, Refusal> {
    // What Content-Length says; hyper holds the client to it.
    let announced = body.size_hint().exact();
    if announced.is_some_and(|bytes| bytes > LARGEST as u64) {
        return Err(Refusal::TooLarge);
    }
    let announced = announced.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(FIRST);
    let mut held = Held { bytes: Vec::with_capacity(announced.min(FIRST)), taken: 0, budget: Arc::clone(budget) };
    loop {
        let frame = match timeout_at(until, body.frame()).await {
            Err(_) => return Err(Refusal::Slow),
            Ok(None) => return Ok(held),
            Ok(Some(Err(_))) => return Err(Refusal::Broken),
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers say nothing here.
        let Ok(data) = frame.into_data() else { continue };
        if held.bytes.len() + data.len() > LARGEST {
            return Err(Refusal::TooLarge);
        }
        if !budget.take(data.len()) {
            return Err(Refusal::NoRoom);
        }
        held.taken += data.len();
        held.bytes.extend_from_slice(&data);
    }
}
