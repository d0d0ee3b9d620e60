//! Files and standard input to texts, with the reasons why not.

use super::outcome::InputError;
use crate::source::Source;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One file to lint, or a text at hand.
#[derive(Clone, Debug)]
pub struct Input {
    /// The name that people know it by; `-` for standard input.
    pub name: Arc<str>,
    /// Where it is read from; none for a text at hand.
    pub path: Option<PathBuf>,
    /// Whether it was named on the command line, rather than found in a folder.
    pub named: bool,
    /// The text at hand, such as standard input's bytes.
    pub text: Option<Vec<u8>>,
}

impl Input {
    fn error(&self, message: impl Into<String>) -> InputError {
        InputError { file: Arc::clone(&self.name), line: None, column: None, message: message.into() }
    }

    /// The bytes, at most [`Source::MAX_BYTES`] of them.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, InputError> {
        let too_large = || self.error(format!("larger than {} MiB: split it", Source::MAX_BYTES >> 20));
        if let Some(text) = &self.text {
            return if text.len() as u64 > Source::MAX_BYTES { Err(too_large()) } else { Ok(text.clone()) };
        }
        let path = self.path.as_deref().unwrap_or(Path::new(""));
        let metadata = std::fs::metadata(path).map_err(|error| self.error(format!("can't be read: {error}")))?;
        if !metadata.is_file() {
            // Opening a FIFO would wait for somebody to write into it.
            return Err(self.error("is no regular file: pipe it in and name it `-`"));
        }
        if metadata.len() > Source::MAX_BYTES {
            return Err(too_large());
        }
        let file = std::fs::File::open(path).map_err(|error| self.error(format!("can't be read: {error}")))?;
        let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
        // The file may have grown since.
        let read = file.take(Source::MAX_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| self.error(format!("can't be read: {error}")))?;
        if bytes.len() as u64 > Source::MAX_BYTES { Err(too_large()) } else { Ok(bytes) }
    }

    /// The text; `None` where a JSON file found in a folder does not look like a manifest.
    ///
    /// # Errors
    /// Where it can't be read, or is no UTF-8.
    pub fn source(&self) -> Result<Option<Source>, InputError> {
        let bytes = self.bytes()?;
        let json = self.path.as_deref().and_then(Path::extension).is_some_and(|extension| extension == "json");
        let holds = |word: &[u8]| memchr::memmem::find(&bytes, word).is_some();
        if json && !self.named && !(holds(b"apiVersion") && holds(b"kind")) {
            return Ok(None);
        }
        if matches!(bytes[..], [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) {
            return Err(self.error("is UTF-16: save it as UTF-8"));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(Source::new(Arc::clone(&self.name), text))),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let bytes = error.into_bytes();
                let text = String::from_utf8_lossy(&bytes[..valid]).into_owned();
                let at = Source::new(Arc::clone(&self.name), text).position(valid as u32);
                let what = if bytes.get(valid + 1) == Some(&0) || bytes.first() == Some(&0) {
                    "UTF-16 or binary"
                } else {
                    "not UTF-8"
                };
                Err(InputError {
                    line: Some(at.line),
                    column: Some(at.column),
                    ..self.error(format!("is {what} (byte 0x{:02X}): save it as UTF-8", bytes[valid]))
                })
            }
        }
    }
}
