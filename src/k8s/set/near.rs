//! Names that differ as by a slip.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Shorter names differ by a letter because they are different.
const MIN_NEAR: usize = 5;
/// Longer ones than `DNS1123SubdomainMaxLength` are no names.
const MAX_NEAR: usize = 253;
/// Names that are compared for one question. Beyond, nothing is said.
const MAX_COMPARED: usize = 500;

/// Whether two names differ as by a slip: one letter, or two that changed places; never a digit.
pub(super) fn is_near(known: &str, name: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    (MIN_NEAR..=MAX_NEAR).contains(&name.len())
        && known.len().abs_diff(name.len()) <= 1
        && digits(known) == digits(name)
        && strsim::osa_distance(known, name) == 1
}

/// Names, found by others that are nearly the same without looking at all of them. Two such names, of letters of one byte
/// as all names of Kubernetes are, begin or end alike for half of their length.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Vec<Box<str>>,
    halves: HashMap<u64, Vec<u32>>,
}

fn halves(name: &[u8], length: usize) -> [u64; 2] {
    let half = length.saturating_sub(2) / 2;
    let key = |part: &[u8], end: bool| {
        let mut hasher = DefaultHasher::new();
        (part, length, end).hash(&mut hasher);
        hasher.finish()
    };
    let half = half.min(name.len());
    [key(&name[..half], false), key(&name[name.len() - half..], true)]
}

impl Names {
    /// Takes a name over; one that is known already may be told again.
    pub(super) fn add(&mut self, name: &str) {
        if !(MIN_NEAR - 1..=MAX_NEAR + 1).contains(&name.len()) {
            return;
        }
        let [start, end] = halves(name.as_bytes(), name.len());
        let known = self
            .halves
            .get(&start)
            .is_some_and(|list| list.iter().rev().take(MAX_COMPARED).any(|at| *self.names[*at as usize] == *name));
        if known {
            return;
        }
        let at = self.names.len() as u32;
        self.names.push(name.into());
        for half in [start, end] {
            self.halves.entry(half).or_default().push(at);
        }
    }

    /// The names that are nearly the same, in their order; none where too many would have to be compared.
    pub(super) fn near(&self, name: &str) -> Vec<&str> {
        let mut candidates: Vec<u32> = Vec::new();
        for length in name.len().saturating_sub(1)..=name.len() + 1 {
            for half in halves(name.as_bytes(), length) {
                candidates.extend(self.halves.get(&half).into_iter().flatten().take(MAX_COMPARED + 1));
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        if candidates.len() > MAX_COMPARED {
            return Vec::new();
        }
        let names = candidates.into_iter().map(|at| &*self.names[at as usize]);
        let mut near: Vec<&str> = names.filter(|known| is_near(known, name)).collect();
        near.sort_unstable();
        near
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_near_is_found() {
        let known = ["checkout-config", "checkout-confg", "web-tls", "app-1", "app-2", "cart"];
        let mut names = Names::default();
        known.iter().chain(&known).for_each(|name| names.add(name));
        for name in [
            "checkout-config",
            "checkout-configs",
            "heckout-config",
            "checkotu-config",
            "chekout-confg",
            "web-tsl",
            "web-tl",
            "eb-tls",
            "app-3",
            "car",
            "carts",
            "",
        ] {
            let by_hand: Vec<&str> = {
                let mut all: Vec<&str> = known.iter().copied().filter(|known| is_near(known, name)).collect();
                all.sort_unstable();
                all
            };
            assert_eq!(names.near(name), by_hand, "{name}");
        }
        assert_eq!(names.near("checkout-config"), ["checkout-confg"]);
        assert!(names.near("app-3").is_empty() && names.near("car").is_empty());
    }
}
