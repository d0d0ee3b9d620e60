//! A bound on the work that one object may cause.
//!
//! Rules walk trees, and now and then a walk within a walk: a hostile object of a few kilobytes can
//! make that take hours. Whoever serves others allows a number of steps beforehand; where they are
//! spent, the work unwinds with [`Spent`] as its payload, past everything, without the panic hook. By
//! default there is no bound.

use std::cell::Cell;

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// What an unwinding carries when the allowance is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent;

/// An allowance of this thread; it ends when dropped.
#[derive(Debug)]
pub struct Allowance(());

/// Allows this thread so many steps: a step is a visit of a node, some 5 ns.
#[must_use]
pub fn allow(steps: u64) -> Allowance {
    LEFT.set(steps);
    Allowance(())
}

impl Drop for Allowance {
    fn drop(&mut self) {
        LEFT.set(u64::MAX);
    }
}

/// Takes steps; unwinds where there are none left.
#[inline]
pub fn spend(steps: u64) {
    LEFT.with(|left| match left.get().checked_sub(steps) {
        Some(rest) => left.set(rest),
        None => std::panic::resume_unwind(Box::new(Spent)),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_when_the_allowance_does_and_not_without_one() {
        let work = || (0..1000).for_each(|_| spend(1));
        work();
        let payload = std::panic::catch_unwind(|| {
            let _allowance = allow(999);
            work();
        });
        assert!(payload.unwrap_err().is::<Spent>());
        work();
        let _allowance = allow(1000);
        work();
    }
}
