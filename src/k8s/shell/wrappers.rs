//! Programs that run another program in their own place, or wait for it and end with it.

use crate::k8s::command::base_name;

/// Strips wrappers: `tini -- java -jar x` runs `java`. Within a script some are builtins of the shell, which are no
/// programs elsewhere.
pub(super) fn unwrap<'a>(argv: &'a [&'a str], in_script: bool) -> &'a [&'a str] {
    let mut argv = argv;
    while let Some((program, rest)) = argv.split_first() {
        match skip(base_name(program), rest, in_script).and_then(|skip| rest.get(skip..)) {
            Some(inner) if !inner.is_empty() => argv = inner,
            _ => break,
        }
    }
    argv
}

/// How many of a wrapper's arguments are its own; `None` where it is none.
fn skip(name: &str, rest: &[&str], in_script: bool) -> Option<usize> {
    let flags = |with_value: &[&str]| {
        let mut at = 0;
        while let Some(word) = rest.get(at) {
            match *word {
                "--" => return at + 1,
                word if with_value.contains(&word) => at += 2,
                word if word.starts_with('-') => at += 1,
                _ => break,
            }
        }
        at
    };
    let after_dashes = || rest.iter().position(|word| *word == "--").map(|at| at + 1);
    Some(match name {
        "exec" | "builtin" if in_script => flags(&["-a"]),
        // With `-v` it only says whether there is such a program.
        "command" if in_script && !rest.first().is_some_and(|word| matches!(*word, "-v" | "-V")) => flags(&[]),
        "nohup" | "setsid" | "time" | "catatonit" | "dumb-init" | "docker-init" | "unbuffer" | "catchsegv" => {
            flags(&[])
        }
        "stdbuf" => flags(&["-i", "-o", "-e"]),
        "tini" | "tini-static" => flags(&["-p", "-e"]),
        "nice" => flags(&["-n"]),
        "ionice" => flags(&["-c", "-n"]),
        "numactl" => flags(&["-m", "-N", "-C", "-i"]),
        "taskset" => flags(&[]) + 1,
        "su-exec" | "gosu" | "setuidgid" | "s6-setuidgid" | "s6-applyuidgid" | "s6-envdir" | "envdir" => 1,
        "with-contenv" | "vault-env" | "ddtrace-run" | "opentelemetry-instrument" => 0,
        "newrelic-admin" if rest.first() == Some(&"run-program") => 1,
        "chpst" => flags(&["-u", "-U", "-b", "-e", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c"]),
        "setpriv" => flags(&["--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps", "--bounding-set"]),
        "runuser" if rest.first() == Some(&"-u") => flags(&["-u", "-g", "-G"]),
        "sudo" => flags(&["-u", "-g", "-h", "-p", "-C", "-r", "-t"]),
        "xvfb-run" => flags(&["-s", "-n", "-e", "-f", "-w", "-p"]),
        "chamber" | "doppler" | "infisical" | "wait-for-it" | "wait-for-it.sh" | "wait-for" | "wait-for.sh" => {
            after_dashes()?
        }
        "busybox" if rest.first().is_some_and(|applet| !applet.starts_with('-')) => 0,
        // `-S` holds a command of its own.
        "env" if !rest.iter().any(|arg| arg.starts_with("-S") || arg.starts_with("--split-string")) => {
            let flagged = flags(&["-u", "-C"]);
            flagged + rest.get(flagged..).unwrap_or_default().iter().take_while(|word| word.contains('=')).count()
        }
        _ => return None,
    })
}

/// An init process, which passes signals on to what it runs: it is PID 1 in that one's place.
pub(super) fn is_init(name: &str) -> bool {
    matches!(
        name,
        "tini" | "tini-static" | "dumb-init" | "catatonit" | "docker-init" | "s6-svscan" | "init" | "my_init"
    )
}

/// The seconds that `timeout [OPTION] DURATION COMMAND` (GNU coreutils, busybox) allows, and the command; `None` where
/// it is another program, or its duration is not known.
pub(super) fn timeout<'a>(argv: &'a [&'a str]) -> Option<(Option<f64>, &'a [&'a str])> {
    let (program, rest) = argv.split_first()?;
    if base_name(program) != "timeout" {
        return None;
    }
    let mut at = 0;
    let mut old = None;
    while let Some(word) = rest.get(at).filter(|word| word.starts_with('-')) {
        match *word {
            // busybox once had `-t SECONDS` in place of the operand.
            "-t" => old = rest.get(at + 1).copied(),
            "-k" | "-s" => at += 1,
            _ => {}
        }
        at += 1;
    }
    let duration = old.or_else(|| rest.get(at).copied())?;
    Some((seconds(duration), rest.get(at + 1..).unwrap_or_default()))
}

/// A duration of `sleep` and `timeout` in seconds: `5`, `1.5m`, `infinity`.
pub(super) fn seconds(text: &str) -> Option<f64> {
    if matches!(text, "infinity" | "inf") {
        return Some(f64::INFINITY);
    }
    let (number, unit) = match text.as_bytes().last()? {
        b's' => (&text[..text.len() - 1], 1.0),
        b'm' => (&text[..text.len() - 1], 60.0),
        b'h' => (&text[..text.len() - 1], 3600.0),
        b'd' => (&text[..text.len() - 1], 86400.0),
        _ => (text, 1.0),
    };
    let plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    Some(number.parse::<f64>().ok().filter(|_| plain)? * unit)
}
