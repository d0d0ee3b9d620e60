//! `crashlint --verify-reader [PATHS…]`: reads all YAML both ways, to find out whether the fast reader can be trusted.

use super::args::Selection;
use super::{Console, TROUBLE, collect};
use crate::read::{Part, parts};
use crate::report::safe;
use crate::yaml::{Verdict, verify};
use std::io::Write as _;

/// Compares the readers, and stops at the first difference; returns the exit code. What can't be read is passed over.
pub(super) fn run(selection: &Selection, console: &Console) -> anyhow::Result<u8> {
    let (inputs, _) = collect::inputs(&selection.paths, &selection.include, &selection.exclude)?;
    let (mut alike, mut left) = (0, 0);
    let mut text = Vec::new();
    for source in inputs.iter().filter_map(|input| input.source().ok().flatten()) {
        for part in parts(source.text()) {
            let Part::Document(part) = part else { continue };
            match verify(source.text(), part) {
                Verdict::Same => alike += 1,
                Verdict::Declined => left += 1,
                Verdict::Different(error) => {
                    let line = source.position(part.start).line;
                    let why = error.map(|error| format!(" ({})", error.message)).unwrap_or_default();
                    let name = safe::sentence(source.name());
                    writeln!(
                        text,
                        "{name}:{line}: the fast reader and the general parser differ on this document{why}: please report it"
                    )?;
                    console.error(&text)?;
                    return Ok(TROUBLE);
                }
            }
        }
    }
    writeln!(
        text,
        "{alike} documents read alike by the fast reader and the general parser; {left} left to the general parser"
    )?;
    console.print(&text)?;
    Ok(0)
}
