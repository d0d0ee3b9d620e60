//! Many connections that ask, as fast as they are answered or at a constant rate.

use crate::client::{Client, Target};
use crate::stats::Stats;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

/// What to send, and how.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) request: Box<[u8]>,
    pub(crate) connections: usize,
    /// The time between two requests of all connections together; none asks as fast as it can.
    pub(crate) pace: Option<Duration>,
    /// A new connection for each request.
    pub(crate) fresh: bool,
    pub(crate) time: Duration,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Tally {
    /// Of those that were answered with 200.
    pub(crate) times: Stats,
    /// Another status, or a broken connection.
    pub(crate) failed: u64,
    /// Connections opened.
    pub(crate) opened: u64,
    /// The first failure, in words.
    pub(crate) why: Option<String>,
}

impl Tally {
    pub(crate) fn join(&mut self, other: Self) {
        self.times.join(other.times);
        self.failed += other.failed;
        self.opened += other.opened;
        self.why = self.why.take().or(other.why);
    }
}

/// Loads the server, and hands over what came of it every `step`, and at the end.
///
/// At a constant rate any free connection takes the next request, waits until it is due, and counts its time from that instant:
/// a server that stalls is charged for all that waited meanwhile (no coordinated omission).
pub(crate) fn run(target: &Target, load: &Load, step: Duration, mut each: impl FnMut(Duration, Tally)) {
    let next = AtomicU32::new(0);
    let over = AtomicBool::new(false);
    let shared = Mutex::new(Tally::default());
    let (done, all_done) = mpsc::channel::<()>();
    // Handshakes are a measurement of their own.
    let warm = |_| {
        let mut client = Client::connect(target).ok()?;
        client.ask(&load.request).ok()?;
        Some(client)
    };
    let clients: Vec<_> = (0..if load.fresh { 0 } else { load.connections }).map(warm).collect();
    let mut clients = clients.into_iter().flatten();
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..load.connections {
            let (next, over, shared, done, client) = (&next, &over, &shared, done.clone(), clients.next());
            scope.spawn(move || {
                connection(target, load, client, begin, next, over, shared);
                drop(done);
            });
        }
        drop(done);
        loop {
            let wait = step.min(load.time.saturating_sub(begin.elapsed()).max(Duration::from_millis(1)));
            // Never a message: either the time is up, or all connections are done.
            let ended = all_done.recv_timeout(wait) == Err(mpsc::RecvTimeoutError::Disconnected);
            let last = ended || begin.elapsed() >= load.time;
            if last {
                over.store(true, Ordering::Relaxed);
            } else {
                each(begin.elapsed(), std::mem::take(&mut *shared.lock().unwrap()));
                continue;
            }
            break;
        }
    });
    each(begin.elapsed(), std::mem::take(&mut *shared.lock().unwrap()));
}

fn connection(
    target: &Target,
    load: &Load,
    mut client: Option<Client>,
    begin: Instant,
    next: &AtomicU32,
    over: &AtomicBool,
    shared: &Mutex<Tally>,
) {
    // Kept here and handed over a few times a second: a lock for every request would be a part of what is measured.
    let mut mine = Tally::default();
    let mut handed = Instant::now();
    while !over.load(Ordering::Relaxed) {
        let due = match load.pace {
            None => Instant::now(),
            Some(pace) => {
                let due = begin + pace * next.fetch_add(1, Ordering::Relaxed);
                if due >= begin + load.time {
                    break;
                }
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                due
            }
        };
        let open = match client.take() {
            Some(open) => Ok(open),
            None => {
                mine.opened += 1;
                Client::connect(target)
            }
        };
        let asked = open.and_then(|mut open| {
            let (status, _) = open.ask(&load.request)?;
            Ok((status, open))
        });
        match asked {
            Ok((status, open)) => {
                if status == 200 {
                    mine.times.add(due.elapsed());
                } else {
                    mine.failed += 1;
                    mine.why.get_or_insert_with(|| format!("status {status}"));
                }
                client = Some(open).filter(|open| !load.fresh && !open.closing);
            }
            Err(error) => {
                mine.failed += 1;
                mine.why.get_or_insert_with(|| error.to_string());
            }
        }
        if handed.elapsed() > Duration::from_millis(200) {
            shared.lock().unwrap().join(std::mem::take(&mut mine));
            handed = Instant::now();
        }
    }
    shared.lock().unwrap().join(mine);
}
