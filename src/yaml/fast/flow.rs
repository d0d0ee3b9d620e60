//! Flow collections as manifests write them: lists, mappings with a value for each key, over one line or many.

use super::scalar::Scalar;
use super::{Declined, MAX_KEY, Read, Reader};
use crate::node::{Kind, Style};
use crate::source::Span;

impl Reader<'_> {
    /// Reads the flow collection that begins here, and returns where it ends.
    pub(super) fn flow(&mut self) -> Read<usize> {
        let is_mapping = self.bytes[self.at] == b'{';
        let (kind, bracket) = if is_mapping { (Kind::Mapping, b'}') } else { (Kind::Sequence, b']') };
        let index = self.open(kind, Style::Flow, self.at)?;
        self.at = self.skip_flow(self.at + 1)?;
        while self.bytes[self.at] != bracket {
            if is_mapping {
                let (key, colon) = self.flow_key()?;
                self.add_key(key)?;
                self.at = self.skip_flow(colon + 1)?;
            }
            let end = match self.bytes[self.at] {
                b'[' | b'{' => self.flow()?,
                _ => {
                    let scalar = self.flow_scalar()?;
                    let end = scalar.span.end as usize;
                    self.add(scalar)?;
                    end
                }
            };
            self.at = self.skip_flow(end)?;
            match self.bytes[self.at] {
                b',' => self.at = self.skip_flow(self.at + 1)?,
                byte if byte == bracket => {}
                _ => return Err(Declined),
            }
        }
        let end = self.at + 1;
        self.end = end as u32;
        self.close(index);
        Ok(end)
    }

    /// Past spaces and line breaks, to a byte that is there.
    fn skip_flow(&self, mut at: usize) -> Read<usize> {
        let mut at_start = false;
        loop {
            match self.peek(at) {
                Some(b' ') => at_start = false,
                Some(b'\n') => at_start = true,
                Some(b'\r') => {}
                None | Some(b'#' | b'\t') => return Err(Declined),
                Some(b'%' | b'.' | b'-') if at_start => return Err(Declined),
                Some(_) => return Ok(at),
            }
            at += 1;
        }
    }

    /// The key that begins here, and where its colon stands.
    fn flow_key(&mut self) -> Read<(Scalar, usize)> {
        let start = self.at;
        let key = self.flow_scalar()?;
        let colon = self.skip_spaces(key.span.end as usize);
        let is_plain = key.style == Style::Plain;
        let separate = self.ends_token(colon + 1);
        let fits = self.peek(colon) == Some(b':') && colon - start <= MAX_KEY && (separate || !is_plain);
        if !fits || memchr::memchr(b'\n', &self.bytes[start..colon]).is_some() {
            return Err(Declined);
        }
        Ok((key, colon))
    }

    fn flow_scalar(&self) -> Read<Scalar> {
        let start = self.at;
        if matches!(self.bytes[start], b'"' | b'\'') {
            return self.quoted(start);
        }
        self.check_plain_start(start)?;
        let mut at = start;
        loop {
            match self.peek(at) {
                Some(b',' | b']' | b'}' | b'[' | b'{' | b'\n' | b'\r') => break,
                Some(b':')
                    if self.ends_token(at + 1)
                        || matches!(self.peek(at + 1), Some(b',' | b']' | b'}' | b'[' | b'{')) =>
                {
                    break;
                }
                Some(b'#') if self.bytes[at - 1] == b' ' => return Err(Declined),
                None | Some(b'?' | b'\t') => return Err(Declined),
                Some(_) => at += 1,
            }
        }
        while at > start && self.bytes[at - 1] == b' ' {
            at -= 1;
        }
        if at == start || self.bytes[start] == b':' || &self.bytes[start..at] == b"-" {
            return Err(Declined);
        }
        Ok(Scalar { style: Style::Plain, span: Span::new(start as u32, at as u32), text: None })
    }
}
