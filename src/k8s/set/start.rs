//! How a file begins, as the kernel sees it when it is executed.

/// How a value begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Not known: it is not written in the manifests, or a tool fills it in.
    #[default]
    Unknown,
    /// `#!` and a program.
    Interpreter(Interpreter),
    /// A compiled program.
    Program,
    /// Nothing that the kernel can start.
    Nothing(NoStart),
}

/// The first line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// What stands behind `#!`, to the first blank, a carriage return left out.
    pub program: Box<str>,
    /// The first word behind the program: what `/usr/bin/env` looks up.
    pub argument: Box<str>,
    /// Whether the line ends in a carriage return, which the kernel takes for a part of the last word.
    pub has_return: bool,
}

impl Interpreter {
    /// The name of the program that has to be there: `bash` of `/bin/bash` and of `/usr/bin/env bash`.
    #[must_use]
    pub fn name(&self) -> &str {
        match crate::k8s::command::base_name(&self.program) {
            "env" if !self.argument.is_empty() => &self.argument,
            name => name,
        }
    }
}

/// Why the kernel can't start a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoStart {
    /// It is empty.
    Empty,
    /// A byte order mark stands before `#!`.
    Mark,
    /// Blanks or empty lines stand before `#!`.
    Blank,
    /// `#!` without a program.
    Bare,
    /// Text without `#!`.
    Text,
}

/// Bytes of a first line that are looked at; the kernel itself reads 256 (`BINPRM_BUF_SIZE`, Linux
/// `include/uapi/linux/binfmts.h`).
const MAX_LINE: usize = 255;

/// Longest word of a first line that is kept, in bytes.
const MAX_WORD: usize = 64;

/// How a file of these bytes begins (Linux `fs/binfmt_script.c`, `fs/binfmt_elf.c`).
pub(super) fn start(bytes: &[u8]) -> Start {
    if bytes.starts_with(b"\x7fELF") {
        return Start::Program;
    }
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let Ok(line) = std::str::from_utf8(&bytes[..end.min(MAX_LINE)]) else { return Start::Unknown };
    if bytes.is_empty() {
        return Start::Nothing(NoStart::Empty);
    }
    let script = line.strip_prefix("#!");
    // What a tool fills in later may begin in any way.
    let opens =
        |text: &str| ["{{", "{%", "${", "$(", "<", "%{", "[[", "__", "@"].iter().any(|open| text.starts_with(open));
    let waits = match script {
        Some(rest) => rest.contains(['{', '$', '<', '%']),
        None => opens(line.trim_start()),
    };
    if waits || line.contains('\0') {
        return Start::Unknown;
    }
    let Some(rest) = script else {
        let text = bytes.strip_prefix("\u{feff}".as_bytes());
        let after = text.unwrap_or(bytes).trim_ascii_start();
        return Start::Nothing(match (text, after.starts_with(b"#!")) {
            (Some(_), true) => NoStart::Mark,
            (None, true) => NoStart::Blank,
            _ => NoStart::Text,
        });
    };
    let (rest, has_return) = rest.strip_suffix('\r').map_or((rest, false), |rest| (rest, true));
    let mut words = rest.split([' ', '\t']).filter(|word| !word.is_empty());
    let Some(program) = words.next() else { return Start::Nothing(NoStart::Bare) };
    let argument = words.next().unwrap_or_default();
    if program.len() > MAX_WORD || argument.len() > MAX_WORD {
        return Start::Unknown;
    }
    Start::Interpreter(Interpreter { program: program.into(), argument: argument.into(), has_return })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_kernel_reads_it() {
        let is = |program: &str, argument: &str, has_return| {
            Start::Interpreter(Interpreter { program: program.into(), argument: argument.into(), has_return })
        };
        for (text, wanted) in [
            ("#!/bin/sh\nexec x\n", is("/bin/sh", "", false)),
            ("#! /bin/bash -eu\n", is("/bin/bash", "-eu", false)),
            ("#!/usr/bin/env bash\r\n", is("/usr/bin/env", "bash", true)),
            ("#!/bin/sh\r\nexit\r\n", is("/bin/sh", "", true)),
            ("#!\n", Start::Nothing(NoStart::Bare)),
            ("#!\r\n", Start::Nothing(NoStart::Bare)),
            ("\n#!/bin/sh\n", Start::Nothing(NoStart::Blank)),
            (" #!/bin/sh\n", Start::Nothing(NoStart::Blank)),
            ("\u{feff}#!/bin/sh\n", Start::Nothing(NoStart::Mark)),
            ("set -e\n", Start::Nothing(NoStart::Text)),
            ("", Start::Nothing(NoStart::Empty)),
            ("\x7fELF\x02\x01", Start::Program),
            ("{{ .Files.Get \"x.sh\" }}\n", Start::Unknown),
            ("#!${SHELL}\n", Start::Unknown),
        ] {
            assert_eq!(start(text.as_bytes()), wanted, "{text:?}");
        }
        assert_eq!(start(b"\xff\xfe#\0!\0"), Start::Unknown);
        assert_eq!(is("/usr/bin/env", "bash", false), start(b"#!/usr/bin/env bash"));
        let Start::Interpreter(env) = start(b"#!/usr/bin/env bash") else { panic!() };
        assert_eq!(env.name(), "bash");
    }
}
