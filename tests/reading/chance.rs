//! Texts made by chance, the same for the same seed.

/// Numbers by chance from a seed (SplitMix64).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(super) fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// Pieces of YAML, of which random texts are made.
pub(super) const WORDS: &[&str] = &[
    "a",
    "b:",
    "c: ",
    "key: ",
    ": ",
    ":",
    "- ",
    "-",
    "  ",
    " ",
    "    ",
    "\n",
    "\n",
    "\n",
    "\n  ",
    "\n  ",
    "\n    ",
    "\n- ",
    "\n  - ",
    "\r\n",
    "# c",
    " # c",
    "#",
    "'",
    "''",
    "\"",
    "\\",
    "\\n",
    "\\'",
    "\\\"",
    "\\\n",
    "\\u00e9",
    "\\x41",
    "|",
    ">",
    "|-",
    ">+",
    "|2",
    ">1-",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ",",
    "[a, b]",
    "{a: b}",
    "{}",
    "[]",
    "'x'",
    "\"y\"",
    "'x': ",
    "\"y\": ",
    "\"y\":",
    "?",
    "? ",
    "&x ",
    "*x",
    "!t ",
    "!!str ",
    "%",
    "@",
    "`",
    "\t",
    "...",
    "---",
    "---\n",
    "~",
    "null",
    "true",
    "yes",
    "1",
    "0x1f",
    "1e3",
    "-1",
    ".5",
    "1_000",
    "<<: ",
    "é",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "a b",
    "a: b: c",
    "http://x:80/#y",
    "x#y",
    "long text of words",
    "\n\n",
    "\n \n",
    "   \n",
];

/// A window of a text with one to four small changes.
pub(super) fn edited(text: &str, chance: &mut Chance) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let from = chance.below(lines.len());
    lines = lines.drain(from..).take(2 + chance.below(24)).collect();
    // As a window of a text mostly begins deep in it, what all its lines are indented by goes.
    let indentation = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min();
    let keep = indentation.unwrap_or_default();
    for line in &mut lines {
        line.drain(..keep.min(line.len()));
    }
    for _ in 0..=chance.below(3) {
        edit(&mut lines, chance);
    }
    let line_break = if chance.below(12) == 0 { "\r\n" } else { "\n" };
    let mut text = lines.join(line_break);
    if chance.below(8) > 0 {
        text.push_str(line_break);
    }
    text
}

/// One small change, as a slip of the hand or a merge makes it.
fn edit(lines: &mut Vec<String>, chance: &mut Chance) {
    let at = chance.below(lines.len());
    let several = lines.len() > 1;
    let line = &mut lines[at];
    let mut place = chance.below(line.len() + 1);
    while !line.is_char_boundary(place) {
        place -= 1;
    }
    match chance.below(8) {
        0 | 1 => line.insert_str(place, chance.of(WORDS)),
        2 if place < line.len() => drop(line.remove(place)),
        3 => line.insert_str(0, chance.of(&[" ", "  ", "- ", "# ", "\t"])),
        4 => *line = line.strip_prefix(chance.of(&[" ", "  ", "- "])).unwrap_or(line).to_owned(),
        5 => {
            let copy = line.clone();
            lines.insert(at, copy);
        }
        6 if several => drop(lines.remove(at)),
        _ => line.push_str(chance.of(&[" ", " # c", ":", " |", " >-", "'", "\"", " [a,", " b: c", "\t", "  "])),
    }
}
