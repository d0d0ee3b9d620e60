//! Plain and quoted scalars.

use super::super::scalar;
use super::{Declined, MAX_KEY, Read, Reader};
use crate::node::{Kind, Style, Text};
use crate::source::Span;

/// A scalar that is read and not yet added.
pub(super) struct Scalar {
    pub(super) style: Style,
    /// A quoted one's holds its quotes.
    pub(super) span: Span,
    /// The text, where it is not what stands there.
    pub(super) text: Option<Box<str>>,
}

/// What comes after a scalar on its line.
pub(super) enum Stop {
    /// The colon of a key, and where.
    Colon(usize),
    /// A comment or nothing.
    End,
}

impl Reader<'_> {
    /// The scalar that begins at `at` in a block collection, up to its line's end if it is plain.
    pub(super) fn scalar(&self, at: usize) -> Read<(Scalar, Stop)> {
        if !matches!(self.bytes[at], b'"' | b'\'') {
            self.check_plain_start(at)?;
            let (end, stop) = self.plain_line(at)?;
            let scalar = Scalar { style: Style::Plain, span: Span::new(at as u32, end as u32), text: None };
            return Ok((scalar, stop));
        }
        let scalar = self.quoted(at)?;
        let end = scalar.span.end as usize;
        let colon = self.skip_spaces(end);
        if self.peek(colon) != Some(b':') {
            return Ok((scalar, Stop::End));
        }
        let one_line = memchr::memchr(b'\n', &self.bytes[at..end]).is_none();
        if !one_line || !self.ends_token(colon + 1) || colon - at > MAX_KEY {
            return Err(Declined);
        }
        Ok((scalar, Stop::Colon(colon)))
    }

    /// Declines where another kind of node begins than a plain scalar.
    pub(super) fn check_plain_start(&self, at: usize) -> Read<()> {
        match self.bytes[at] {
            b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@' | b'`' => {
                Err(Declined)
            }
            b'-' | b'?' | b':' if self.ends_token(at + 1) => Err(Declined),
            // A byte order mark is content to one reader and none to another.
            0xEF if self.bytes[at..].starts_with(b"\xEF\xBB\xBF") => Err(Declined),
            _ => Ok(()),
        }
    }

    /// Where the plain text ends that begins at `at`, and what comes after it on its line.
    fn plain_line(&self, at: usize) -> Read<(usize, Stop)> {
        let mut from = at;
        let (mut end, stop) = loop {
            let Some(found) = memchr::memchr3(b':', b'#', b'\n', &self.bytes[from..]) else {
                break (self.bytes.len(), Stop::End);
            };
            let found = from + found;
            match self.bytes[found] {
                b':' if self.ends_token(found + 1) => break (found, Stop::Colon(found)),
                b'#' if found > at && self.bytes[found - 1] == b' ' => break (found, Stop::End),
                b'\n' => break (found - usize::from(found > at && self.bytes[found - 1] == b'\r'), Stop::End),
                _ => from = found + 1,
            }
        };
        if self.has_tabs && memchr::memchr(b'\t', &self.bytes[at..self.bytes.len().min(end + 2)]).is_some() {
            return Err(Declined);
        }
        while end > at && self.bytes[end - 1] == b' ' {
            end -= 1;
        }
        if end == at || matches!(stop, Stop::Colon(colon) if colon - at > MAX_KEY) {
            return Err(Declined);
        }
        Ok((end, stop))
    }

    /// Adds a plain scalar of which the first line is read, with the lines that continue it.
    pub(super) fn plain(&mut self, mut scalar: Scalar, parent: i32) -> Read<()> {
        let start = scalar.span.start as usize;
        let mut end = scalar.span.end as usize;
        let comments = self.comments;
        self.rest_of_line(end)?;
        if self.column <= parent {
            return self.add(scalar);
        }
        let mut text = self.text[start..end].to_owned();
        // A comment ends it: what is indented like more of it is an error then.
        while self.column > parent && self.comments == comments {
            let breaks = memchr::memchr_iter(b'\n', &self.bytes[end..self.at]).count() - 1;
            if breaks == 0 {
                text.push(' ');
            }
            text.extend(std::iter::repeat_n('\n', breaks));
            let (next, Stop::End) = self.plain_line(self.at)? else { return Err(Declined) };
            text.push_str(&self.text[self.at..next]);
            end = next;
            self.rest_of_line(end)?;
        }
        scalar.span.end = end as u32;
        scalar.text = Some(text.into());
        self.add(scalar)
    }

    /// The quoted scalar that begins at `at`.
    pub(super) fn quoted(&self, start: usize) -> Read<Scalar> {
        let quote = self.bytes[start];
        let style = if quote == b'"' { Style::DoubleQuoted } else { Style::SingleQuoted };
        let mut text = String::new();
        // Whether the text differs from what stands there; how much of it folding may not take back.
        let (mut differs, mut kept) = (false, 0);
        let (mut from, mut at) = (start + 1, start + 1);
        let end = loop {
            let rest = &self.bytes[at..];
            let found = if quote == b'"' {
                memchr::memchr3(b'"', b'\\', b'\n', rest)
            } else {
                memchr::memchr2(b'\'', b'\n', rest)
            };
            at += found.ok_or(Declined)?;
            match self.bytes[at] {
                b'\n' => {
                    let line_end = if self.bytes[at - 1] == b'\r' { at - 1 } else { at };
                    if line_end > from {
                        text.push_str(&self.text[from..line_end]);
                    }
                    text.truncate(kept.max(text.trim_end_matches([' ', '\t']).len()));
                    let (next, breaks) = self.folded(at + 1)?;
                    if breaks == 0 {
                        text.push(' ');
                    }
                    text.extend(std::iter::repeat_n('\n', breaks));
                    (from, at) = (next, next);
                }
                b'\\' => {
                    text.push_str(&self.text[from..at]);
                    at = self.escape(at + 1, &mut text)?;
                    from = at;
                }
                b'\'' if self.peek(at + 1) == Some(b'\'') => {
                    text.push_str(&self.text[from..=at]);
                    at += 2;
                    from = at;
                }
                _ => break at,
            }
            kept = text.len();
            differs = true;
        };
        let span = Span::new(start as u32, end as u32 + 1);
        if differs {
            text.push_str(&self.text[from..end]);
        }
        Ok(Scalar { style, span, text: differs.then(|| text.into()) })
    }

    /// After a line break in quotes: where the text goes on, and how many breaks come before that.
    fn folded(&self, mut line: usize) -> Read<(usize, usize)> {
        let mut breaks = 0;
        loop {
            let at = self.skip_spaces(line);
            match self.peek(at) {
                Some(b'\n' | b'\r') => line = self.line(at).1,
                Some(b'.') if at == line => return Err(Declined),
                None | Some(b'\t') => return Err(Declined),
                Some(_) => return Ok((at, breaks)),
            }
            breaks += 1;
        }
    }

    /// Takes the escape whose backslash stands before `at`, and returns where the text goes on.
    fn escape(&self, at: usize, text: &mut String) -> Read<usize> {
        let character = match self.peek(at).ok_or(Declined)? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            byte @ (b'"' | b'\'' | b'\\' | b' ') => char::from(byte),
            b'u' => {
                let digits =
                    self.text.get(at + 1..at + 5).filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
                let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or(Declined)?;
                text.push(char::from_u32(code).ok_or(Declined)?);
                return Ok(at + 5);
            }
            b'\n' | b'\r' => {
                let (next, breaks) = self.folded(self.line(at).1)?;
                text.extend(std::iter::repeat_n('\n', breaks));
                return Ok(next);
            }
            _ => return Err(Declined),
        };
        text.push(character);
        Ok(at + 1)
    }

    /// Adds a scalar as a value.
    pub(super) fn add(&mut self, scalar: Scalar) -> Read<()> {
        let Scalar { style, span, text } = scalar;
        self.end = self.end.max(span.end);
        let mut kind = Kind::String;
        let mut text = text.map_or(Text::Slice, Text::Owned);
        if style == Style::Plain {
            let written = &self.text[span.range()];
            let meant = if let Text::Owned(text) = &text { text } else { written };
            (kind, text) = match scalar::surely(meant) {
                Some(kind) => (kind, text),
                None => scalar::as_json(scalar::untagged(meant, true), written).map_err(|_| Declined)?,
            };
        }
        self.builder.scalar(kind, style, span, text);
        Ok(())
    }

    /// Adds a scalar as a mapping's key.
    pub(super) fn add_key(&mut self, scalar: Scalar) -> Read<()> {
        let Scalar { style, span, text } = scalar;
        self.end = self.end.max(span.end);
        let mut text = text.map_or(Text::Slice, Text::Owned);
        if style == Style::Plain {
            let written = &self.text[span.range()];
            if written == "<<" {
                return Err(Declined);
            }
            if scalar::surely(written) != Some(Kind::String) {
                text = scalar::as_key(scalar::untagged(written, true), written).map_err(|_| Declined)?;
            }
        }
        self.builder.scalar(Kind::String, style, span, text);
        Ok(())
    }
}
