//! The API server's clock. It is the one that judges our certificate, and the one that all replicas have in common: a machine
//! whose clock is wrong, or jumps, neither renews for everybody nor forgets to.

use axum::http::{HeaderMap, header};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Tells the time by the `Date` of the API server's last answer; by this machine before there was one.
#[derive(Clone, Default)]
pub(in crate::webhook) struct Clock {
    heard: Arc<Mutex<Option<(i64, Instant)>>>,
}

impl Clock {
    /// Seconds since 1970.
    pub(in crate::webhook) fn now(&self) -> i64 {
        match *self.heard.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((date, at)) => date.saturating_add(i64::try_from(at.elapsed().as_secs()).unwrap_or(i64::MAX)),
            None => crate::webhook::server::now(),
        }
    }

    /// Takes the time from an answer, if it says any.
    pub(super) fn hear(&self, headers: &HeaderMap) {
        let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) {
            let heard = Some((date.timestamp().as_second(), Instant::now()));
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = heard;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_the_servers() {
        let clock = Clock::default();
        assert!((clock.now() - crate::webhook::server::now()).abs() < 60);
        let mut headers = HeaderMap::new();
        headers.insert(header::DATE, "Tue, 15 Nov 1994 08:12:31 GMT".parse().unwrap());
        clock.hear(&headers);
        assert!((784_887_151..784_887_211).contains(&clock.now()), "{}", clock.now());
        // What is no date changes nothing.
        headers.insert(header::DATE, "soon".parse().unwrap());
        clock.hear(&headers);
        assert!(clock.now() < 784_887_211);
    }
}
