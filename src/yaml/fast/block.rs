//! Block collections and block scalars: what indentation says.

use super::scalar::{Scalar, Stop};
use super::{Declined, Read, Reader};
use crate::node::{Kind, Style, Text};
use crate::source::Span;

/// What becomes of a block scalar's last line breaks.
#[derive(Clone, Copy, PartialEq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl Reader<'_> {
    /// Reads the node that begins here, in a collection whose column is `parent`; after it the reader stands on the next
    /// line of content. Only where it `may_open` a line of its own, as after `- `, can it be a block collection.
    pub(super) fn node(&mut self, parent: i32, may_open: bool) -> Read<()> {
        match self.bytes[self.at] {
            b'|' | b'>' => return self.block_scalar(parent),
            b'[' | b'{' => {
                let end = self.flow()?;
                return self.rest_of_line(end).map(drop);
            }
            b'-' if may_open && self.ends_token(self.at + 1) => return self.sequence(self.column, false),
            _ => {}
        }
        let (scalar, stop) = self.scalar(self.at)?;
        match stop {
            Stop::Colon(colon) if may_open => self.mapping(self.column, scalar, colon),
            Stop::Colon(_) => Err(Declined),
            Stop::End if scalar.style == Style::Plain => self.plain(scalar, parent),
            Stop::End => {
                let end = scalar.span.end as usize;
                self.add(scalar)?;
                self.rest_of_line(end).map(drop)
            }
        }
    }

    /// Reads a block mapping from its first key on.
    fn mapping(&mut self, column: i32, mut key: Scalar, mut colon: usize) -> Read<()> {
        let index = self.open(Kind::Mapping, Style::Block, key.span.start as usize)?;
        loop {
            self.add_key(key)?;
            let at = self.skip_spaces(colon + 1);
            if matches!(self.peek(at), None | Some(b'\n' | b'\r' | b'#')) {
                self.rest_of_line(colon + 1)?;
                if self.column > column {
                    self.node(column, true)?;
                } else if self.column == column && self.is_dash(self.at) {
                    self.sequence(column, true)?;
                } else {
                    self.absent(colon);
                }
            } else {
                self.at = at;
                self.node(column, false)?;
            }
            if self.column < column {
                break;
            }
            if self.column > column {
                return Err(Declined);
            }
            let (next, Stop::Colon(at)) = self.scalar(self.at)? else { return Err(Declined) };
            (key, colon) = (next, at);
        }
        self.close(index);
        Ok(())
    }

    /// Reads a block sequence from its first dash on. As a mapping's value it may stand in the mapping's own column.
    fn sequence(&mut self, column: i32, in_mappings_column: bool) -> Read<()> {
        let index = self.open(Kind::Sequence, Style::Block, self.at)?;
        loop {
            let dash = self.at;
            let at = self.skip_spaces(dash + 1);
            if matches!(self.peek(at), None | Some(b'\n' | b'\r' | b'#')) {
                let end = self.rest_of_line(dash + 1)?;
                if self.column > column {
                    self.node(column, true)?;
                } else {
                    self.absent(end);
                }
            } else {
                self.column = column + (at - dash) as i32;
                self.at = at;
                self.node(column, true)?;
            }
            if self.column != column || !self.is_dash(self.at) {
                break;
            }
        }
        if self.column > column || self.column == column && !in_mappings_column {
            return Err(Declined);
        }
        self.close(index);
        Ok(())
    }

    /// Reads a literal or folded scalar in a collection whose column is `parent`.
    fn block_scalar(&mut self, parent: i32) -> Read<()> {
        let style = if self.bytes[self.at] == b'|' { Style::Literal } else { Style::Folded };
        let mut at = self.at + 1;
        let (mut chomping, mut explicit) = (Chomping::Clip, 0);
        loop {
            match self.peek(at) {
                Some(b'+') if chomping == Chomping::Clip => chomping = Chomping::Keep,
                Some(b'-') if chomping == Chomping::Clip => chomping = Chomping::Strip,
                Some(digit @ b'1'..=b'9') if explicit == 0 => explicit = usize::from(digit - b'0'),
                _ => break,
            }
            at += 1;
        }
        let after = self.skip_spaces(at);
        let next = match self.peek(after) {
            Some(b'\n') => after + 1,
            Some(b'\r') => after + 2,
            Some(b'#') if after > at => self.comment(after)?.1,
            _ => return Err(Declined),
        };
        if parent < 0 {
            return Err(Declined);
        }
        let (indentation, start, breaks) = self.first_line(next, parent as usize, explicit)?;
        let (text, end, line) = self.block_lines(start, indentation, breaks, style, chomping)?;
        let span = Span::new(start as u32, end as u32);
        let text = if *text == self.text[start..end] { Text::Slice } else { Text::Owned(text.into()) };
        self.builder.scalar(Kind::String, style, span, text);
        self.end = span.end;
        self.at = line;
        self.next_line()
    }

    /// A block scalar's indentation, where its first line's content begins, and how many line breaks come before that.
    fn first_line(&self, mut line: usize, parent: usize, explicit: usize) -> Read<(usize, usize, usize)> {
        let (mut breaks, mut widest) = (0, 0);
        loop {
            let at = self.skip_spaces(line);
            let spaces = at - line;
            match self.peek(at) {
                Some(b'\n' | b'\r') if explicit == 0 || spaces <= parent + explicit => {
                    widest = widest.max(spaces);
                    breaks += 1;
                    line = self.line(at).1;
                }
                // An empty one, and one whose first lines contradict each other.
                None | Some(b'\t') => return Err(Declined),
                Some(_) if explicit > 0 => {
                    let indentation = parent + explicit;
                    return if spaces < indentation {
                        Err(Declined)
                    } else {
                        Ok((indentation, line + indentation, breaks))
                    };
                }
                Some(_) if spaces <= parent || spaces < widest => return Err(Declined),
                Some(_) => return Ok((spaces, at, breaks)),
            }
        }
    }

    /// A block scalar's text from its first content on, where it ends, and where the line that ends it begins.
    fn block_lines(
        &self,
        mut at: usize,
        indentation: usize,
        mut breaks: usize,
        style: Style,
        chomping: Chomping,
    ) -> Read<(String, usize, usize)> {
        let mut text = String::new();
        let (mut is_first, mut after_blank) = (true, false);
        loop {
            let (end, mut line) = self.line(at);
            let is_blank = matches!(self.bytes[at], b' ' | b'\t');
            if style == Style::Folded && !is_first && !after_blank && !is_blank {
                if breaks == 0 {
                    text.push(' ');
                }
            } else if !is_first {
                text.push('\n');
            }
            text.extend(std::iter::repeat_n('\n', breaks));
            breaks = 0;
            text.push_str(&self.text[at..end]);
            after_blank = is_blank;
            is_first = false;
            let mut spaces = 0;
            while line < self.bytes.len() {
                spaces = self.bytes[line..].iter().take(indentation).take_while(|&&byte| byte == b' ').count();
                match self.peek(line + spaces) {
                    Some(b'\n') => line += spaces + 1,
                    Some(b'\r') => line += spaces + 2,
                    _ => break,
                }
                breaks += 1;
                spaces = 0;
            }
            at = line + spaces;
            if spaces < indentation || at >= self.bytes.len() {
                // kubectl's reader ends a file's last line, too (`LineReader.Read` in apimachinery's `pkg/util/yaml/decoder.go`).
                if chomping != Chomping::Strip {
                    text.push('\n');
                }
                if chomping == Chomping::Keep {
                    text.extend(std::iter::repeat_n('\n', breaks));
                }
                return if self.peek(at) == Some(b'\t') { Err(Declined) } else { Ok((text, at, line)) };
            }
        }
    }
}
