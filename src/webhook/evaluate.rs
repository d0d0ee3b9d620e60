//! Evaluations: as many at once as there are cores, few more waiting, each within its time, none able to harm another.

use super::answer::{Answer, Door, Failure, Head, NoReview, give_up};
use super::body::Held;
use super::log::short;
use super::metrics::Shed;
use super::options::OnFailure;
use super::server::Server;
use crate::budget::Spent;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// Bytes of stack of a thread that evaluates: the grammar of shell scripts recurses. Only what is used takes memory.
pub(super) const STACK: usize = 16 << 20;

/// The places where evaluations run and wait.
pub(super) struct Pool {
    slots: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    born: Instant,
    /// Milliseconds after `born` at which a place was last taken.
    taken: AtomicU64,
}

/// What came of a review.
pub(super) enum Verdict {
    /// To be sent.
    Answer(Box<Answer>),
    /// It is none.
    NoReview(NoReview),
    /// It was not begun.
    Shed(Shed),
    /// It failed, and nothing of it is known that an answer would have to echo.
    Lost(Failure),
}

impl Pool {
    pub(super) fn new(workers: usize, queue: usize) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(workers)),
            waiting: AtomicUsize::new(0),
            queue,
            born: Instant::now(),
            taken: AtomicU64::new(0),
        }
    }

    /// Whether evaluations hold all places and none has ended for so long. No request lasts 30 s, so nobody waits for them,
    /// and a new process would do better.
    pub(super) fn is_stuck(&self, patience: Duration) -> bool {
        let taken = self.born + Duration::from_millis(self.taken.load(Ordering::Relaxed));
        self.slots.available_permits() == 0 && taken.elapsed() >= patience
    }

    /// A place to evaluate at.
    async fn slot(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, Shed> {
        let slot = self.free_slot(deadline).await?;
        let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.taken.store(now, Ordering::Relaxed);
        Ok(slot)
    }

    async fn free_slot(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, Shed> {
        if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            return Ok(slot);
        }
        let _place = Place::take(self).ok_or(Shed::Queue)?;
        match timeout_at(deadline, Arc::clone(&self.slots).acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Shed::Deadline),
        }
    }
}

/// A place in the queue, left when dropped: also where the client hangs up.
struct Place<'p>(&'p Pool);

impl<'p> Place<'p> {
    fn take(pool: &'p Pool) -> Option<Self> {
        let one_more = |waiting: usize| (waiting < pool.queue).then_some(waiting + 1);
        pool.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok().map(|_| Self(pool))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Evaluates a body. One that takes too long goes on where it runs, and keeps its place there until it ends.
pub(super) async fn evaluate(server: &Arc<Server>, door: Door, body: Held, deadline: Instant) -> Verdict {
    let slot = match server.pool.slot(deadline).await {
        Ok(slot) => slot,
        Err(shed) => return Verdict::Shed(shed),
    };
    let head = Arc::new(OnceLock::new());
    let (of_task, known) = (Arc::clone(server), Arc::clone(&head));
    let task = tokio::task::spawn_blocking(move || {
        let _slot = slot;
        let policy = of_task.policy.load_full();
        isolated(|| {
            (of_task.evaluate)(door, body.bytes(), &policy, &mut |head| {
                let _ = known.set(head.clone());
            })
        })
    });
    let failure = match timeout_at(deadline, task).await {
        Ok(Ok(Ok(Ok(answer)))) => return Verdict::Answer(Box::new(answer)),
        Ok(Ok(Ok(Err(no_review)))) => return Verdict::NoReview(no_review),
        Ok(Ok(Err(Broken::Spent))) => {
            server.metrics.deadlines.inc();
            let uid = head.get().map_or("", |head: &Head| &head.uid);
            tracing::warn!(uid, "an evaluation took too many steps");
            Failure::Deadline
        }
        Ok(Ok(Err(Broken::Panic(place)))) => {
            server.metrics.panics.inc();
            let uid = head.get().map_or("", |head: &Head| short(&head.uid));
            tracing::error!(uid, at = place, "an evaluation panicked");
            Failure::Panic
        }
        // The runtime is going away.
        Ok(Err(_)) => Failure::Panic,
        Err(_) => {
            server.metrics.deadlines.inc();
            let uid = head.get().map_or("", |head: &Head| short(&head.uid));
            tracing::warn!(uid, "an evaluation took too long");
            Failure::Deadline
        }
    };
    match head.get() {
        Some(head) => {
            let open = server.options.on_failure == OnFailure::Allow;
            Verdict::Answer(Box::new(give_up(head.clone(), failure, open)))
        }
        None => Verdict::Lost(failure),
    }
}

thread_local! {
    /// Whether this thread is inside [`isolated`].
    static ISOLATED: Cell<bool> = const { Cell::new(false) };
    /// Where its last panic was.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs a function; where it panics, says where.
fn isolated<T>(run: impl FnOnce() -> T) -> Result<T, Broken> {
    ISOLATED.set(true);
    // Nothing that is broken half-way outlives the call: the policy is only read.
    let result = catch_unwind(AssertUnwindSafe(run));
    ISOLATED.set(false);
    result.map_err(|payload| if payload.is::<Spent>() { Broken::Spent } else { Broken::Panic(PLACE.take()) })
}

/// Why a function did not come to its end.
#[derive(Debug, PartialEq, Eq)]
enum Broken {
    /// It took more steps than it was allowed.
    Spent,
    /// It panicked, here.
    Panic(String),
}

/// Makes a panic one line of the log, without its message, which may quote a manifest.
pub(super) fn hook_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        if ISOLATED.get() {
            PLACE.replace(place);
        } else {
            tracing::error!(at = place, "panicked");
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn point_12_places_that_never_come_back_are_noticed() {
        let pool = Pool::new(1, 0);
        assert!(!pool.is_stuck(Duration::ZERO));
        let deadline = Instant::now() + Duration::from_secs(60);
        let slot = pool.slot(deadline).await;
        assert!(slot.is_ok());
        assert!(pool.is_stuck(Duration::ZERO));
        assert!(!pool.is_stuck(Duration::from_secs(3600)));
        assert!(matches!(pool.slot(deadline).await, Err(Shed::Queue)));
        drop(slot);
        assert!(!pool.is_stuck(Duration::ZERO));
    }

    #[test]
    fn point_12_a_panic_in_here_is_a_place() {
        hook_panics();
        let Err(Broken::Panic(place)) = isolated(|| panic!("SECRET")) else { panic!("it did not panic") };
        assert!(place.starts_with("src/webhook/evaluate.rs:"), "{place}");
        assert_eq!(isolated(|| 1), Ok(1));
        let spent = isolated(|| std::panic::resume_unwind(Box::new(Spent)));
        assert_eq!(spent, Err::<(), _>(Broken::Spent));
        let _ = std::panic::take_hook();
    }
}
