//! What a connection is waiting for, and how long it may.
//!
//! hyper's own limit for heads runs while a connection is idle as well (`header_read_timeout`, restarted in
//! `Conn::poll_read_head` as soon as an answer is out), and an API server's connection may rightly be idle for 90 s. So the
//! bytes are watched on their way: a head's time begins with its first byte.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// How long each state may last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// From a head's first byte to its last.
    pub(super) header: Duration,
    /// Between an answer and the next head's first byte, and before the first.
    pub(super) idle: Duration,
    /// Without a byte of an answer being taken.
    pub(super) write: Duration,
    /// Age from which the next answer is the last.
    pub(super) age: Option<Duration>,
}

/// What a connection is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The first byte of a request. A connection without any request yet is idle, too: Go puts one that it dialled and
    /// then did not need among the idle ones (net/http/transport.go, `dialConnFor`).
    Idle,
    /// The rest of a head.
    Head,
    /// Us.
    Busy,
    /// The client, to take an answer.
    Write,
}

/// Shared by a connection's stream, its service and its driver, which all run in one task.
pub(super) struct Watch {
    born: Instant,
    phase: AtomicU8,
    /// Milliseconds after `born`.
    since: AtomicU64,
    /// Milliseconds after `born` at which a write began to wait, plus one; 0 is none.
    stuck: AtomicU64,
    unread: AtomicBool,
}

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const BUSY: u8 = 2;

impl Watch {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            born: Instant::now(),
            phase: AtomicU8::new(IDLE),
            since: AtomicU64::new(0),
            stuck: AtomicU64::new(0),
            unread: AtomicBool::new(false),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn enter(&self, phase: u8) {
        self.phase.store(phase, Relaxed);
        self.since.store(self.now(), Relaxed);
    }

    /// A whole head is there.
    pub(super) fn begin(&self) {
        self.enter(BUSY);
    }

    /// Its answer is ready to be written.
    pub(super) fn end(&self) {
        self.enter(IDLE);
    }

    /// How old the connection is.
    pub(super) fn age(&self) -> Duration {
        self.born.elapsed()
    }

    /// The last request was answered before its body was read.
    pub(super) fn leave_unread(&self) {
        self.unread.store(true, Relaxed);
    }

    pub(super) fn has_unread(&self) -> bool {
        self.unread.load(Relaxed)
    }

    /// What the connection is waiting for, and until when it may. `last_call`: from then on nobody may be idle.
    pub(super) fn deadline(&self, limits: &Limits, last_call: Option<Instant>) -> (Phase, Option<Instant>) {
        let at = |millis: u64, limit: Duration| self.born + Duration::from_millis(millis) + limit;
        let since = self.since.load(Relaxed);
        if let Some(stuck) = self.stuck.load(Relaxed).checked_sub(1) {
            return (Phase::Write, Some(at(stuck, limits.write)));
        }
        match self.phase.load(Relaxed) {
            IDLE => {
                let idle = at(since, limits.idle);
                (Phase::Idle, Some(last_call.map_or(idle, |end| idle.min(end))))
            }
            HEAD => (Phase::Head, Some(at(since, limits.header))),
            _ => (Phase::Busy, None),
        }
    }
}

/// A stream that tells its [`Watch`] what passes.
pub(super) struct Watched<S> {
    pub(super) stream: S,
    pub(super) watch: Arc<Watch>,
}

impl<S> Watched<S> {
    fn wrote<T>(&self, result: &Poll<io::Result<T>>) {
        if result.is_pending() {
            if self.watch.stuck.load(Relaxed) == 0 {
                self.watch.stuck.store(self.watch.now() + 1, Relaxed);
            }
        } else {
            self.watch.stuck.store(0, Relaxed);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before && self.watch.phase.load(Relaxed) == IDLE {
            self.watch.enter(HEAD);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.wrote(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        self.wrote(&result);
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
