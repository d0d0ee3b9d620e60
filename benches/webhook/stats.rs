//! Times, and the lines that are printed of them.

use crate::load::Tally;
use crate::{mib, ms};
use std::time::Duration;

/// Every time that was measured, in microseconds' hundredths: quantiles are exact.
#[derive(Default)]
pub(crate) struct Stats {
    times: std::cell::RefCell<Vec<u32>>,
}

impl Stats {
    pub(crate) fn add(&mut self, time: Duration) {
        self.times.get_mut().push(u32::try_from(time.as_nanos() / 10).unwrap_or(u32::MAX));
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.times.get_mut().append(&mut other.times.into_inner());
    }

    pub(crate) fn count(&self) -> usize {
        self.times.borrow().len()
    }

    /// The smallest time that this share of all stayed within.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let mut times = self.times.borrow_mut();
        if times.is_empty() {
            return Duration::ZERO;
        }
        let at = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len()) - 1;
        Duration::from_nanos(u64::from(*times.select_nth_unstable(at).1) * 10)
    }
}

/// One measurement.
pub(crate) struct Row {
    pub(crate) tally: Tally,
    pub(crate) wall: Duration,
    /// Seconds of CPU that the server used.
    pub(crate) cpu: f64,
    /// Resident bytes at the end, and at the highest.
    pub(crate) rss: u64,
    pub(crate) peak: u64,
}

impl Row {
    pub(crate) fn heading(title: &str) {
        println!("{title}");
        println!(
            "{:24} {:>8} {:>9} {:>6} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7}",
            "", "/s", "/s a core", "cores", "p50 ms", "p99 ms", "p99.9", "max ms", "RSS MiB", "peak MiB", "failed"
        );
    }

    pub(crate) fn print(&self, name: &str) {
        let count = self.tally.times.count() as f64;
        let wall = self.wall.as_secs_f64();
        let [p50, p99, p999, worst] = [0.5, 0.99, 0.999, 1.0].map(|share| ms(self.tally.times.quantile(share)));
        println!(
            "{name:24} {:>8.0} {:>9.0} {:>6.2} {p50:>8.2} {p99:>8.2} {p999:>8.2} {worst:>8.2} {:>8.1} {:>8.1} {:>7}",
            count / wall,
            count / self.cpu,
            self.cpu / wall,
            mib(self.rss),
            mib(self.peak),
            self.tally.failed
        );
        if let Some(why) = &self.tally.why {
            println!("  first failure: {why}");
        }
    }
}

/// Whether memory stayed flat: after a fifth of the time to warm up, the last third's median beside the first third's. Medians, as
/// an allocator's steps are no growth; a leak of 50 bytes a review shows within ten minutes.
pub(crate) fn flat(resident: &[u64]) -> (bool, String) {
    let warm = &resident[resident.len() / 5..];
    let third = warm.len() / 3;
    if third == 0 {
        return (true, "too short to tell whether memory grows".to_owned());
    }
    let median = |part: &[u64]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part[part.len() / 2]
    };
    let (first, last) = (median(&warm[..third]), median(&warm[warm.len() - third..]));
    let flat = last <= first + (first / 20).max(1 << 20);
    let word = if flat { "flat" } else { "memory grows" };
    (flat, format!("{word}: {:.1} MiB, then {:.1} MiB", mib(first), mib(last)))
}
