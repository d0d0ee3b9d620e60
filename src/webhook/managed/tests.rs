//! What is done in which order: the plan, step by step, without an API server.

use super::keys::{Authority, CA, CA_KEY, CERT, KEY, Keys, Wish};
use super::plan::{self, Known};

const DAY: i64 = 86_400;
const NOW: i64 = 1_800_000_000;

fn wish() -> Wish {
    Wish { names: vec!["lint.shop.svc".to_owned(), "lint.shop.svc.cluster.local".to_owned()], validity: 90 * DAY }
}

fn new(now: i64) -> Keys {
    Keys::new(now, &wish(), Vec::new()).expect("random numbers")
}

fn step(stored: Option<&Keys>, settled: bool, now: i64) -> Keys {
    let known = Known { stored, remembered: None, trusted: Vec::new(), settled, now };
    plan::secret(&known, &wish()).expect("random numbers")
}

/// Through the Secret and back.
fn stored(keys: &Keys) -> Keys {
    let data = keys.data();
    Keys::read(|key| data.get(key).map(|value| &**value)).expect("what was written can be read")
}

fn leaf_is_good(keys: &Keys, now: i64) -> bool {
    keys.vouch(keys.leaf().expect("a certificate"), now, &wish())
}

#[test]
fn what_is_made_is_good_and_survives_the_secret() {
    let keys = new(NOW);
    assert!(leaf_is_good(&keys, NOW) && leaf_is_good(&keys, NOW + 89 * DAY));
    assert!(!leaf_is_good(&keys, NOW + 91 * DAY) && !leaf_is_good(&keys, NOW - DAY));
    assert!(keys == stored(&keys));
    assert!(step(Some(&keys), true, NOW) == keys, "nothing is due");
}

#[test]
fn a_secret_that_is_damaged_is_refused_or_mended() {
    let (keys, other) = (new(NOW), new(NOW));
    let mut data = keys.data();
    let read =
        |data: &std::collections::BTreeMap<String, Vec<u8>>| Keys::read(|key| data.get(key).map(|value| &**value));
    // The certificate can be made again.
    data.insert(KEY.to_owned(), other.data()[KEY].clone());
    let damaged = read(&data).expect("the CA is whole");
    assert!(damaged.leaf().is_none());
    assert!(leaf_is_good(&step(Some(&damaged), false, NOW), NOW));
    data.remove(CERT);
    assert!(read(&data).expect("the CA is whole").leaf().is_none());
    // Without the CA's key nothing can.
    data.insert(CA_KEY.to_owned(), other.data()[CA_KEY].clone());
    assert!(read(&data).is_err());
    data.insert(CA_KEY.to_owned(), b"no key".to_vec());
    assert!(read(&data).is_err());
    data.insert(CA.to_owned(), keys.data()[CERT].clone());
    assert!(read(&data).is_err(), "a certificate is no CA");
    assert!(Keys::read(|_| None).is_err());
}

#[test]
fn a_certificate_of_other_names_is_replaced_at_once() {
    let keys = new(NOW);
    let mut renamed = wish();
    renamed.names = vec!["other.shop.svc".to_owned()];
    let known = Known { stored: Some(&keys), remembered: None, trusted: Vec::new(), settled: false, now: NOW };
    let after = plan::secret(&known, &renamed).expect("random numbers");
    assert!(after.leaf() != keys.leaf() && after.vouch(after.leaf().expect("one"), NOW, &renamed));
}

#[test]
fn a_certificate_follows_its_ca_only_once_that_is_known() {
    let first = new(NOW);
    // The last certificate that the CA can sign for its whole life ends with it.
    let now = NOW + 269 * DAY;
    let before = step(Some(&first), true, now);
    assert!(before.authority() == first.authority() && leaf_is_good(&before, now));

    let now = NOW + 271 * DAY;
    let second = step(Some(&before), true, now);
    assert!(second.authority() != first.authority(), "another CA");
    assert!(second.leaf() == before.leaf(), "but not its certificate yet");
    assert!(second.bundle().ends_with(&first.bundle()), "and both are trusted");
    assert!(leaf_is_good(&second, now));
    // However often it is looked at.
    assert!(step(Some(&second), false, now) == second);

    let third = step(Some(&second), true, now);
    assert!(third.bundle() == second.bundle() && third.leaf() != second.leaf());
    assert!(third.newest_vouches(third.leaf().expect("one"), now, &wish()));
    assert!(step(Some(&third), true, now) == third);

    let last = step(Some(&third), true, NOW + 361 * DAY);
    assert_eq!(Authority::all(&last.bundle()).len(), 1);
}

#[test]
fn what_has_ended_already_waits_for_nothing() {
    let first = new(NOW);
    for years in [2, 20] {
        let now = NOW + years * 365 * DAY;
        let after = step(Some(&first), false, now);
        assert!(leaf_is_good(&after, now));
        let back = step(Some(&after), false, NOW);
        assert!(leaf_is_good(&back, NOW), "nor does a clock that goes back");
    }
}

#[test]
fn nothing_outlives_its_ca() {
    let first = new(NOW);
    let mut late = stored(&first);
    late.issue(NOW + 350 * DAY, &wish()).expect("random numbers");
    assert_eq!(late.leaf_ends(), Some(first.authority().not_after));
}

#[test]
fn what_is_remembered_comes_back_and_what_is_trusted_stays() {
    let keys = new(NOW);
    let mut known = Known { stored: None, remembered: Some(&keys), trusted: Vec::new(), settled: false, now: NOW };
    assert!(plan::secret(&known, &wish()).expect("random numbers") == keys);
    known.remembered = None;
    known.trusted = Authority::all(&keys.bundle());
    let after = plan::secret(&known, &wish()).expect("random numbers");
    assert!(after.authority() != keys.authority() && after.bundle().ends_with(&keys.bundle()));
    // Those that have ended are of no use to anybody.
    known.now = NOW + 400 * DAY;
    let after = plan::secret(&known, &wish()).expect("random numbers");
    assert_eq!(Authority::all(&after.bundle()).len(), 1);
}

#[test]
fn a_bundle_does_not_grow_without_end() {
    let mut keys = new(NOW);
    for _ in 0..20 {
        keys.replace_authority(NOW, &wish()).expect("random numbers");
    }
    assert_eq!(Authority::all(&keys.bundle()).len(), 8);
}

#[test]
fn another_certificate_is_served_when_nobody_can_be_surprised() {
    let first = new(NOW);
    let serving = first.leaf();
    let serves = |keys: &Keys, settled, now| plan::serves(keys, serving, settled, now, &wish());
    assert!(plan::serves(&first, None, false, NOW, &wish()), "the first one at once");
    assert!(!serves(&first, true, NOW), "it is served already");
    let mut next = stored(&first);
    next.replace_authority(NOW, &wish()).expect("random numbers");
    next.issue(NOW, &wish()).expect("random numbers");
    assert!(!serves(&next, false, NOW));
    assert!(serves(&next, true, NOW));
    assert!(serves(&next, false, NOW + 100 * DAY), "what has ended is of no use");
    // The CA of what is served is not trusted any more.
    assert!(serves(&new(NOW), false, NOW));
}
