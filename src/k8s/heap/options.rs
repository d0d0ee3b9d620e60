//! Options with which a JVM does not start. Each case was seen to end with exit code 1 on JDK 11, 17, 21 and 25 where no
//! other version is named; JDK 8 by its source.

use super::flags::{FLAGS, Flag, IGNORED, SINCE_9, Shape, is_other_jvm, java_version};
use super::jvm::{Jvm, Opt, Said, jvms};
use super::lines::Origin;
use super::size::of_jvm;
use crate::k8s::container::Container;
use crate::k8s::env::UNKNOWN;
use crate::k8s::quantity::Quantity;
use crate::k8s::tables::Tables;

/// Why a JVM does not start with its options.
#[derive(Clone, Debug)]
pub struct Refusal<'t> {
    /// What is wrong, for the message.
    pub why: String,
    /// What the label says.
    pub label: &'static str,
    /// What to do.
    pub help: String,
    /// Where.
    pub origin: Origin<'t>,
    /// A second option that it does not go with.
    pub other: Option<Origin<'t>>,
    /// Whether a JVM is started, and this reaches it.
    pub sure: bool,
    /// What was assumed.
    pub assumed: Option<String>,
}

/// A fault of one option.
struct Fault {
    why: String,
    label: &'static str,
    help: String,
}

impl Fault {
    fn new(why: impl Into<String>, label: &'static str, help: impl Into<String>) -> Self {
        Self { why: why.into(), label, help: help.into() }
    }
}

/// The options of a container's JVMs that they refuse, the first of each JVM.
#[must_use]
pub fn refusals<'t>(container: Container<'t>, tables: &'t Tables) -> Vec<Refusal<'t>> {
    let version = container.image().and_then(|image| java_version(&image));
    let hotspot = container.image().is_none_or(|image| !is_other_jvm(&image));
    let mut found: Vec<Refusal<'t>> = Vec::new();
    for jvm in jvms(container, tables) {
        // Another one may start first and be refused for the same.
        if let Some(refusal) = of_jvm_options(&jvm, version, hotspot)
            && !found.iter().any(|before| before.why == refusal.why)
        {
            found.push(refusal);
        }
    }
    found
}

fn of_jvm_options<'t>(jvm: &Jvm<'t>, version: Option<(u32, bool)>, hotspot: bool) -> Option<Refusal<'t>> {
    let lenient = jvm.has("IgnoreUnrecognizedVMOptions");
    let mut unlocked = false;
    for option in &jvm.options {
        // JDK 8's launcher has no such variable.
        if option.origin.variable() == Some("JDK_JAVA_OPTIONS") && version.is_some_and(|(version, _)| version < 9) {
            continue;
        }
        if option.text.contains(UNKNOWN) {
            unlocked |= option.text.starts_with(UNKNOWN);
            continue;
        }
        unlocked |= option.text == "-XX:+UnlockExperimentalVMOptions";
        let of_hotspot = || flag_fault(&option.text, lenient).or_else(|| locked(&option.text, unlocked));
        let fault = joined(option).or_else(|| size_of_dash(&option.text));
        if let Some(fault) = fault.or_else(|| of_hotspot().filter(|_| hotspot)) {
            return Some(refusal(fault, option, None, jvm, true, None));
        }
        if let Some((version, known)) = version
            && let Some(fault) = of_version(&option.text, version, lenient)
        {
            let assumed = format!("the image is taken for one with JDK {version} because of its tag");
            return Some(refusal(fault, option, None, jvm, known, (!known).then_some(assumed)));
        }
    }
    initial_above_maximum(jvm).or_else(|| collectors(jvm).filter(|_| hotspot))
}

fn refusal<'t>(
    fault: Fault,
    option: &Opt<'t>,
    other: Option<&Opt<'t>>,
    jvm: &Jvm<'t>,
    sure: bool,
    assumed: Option<String>,
) -> Refusal<'t> {
    let passed = jvm.passed_on.map(|name| format!("assumed that the start script passes `{name}` to the JVM"));
    let runs = (!jvm.sure && passed.is_none()).then(|| "assumed that a JVM runs here, and is given this".to_owned());
    Refusal {
        why: fault.why,
        label: fault.label,
        help: fault.help,
        origin: option.origin,
        other: other.map(|option| option.origin),
        sure: sure && jvm.sure,
        assumed: assumed.or(passed).or(runs),
    }
}

/// Several options in one word: an exec-form command has no shell that splits the value of a variable.
fn joined(option: &Opt<'_>) -> Option<Fault> {
    let (first, _) = option.text.trim_end().split_once(char::is_whitespace).filter(|_| option.exec)?;
    let whole = ["-Xmx", "-Xms", "-Xmn", "-Xss", "-XX:+", "-XX:-"].iter().any(|prefix| first.starts_with(prefix))
        || FLAGS.iter().any(|flag| named(first, flag));
    whole.then(|| {
        Fault::new(
            "several options stand in one word, and are taken for one",
            "one word, with blanks in it",
            "write each option as an item of its own, give them in `JAVA_TOOL_OPTIONS`, or let `sh -c` split them",
        )
    })
}

fn named(text: &str, flag: &Flag) -> bool {
    text.strip_prefix("-XX:").and_then(|text| text.strip_prefix(flag.name)).is_some_and(|rest| rest.starts_with('='))
}

const UNITS: &str = "write a whole number and `k`, `m` or `g`: `512m` for 512Mi";

/// `-Xmx512Mi`, `-Xmx1.5g`, `-Xmx`, `-xmx1g`.
fn size_of_dash(text: &str) -> Option<Fault> {
    let text = text.trim();
    let spelled = text.trim_start_matches('-');
    if let Some(name) = ["Xmx", "Xms"].into_iter().find(|name| {
        let digits = spelled.get(3..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        digits
            && spelled.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(name))
            && !text.starts_with(&format!("-{name}"))
    }) {
        return Some(Fault::new(
            format!("there is no such option; `-{name}` is meant"),
            "not an option of any JVM",
            format!("write `-{name}`"),
        ));
    }
    let (name, value) =
        ["-Xmx", "-Xms", "-Xmn", "-Xss"].into_iter().find_map(|name| Some((name, text.strip_prefix(name)?)))?;
    if value.is_empty() {
        return Some(Fault::new(
            format!("`{name}` has no size"),
            "no size behind it",
            "write the size right behind it, without a blank",
        ));
    }
    let number = value.strip_prefix('=').unwrap_or(value);
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        // A word that a tool or a person has yet to fill in.
        return None;
    }
    match of_jvm(value) {
        None => Some(Fault::new(format!("`{name}` has a size that no JVM can read"), unit_label(value), UNITS)),
        Some(size) if name == "-Xmx" && size < Quantity::mebi(1) => Some(Fault::new(
            "`-Xmx` is less than 1 MiB, because a number without a unit means bytes",
            "a number of bytes",
            "write a unit: `m`, `g`",
        )),
        Some(_) => None,
    }
}

/// What is wrong with a size, without its value.
fn unit_label(value: &str) -> &'static str {
    if value.starts_with('=') {
        "no `=` belongs here"
    } else if value.contains(['.', ',']) {
        "a JVM knows whole numbers only"
    } else {
        "a JVM knows `k`, `m`, `g` and `t`, and neither `Mi` nor `MB`"
    }
}

/// A flag of `-XX:` that is spelled or given as none is.
fn flag_fault(text: &str, lenient: bool) -> Option<Fault> {
    let body = text.strip_prefix("-XX:")?;
    let signed = body.starts_with(['+', '-']);
    let (name, value) = body
        .trim_start_matches(['+', '-'])
        .split_once('=')
        .map_or((body.trim_start_matches(['+', '-']), None), |(name, value)| (name, Some(value)));
    let flag = FLAGS.iter().find(|flag| flag.name.eq_ignore_ascii_case(name))?;
    let right = flag.name;
    if flag.name != name {
        return (!lenient).then(|| {
            Fault::new(
                format!("there is no such flag; `{right}` is meant"),
                "capitals count",
                format!("write `{right}`"),
            )
        });
    }
    match (flag.shape, signed, value) {
        (Shape::Switch, false, None) => Some(Fault::new(
            format!("`{right}` is a switch, and lacks its `+` or `-`"),
            "neither on nor off",
            format!("write `-XX:+{right}`"),
        )),
        (Shape::Switch, ..) => None,
        (_, true, _) => Some(Fault::new(
            format!("`{right}` is no switch: it takes a value, and no `+` or `-`"),
            "no switch",
            format!("write `-XX:{right}=…`"),
        )),
        (_, false, None | Some("")) => {
            Some(Fault::new(format!("`{right}` has no value"), "no value behind it", format!("write `-XX:{right}=…`")))
        }
        (Shape::Size, false, Some(value)) => (of_jvm(value).is_none()
            && value.starts_with(|c: char| c.is_ascii_digit()))
        .then(|| Fault::new(format!("`{right}` has a size that no JVM can read"), unit_label(value), UNITS)),
        (Shape::Percentage, false, Some(value)) => percentage(right, value),
        (Shape::Number, false, Some(_)) => None,
    }
}

fn percentage(name: &str, value: &str) -> Option<Fault> {
    if !value.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let help = "write a number from 0 to 100 with a decimal point: `75.0`";
    match value.parse::<f64>() {
        Err(_) => Some(Fault::new(format!("`{name}` is no number"), "not a number to a JVM", help)),
        Ok(number) if number > 100.0 => {
            Some(Fault::new(format!("`{name}` is more than 100"), "out of its range", help))
        }
        Ok(_) => None,
    }
}

/// An experimental flag before its unlock, or without.
fn locked(text: &str, unlocked: bool) -> Option<Fault> {
    let name = text.strip_prefix("-XX:").filter(|_| !unlocked)?.trim_start_matches(['+', '-']).split('=').next()?;
    let flag = FLAGS.iter().find(|flag| flag.experimental && flag.gone.is_none() && flag.name == name)?;
    Some(Fault::new(
        format!("`{}` is experimental, and not unlocked before", flag.name),
        "has to be unlocked first",
        "put `-XX:+UnlockExperimentalVMOptions` before it",
    ))
}

/// What this JDK does not have, any more or yet.
fn of_version(text: &str, version: u32, lenient: bool) -> Option<Fault> {
    if version <= 8 && SINCE_9.iter().any(|option| text.starts_with(option)) {
        return Some(Fault::new(
            format!("JDK {version} does not have this option, which came with 9"),
            "unknown to this JDK",
            "remove it, or use an image with a newer JDK",
        ));
    }
    let body = text.strip_prefix("-XX:")?;
    let name = body.trim_start_matches(['+', '-']).split('=').next()?;
    if version <= 10
        && let Some(value) = text.split_once("RAMPercentage=").map(|(_, value)| value)
        && !value.is_empty()
        && value.bytes().all(|b| b.is_ascii_digit())
    {
        return Some(Fault::new(
            format!("`{name}` is a whole number, which JDK {version} can't read"),
            "no decimal point",
            "write it with a decimal point: `75.0`",
        ));
    }
    let flags = FLAGS.iter().map(|flag| (flag.name, flag.gone)).chain(IGNORED.iter().map(|row| (row.0, Some(row.1))));
    let (right, _) =
        flags.filter(|(_, gone)| gone.is_some_and(|gone| gone <= version)).find(|(flag, _)| *flag == name)?;
    (!lenient).then(|| {
        Fault::new(
            format!("JDK {version} does not have `{right}` any more"),
            "unknown to this JDK",
            "remove it; what it stood for is the default now, or has another name",
        )
    })
}

fn initial_above_maximum<'t>(jvm: &Jvm<'t>) -> Option<Refusal<'t>> {
    let (Said::Is(most, at_most), Said::Is(initial, at_first)) = (jvm.xmx(), jvm.xms()) else { return None };
    if initial <= most {
        return None;
    }
    let fault = Fault::new(
        format!("`-Xms` {initial} is larger than `-Xmx` {most}"),
        "more than the heap may become",
        "let `-Xms` be no larger than `-Xmx`",
    );
    Some(refusal(fault, at_first, Some(at_most), jvm, jvm.complete && jvm.is_known(), None))
}

/// Collectors that exclude each other (jdk8u `arguments.cpp`, check_gc_consistency; `gc/shared/gcConfig.cpp`).
const COLLECTORS: &[&str] =
    &["UseG1GC", "UseParallelGC", "UseSerialGC", "UseZGC", "UseShenandoahGC", "UseConcMarkSweepGC", "UseEpsilonGC"];

fn collectors<'t>(jvm: &Jvm<'t>) -> Option<Refusal<'t>> {
    let chosen: Vec<&str> = COLLECTORS.iter().copied().filter(|name| jvm.has(name)).collect();
    let [first, second, ..] = chosen[..] else { return None };
    let option = |name: &str| jvm.options.iter().rfind(|option| option.text.strip_prefix("-XX:+") == Some(name));
    let fault = Fault::new(
        format!("`{first}` and `{second}` are two garbage collectors, and a JVM has one"),
        "one of several collectors",
        "keep one of them",
    );
    Some(refusal(fault, option(second)?, option(first), jvm, jvm.complete && jvm.is_known(), None))
}
