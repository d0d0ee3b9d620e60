//! Text of files, made safe to print: what a terminal would obey instead of show is replaced, one
//! character by one, so columns stay true.

use std::borrow::Cow;

/// The visible stand-in of a character that a terminal would not simply show.
///
/// C0 controls have pictures of their own in Unicode; C1 controls (U+009B begins an escape sequence
/// without any ESC), line separators and the marks that reorder or hide text become U+FFFD.
fn stand_in(c: char) -> Option<char> {
    match c {
        '\t' => None,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32),
        '\u{7f}' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => Some('\u{fffd}'),
        _ => None,
    }
}

/// A line as it may be printed; as many characters as before.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    if text.chars().any(|c| stand_in(c).is_some()) {
        text.chars().map(|c| stand_in(c).unwrap_or(c)).collect::<String>().into()
    } else {
        text.into()
    }
}

/// A sentence as it may be printed in one line: line breaks and tabs become spaces.
#[must_use]
pub fn sentence(text: &str) -> String {
    text.trim_end()
        .chars()
        .map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { stand_in(c).unwrap_or(c) })
        .collect()
}

/// A text of several lines as it may be printed.
#[must_use]
pub fn paragraph(text: &str) -> String {
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_can_not_speak_to_the_terminal() {
        let hostile = "a: \u{1b}[2J\u{9b}31m\u{202e}evil\u{7}\u{7f}\r";
        let shown = line(hostile);
        assert_eq!(shown, "a: ␛[2J\u{fffd}31m\u{fffd}evil␇␡␍");
        assert_eq!(shown.chars().count(), hostile.chars().count());
        assert_eq!(line("tab\tstays, ä 漢 😀 too"), "tab\tstays, ä 漢 😀 too");
        assert_eq!(sentence("two\nlines\u{1b}\n"), "two lines␛");
    }
}
