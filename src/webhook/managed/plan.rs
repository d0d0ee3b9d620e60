//! What should change, given what is there: a pure function of the Secret, of what this replica remembers, and of the time.

use super::keys::{Authority, Keys, Pair, Wish};

/// The part of its life that a certificate has left when another is made.
const LAST_PART: i64 = 3;

/// What is known when a look begins.
pub(super) struct Known<'k> {
    /// What the Secret says; none where there is no Secret, or none of use.
    pub(super) stored: Option<&'k Keys>,
    /// What this replica saw in it last.
    pub(super) remembered: Option<&'k Keys>,
    /// CAs that are trusted by the webhook configurations.
    pub(super) trusted: Vec<Authority>,
    /// For how long API servers have been told of the newest CA: long enough for all of them to have heard.
    pub(super) settled: bool,
    /// Seconds since 1970, by the API server.
    pub(super) now: i64,
}

/// What the Secret should hold.
///
/// A Secret that was deleted or overwritten comes back as it was from the memory of any replica. Where none remembers,
/// CAs that API servers trust already stay beside the new one, as other replicas may serve certificates of theirs.
///
/// # Errors
/// Where the system gives no random numbers.
pub(super) fn secret(known: &Known<'_>, wish: &Wish) -> Result<Keys, rcgen::Error> {
    let now = known.now;
    let Some(stored) = known.stored.or(known.remembered) else {
        let older = known.trusted.iter().filter(|authority| authority.is_valid_at(now));
        return Keys::new(now, wish, older.cloned().collect());
    };
    let mut keys = stored.clone();
    keys.forget_ended(now);
    let authority = keys.authority();
    // So long before its end that a whole life of a certificate fits in.
    if !authority.is_valid_at(now) || authority.not_after - now < wish.validity {
        keys.replace_authority(now, wish)?;
        // The new one is not known to anybody yet.
        if is_good(&keys, now, wish) {
            return Ok(keys);
        }
    }
    let due = keys.leaf_ends().is_none_or(|end| end - now < wish.validity / LAST_PART);
    let of_newest = keys.leaf().is_some_and(|leaf| keys.newest_vouches(leaf, now, wish));
    if !is_good(&keys, now, wish) || ((due || !of_newest) && known.settled) {
        keys.issue(now, wish)?;
    }
    Ok(keys)
}

fn is_good(keys: &Keys, now: i64, wish: &Wish) -> bool {
    keys.leaf().is_some_and(|leaf| keys.vouch(leaf, now, wish))
}

/// Whether to serve the Secret's certificate from now on. One that is good is kept for as long as API servers may not have
/// heard of the other one's CA.
pub(super) fn serves(keys: &Keys, serving: Option<&Pair>, settled: bool, now: i64, wish: &Wish) -> bool {
    let Some(leaf) = keys.leaf() else { return false };
    match serving {
        Some(serving) if serving == leaf => false,
        Some(serving) => settled || !keys.vouch(serving, now, wish),
        None => true,
    }
}
