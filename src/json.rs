//! JSON text to documents, as Go's `encoding/json` reads a stream of them: `{}{}`.
//!
//! Numbers keep the text that they are written in.

use crate::node::{Builder, Document, Kind, Malformed, Style, Text, Tree};
use crate::source::Span;

/// How deep collections may lie in each other. Go stops at 10,000; nothing of Kubernetes goes to
/// 100, and whoever walks a tree does so by recursion.
const MAX_DEPTH: usize = 255;

/// The documents of a JSON file, in order, `null` aside. An error is the last of them.
#[must_use]
pub fn documents(text: &str) -> Documents<'_> {
    Documents { text, at: 0, count: 0, failed: false }
}

/// The one document of a text that a machine wrote. Nobody writes the same key twice by accident
/// there, nor a number that no type holds: both are refused.
///
/// # Errors
/// Where the text is not exactly one JSON value, or such a one.
pub fn single(text: &str) -> Result<Document<'_>, Malformed> {
    let mut documents = documents(text);
    let error = |offset: u32, message: &str| Malformed { offset, message: message.into() };
    let document = documents.next().unwrap_or_else(|| Err(error(0, "there is no JSON value")))?;
    let rest = &text[document.span.end as usize..];
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    if blanks < rest.len() {
        return Err(error(document.span.end + blanks as u32, "something follows the JSON value"));
    }
    let mut open = vec![document.tree.root()];
    let mut keys: Vec<(&str, u32)> = Vec::new();
    while let Some(node) = open.pop() {
        match node.kind() {
            Kind::Mapping => {
                keys.clear();
                keys.extend(node.entries().map(|(key, _)| (key.scalar().unwrap_or_default(), key.span().start)));
                keys.sort_unstable();
                if let Some(pair) = keys.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                    return Err(error(pair[1].1, "a key stands here for the second time"));
                }
                open.extend(node.entries().map(|(_, value)| value));
            }
            Kind::Sequence => open.extend(node.items()),
            Kind::Int | Kind::Float if !node.scalar().is_some_and(is_finite) => {
                return Err(error(node.span().start, "no type holds a number as large as this"));
            }
            _ => {}
        }
    }
    Ok(document)
}

fn is_finite(number: &str) -> bool {
    number.len() < 300 && !number.contains(['e', 'E']) || number.parse().is_ok_and(f64::is_finite)
}

/// See [`documents`].
#[derive(Debug)]
pub struct Documents<'s> {
    text: &'s str,
    /// End of the last document that was read.
    at: u32,
    count: usize,
    failed: bool,
}

impl Documents<'_> {
    /// After an error, the byte offset from which kubectl tries YAML instead: where the stream is
    /// no JSON from its first or its second document on. `{a: 1}` is YAML, and so is what follows
    /// a `---` after one JSON object (`YAMLOrJSONDecoder.Decode` in apimachinery's
    /// `pkg/util/yaml/decoder.go`).
    #[must_use]
    pub fn yaml_from(&self) -> Option<u32> {
        if !self.failed || self.count > 1 {
            return None;
        }
        // `consumeWhitespace`: up to the first line's end. It looks at four bytes each time, and
        // gives up where there are fewer.
        let rest = &self.text[self.at as usize..];
        let blank = rest.len() - rest.trim_start().len();
        let (seen, resume) = rest[..blank].find('\n').map_or((blank, blank), |end| (end, end + 1));
        (rest.len() >= seen + 4).then_some(self.at + resume as u32)
    }
}

impl<'s> Iterator for Documents<'s> {
    type Item = Result<Document<'s>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            let mut reader = Reader { text: self.text, at: self.at as usize, builder: Builder::new(self.text) };
            let start = reader.blanks() as u32;
            if start as usize >= self.text.len() {
                return None;
            }
            if let Err(malformed) = reader.document() {
                self.failed = true;
                return Some(Err(malformed));
            }
            self.count += 1;
            self.at = reader.at as u32;
            let tree: Tree<'s> = reader.builder.finish();
            if !tree.root().is_null() {
                return Some(Ok(Document { tree, text: self.text, span: Span::new(start, self.at) }));
            }
        }
        None
    }
}

struct Reader<'s> {
    text: &'s str,
    at: usize,
    builder: Builder<'s>,
}

impl Reader<'_> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error<T>(&self, message: &str) -> Result<T, Malformed> {
        Err(Malformed { offset: self.at as u32, message: message.into() })
    }

    /// Skips white space, and says where the next thing stands.
    fn blanks(&mut self) -> usize {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.at
    }

    /// Reads one value with all that is in it.
    fn document(&mut self) -> Result<(), Malformed> {
        let mut open: Vec<(u32, bool)> = Vec::new();
        loop {
            let start = self.blanks() as u32;
            match self.byte() {
                Some(byte @ (b'{' | b'[')) => {
                    if open.len() >= MAX_DEPTH {
                        return self.error(&format!("nested deeper than {MAX_DEPTH} levels: nothing of Kubernetes is"));
                    }
                    let is_mapping = byte == b'{';
                    let kind = if is_mapping { Kind::Mapping } else { Kind::Sequence };
                    open.push((self.builder.open(kind, Style::Flow, Span::new(start, start)), is_mapping));
                    self.at += 1;
                    self.blanks();
                    if self.byte() != Some(if is_mapping { b'}' } else { b']' }) {
                        if is_mapping {
                            self.key()?;
                        }
                        continue;
                    }
                }
                Some(b'"') => self.string()?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal("true", Kind::Bool)?,
                Some(b'f') => self.literal("false", Kind::Bool)?,
                Some(b'n') => self.literal("null", Kind::Null)?,
                Some(_) => return self.error("JSON needs a value here"),
                None => return self.error("the JSON ends too early"),
            }
            loop {
                let Some(&(index, is_mapping)) = open.last() else { return Ok(()) };
                self.blanks();
                match (self.byte(), is_mapping) {
                    (Some(b','), _) => {
                        self.at += 1;
                        if is_mapping {
                            self.key()?;
                        }
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        self.builder.close(index, self.at as u32);
                        open.pop();
                    }
                    (None, _) => return self.error("the JSON ends too early"),
                    (_, true) => return self.error("JSON needs a `,` or a `}` here"),
                    (_, false) => return self.error("JSON needs a `,` or a `]` here"),
                }
            }
        }
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<(), Malformed> {
        self.blanks();
        if self.byte() != Some(b'"') {
            return self.error("JSON needs a key in double quotes here");
        }
        self.string()?;
        self.blanks();
        if self.byte() != Some(b':') {
            return self.error("JSON needs a `:` after a key");
        }
        self.at += 1;
        Ok(())
    }

    fn literal(&mut self, word: &str, kind: Kind) -> Result<(), Malformed> {
        if !self.text[self.at..].starts_with(word) {
            return self.error("JSON knows the words `true`, `false` and `null` only");
        }
        let start = self.at;
        self.at += word.len();
        self.builder.scalar(kind, Style::Plain, Span::new(start as u32, self.at as u32), Text::Slice);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        if !self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.error("a number needs a digit here");
        }
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Malformed> {
        let start = self.at as u32;
        let mut kind = Kind::Int;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            kind = Kind::Float;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            kind = Kind::Float;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.builder.scalar(kind, Style::Plain, Span::new(start, self.at as u32), Text::Slice);
        Ok(())
    }

    fn string(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        self.at += 1;
        let mut owned: Option<String> = None;
        let mut copied = self.at;
        loop {
            let bytes = &self.text.as_bytes()[self.at..];
            self.at +=
                bytes.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\').unwrap_or(bytes.len());
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let before = &self.text[copied..self.at];
                    let escaped = self.escape()?;
                    let text = owned.get_or_insert_default();
                    text.push_str(before);
                    text.push(escaped);
                    copied = self.at;
                }
                Some(_) => return self.error("a control character in a JSON string: write it as an escape"),
                None => {
                    self.at = start;
                    return self.error("a quote is opened and never closed: close it");
                }
            }
        }
        let text = owned.map_or(Text::Slice, |text| Text::Owned((text + &self.text[copied..self.at]).into()));
        self.at += 1;
        self.builder.scalar(Kind::String, Style::DoubleQuoted, Span::new(start as u32, self.at as u32), text);
        Ok(())
    }

    /// The character of the escape that begins here. Half a surrogate pair is U+FFFD, as in Go.
    fn escape(&mut self) -> Result<char, Malformed> {
        let character = match self.text.as_bytes().get(self.at + 1) {
            Some(&byte @ (b'"' | b'\\' | b'/')) => byte as char,
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let Some(unit) = self.unit(self.at) else { return self.error("`\\u` needs four hexadecimal digits") };
                self.at += 6;
                if (0xD800..0xDC00).contains(&unit)
                    && let Some(low) = self.unit(self.at).filter(|low| (0xDC00..0xE000).contains(low))
                {
                    self.at += 6;
                    let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                    return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                return Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            _ => return self.error("no such escape in a JSON string: write `\\\\` for a backslash"),
        };
        self.at += 2;
        Ok(character)
    }

    /// The UTF-16 unit of the `\u` escape at an offset.
    fn unit(&self, at: usize) -> Option<u32> {
        let digits = self.text.as_bytes().get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)?))
    }
}
