//! The fast reader takes a document or leaves it; what it takes, it reads as the general parser does: tree, texts,
//! spans and comments.
//!
//! Seeds are fixed. `CRASHLINT_READER_ROUNDS=N` does N times as much, with other seeds after the first round.

use super::chance::{Chance, WORDS, edited};
use crashlint::yaml::{self, Verdict};
use std::fmt::Write;

/// Documents taken and left.
#[derive(Default)]
struct Tally {
    taken: u64,
    left: u64,
}

impl Tally {
    /// Reads a text both ways.
    fn look(&mut self, text: &str) {
        for part in yaml::parts(text, 0).flatten() {
            match yaml::verify(text, part) {
                Verdict::Declined => self.left += 1,
                Verdict::Same => self.taken += 1,
                Verdict::Different(error) => panic!(
                    "read otherwise than by the general parser ({error:?}): {:?}\nfast: {:?}\ngeneral: {:?}",
                    &text[part.range()],
                    yaml::fast(text, part),
                    yaml::general(text, part),
                ),
            }
        }
    }

    /// A reader that takes nothing proves nothing.
    #[allow(clippy::print_stdout)]
    fn taken_at_least(&self, percent: u64) {
        let all = self.taken + self.left;
        println!("{} of {all} documents taken", self.taken);
        assert!(all > 0 && self.taken * 100 >= all * percent, "{} of {all} documents taken", self.taken);
    }

    /// In the one round of an ordinary run, so many are taken: one that is left without need is seen as one that is taken wrongly.
    #[allow(clippy::print_stdout)]
    fn takes(&self, taken: u64) {
        println!("{} of {} documents taken", self.taken, self.taken + self.left);
        assert!(rounds().count() > 1 || self.taken == taken, "{} documents taken instead of {taken}", self.taken);
    }
}

/// Seeds of the rounds asked for.
fn rounds() -> impl Iterator<Item = u64> {
    let rounds: u64 = std::env::var("CRASHLINT_READER_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
    1..=rounds
}

#[test]
fn everything_at_hand_is_read_alike() {
    let mut tally = Tally::default();
    for (_, text) in super::texts() {
        if !text.trim_start().starts_with('{') {
            tally.look(&text);
            tally.look(&text.replace('\n', "\r\n"));
        }
    }
    tally.taken_at_least(98);
}

#[test]
fn random_words_are_read_alike() {
    let mut tally = Tally::default();
    for seed in rounds() {
        let mut chance = Chance(seed);
        for _ in 0..60_000 {
            let mut text = String::from(chance.of(&[
                "",
                "a: ",
                "a:\n  ",
                "- ",
                "a: |\n  ",
                "a: 'b",
                "a: \"b",
                "a: [b",
                "a: {b: ",
                "a:\n- b\n",
                "a: b",
            ]));
            for _ in 0..=chance.below(14) {
                text.push_str(chance.of(WORDS));
            }
            tally.look(&text);
        }
    }
    tally.takes(11_276);
}

#[test]
fn every_short_text_is_read_alike() {
    const LETTERS: &[&str] = &[
        "a", " ", "\n", ":", "-", "#", "'", "\"", "|", ">", "[", "{", "}", "]", ",", "\\", "\t", "\r\n", "2", "+", ".",
        "?", "~",
    ];
    const BEFORE: &[&str] = &[
        "",
        "a: ",
        "a:\n ",
        "- ",
        "a:\n- ",
        "a: |\n  b\n",
        "a: >\n  b\n",
        "a: >\n   b\n  ",
        "a: 'b",
        "a: \"b",
        "a: \"b\n ",
        "a: [b",
        "a: {b",
        "a: {b: c",
        "a: b\n",
        "a: b\n ",
        "a:\n  b: c\n",
        "- - a\n",
        "a: |2\n   ",
        "k: [\n",
        "a: |\n  b\n  \n ",
    ];
    let length = if rounds().count() > 1 { 4 } else { 3 };
    let mut tally = Tally::default();
    let mut text = String::new();
    for before in BEFORE {
        for number in 0..LETTERS.len().pow(length) {
            text.clear();
            text.push_str(before);
            let mut rest = number;
            for _ in 0..length {
                text.push_str(LETTERS[rest % LETTERS.len()]);
                rest /= LETTERS.len();
            }
            tally.look(&text);
        }
    }
    tally.takes(51_417);
}

#[test]
fn edited_manifests_are_read_alike() {
    let texts: Vec<String> = super::texts().into_iter().map(|(_, text)| text).filter(|text| !text.is_empty()).collect();
    let mut tally = Tally::default();
    for seed in rounds() {
        let mut chance = Chance(seed ^ 0x5EED);
        for _ in 0..30_000 {
            let text = edited(&texts[chance.below(texts.len())], &mut chance);
            tally.look(&text);
        }
    }
    tally.taken_at_least(40);
}

/// The general parser's own limits, which chance does not meet.
#[test]
fn limits_are_read_alike() {
    let mut tally = Tally::default();
    for length in (1018..1032).chain([340, 341, 342, 511, 512, 513]) {
        for (letter, quote) in [("a", ""), ("é", ""), ("a", "'"), ("é", "\""), ("\u{1f600}", ""), ("\\\\", "\"")] {
            let key = format!("{quote}{}{quote}", letter.repeat(length));
            for text in [
                format!("{key}: b\n"),
                format!("{key}   : b\n"),
                format!("- {key}: b\n"),
                format!("a:\n  {key}: b\n"),
                format!("a: {{{key}: b}}\n"),
                format!("a: {{{key} : b}}\n"),
                format!("a: [{key}, {key}]\n"),
                format!("a: {key}\n"),
                format!("a:\n- {key}\n"),
                format!("a:\n  {key}\n"),
                format!("- [{key}]\n- {{a: {key}}}\n"),
            ] {
                tally.look(&text);
            }
        }
    }
    for depth in (190..210).chain(248..262) {
        let mut mappings = String::new();
        let mut lists = String::new();
        for level in 0..depth {
            writeln!(mappings, "{}a:", " ".repeat(level)).unwrap();
            writeln!(lists, "{}-", " ".repeat(level)).unwrap();
        }
        tally.look(&format!("{mappings}{}b: c\n", " ".repeat(depth)));
        tally.look(&format!("{lists}{}- c\n", " ".repeat(depth)));
        tally.look(&format!("{}c\n", "- ".repeat(depth)));
        tally.look(&format!("a: {}{}\n", "[".repeat(depth), "]".repeat(depth)));
        tally.look(&format!("a: {}b{}\n", "{a: ".repeat(depth), "}".repeat(depth)));
        tally.look(&format!("{}a: {}b{}\n", "- ".repeat(depth / 2), "[".repeat(depth / 2), "]".repeat(depth / 2)));
    }
    for comments in [95, 96, 97, 2000] {
        let comments = "# c\n".repeat(comments);
        tally.look(&format!("{comments}a: b\n"));
        tally.look(&format!("a:\n{comments}  b: c\n"));
        tally.look(&format!("a:\n{comments}- b\n{comments}- c\n{comments}"));
    }
    tally.takes(880);
}

/// One more comment than the general parser keeps in one place.
#[test]
fn too_many_comments_are_left() {
    let mut tally = Tally::default();
    tally.look(&format!("a:\n{}  b: c\n", "#\n".repeat((1 << 20) + 1)));
    assert_eq!((tally.taken, tally.left), (0, 1));
}

/// What chance meets too seldom: each text is taken, or left, and read alike.
#[test]
fn what_is_taken_and_what_is_left() {
    let seen = |text: &str| {
        let mut tally = Tally::default();
        tally.look(text);
        assert_eq!(tally.taken + tally.left, 1, "{text:?}");
        tally.taken == 1
    };
    for text in [
        // Line ends of Windows behind quotes and keys, not at a text's first bytes.
        "a:\r\n- 'b'\r\n- \"c\"\r\nd:\r\n  e: 'f'\r\n",
        "a: | # why\n  b\n",
        "a: >- # why\r\n  b\r\n  c\r\n",
        "a: {'b':c, \"d\":e}\n",
        "a: [{'b':c}]\n",
        "a: \"b\\tc\\rd\\ne\"\n",
        // A letter that begins as a byte order mark does.
        "a: \u{ff46}\n",
        // Depth is given back.
        &"- a: b\n".repeat(400),
        &"- [a]\n- {b: c}\n".repeat(400),
        &format!("{}a: b\n", "#\n".repeat(1 << 20)),
    ] {
        assert!(seen(text), "left: {:?}", &text[..text.len().min(80)]);
    }
    for text in ["a: |+-\n  b\n", "a: |-+\n  b\n", "a: |# no\n  b\n", "a: {b:c}\n", "a: {'b'c}\n", "a: \u{feff}b\n"] {
        assert!(!seen(text), "taken: {text:?}");
    }
}
