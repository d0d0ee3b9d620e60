//! Files that are replaced while they are read: a mounted Secret or ConfigMap, or a file renamed into place.
//!
//! Contents are compared, never times or inodes: the kubelet swaps a `..data` link beside the files
//! (kubernetes pkg/volume/util/atomic_writer.go), so a watch on a file would hear of nothing.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

/// How often to begin again where files change between two looks.
const ATTEMPTS: usize = 5;

/// A file that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {why}")]
pub(super) struct Unreadable {
    /// As named.
    pub(super) file: Arc<str>,
    pub(super) why: String,
}

/// The contents of some files, all of one moment: read again until two looks agree. Whoever swaps files one by one may
/// still be seen half-way; the next look mends that.
///
/// # Errors
/// The first file's that can't be read, named.
pub(super) fn contents(paths: &[&Path], limit: u64) -> Result<Vec<Vec<u8>>, Unreadable> {
    let mut last = look(paths, limit);
    for _ in 0..ATTEMPTS {
        let now = look(paths, limit);
        if now == last {
            break;
        }
        last = now;
    }
    last
}

fn look(paths: &[&Path], limit: u64) -> Result<Vec<Vec<u8>>, Unreadable> {
    let unreadable =
        |path: &Path, why: io::Error| Unreadable { file: path.to_string_lossy().into(), why: why.to_string() };
    paths.iter().map(|path| read(path, limit).map_err(|why| unreadable(path, why))).collect()
}

fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Opening a FIFO would wait for somebody to write into it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("larger than {limit} bytes")));
    }
    Ok(bytes)
}
