//! What JVMs of a container are told: all of their options in the order in which they count.
//!
//! `JAVA_TOOL_OPTIONS`, then `JDK_JAVA_OPTIONS`, then the command line, then `_JAVA_OPTIONS`; of several that say the same
//! the last one wins (measured on JDK 17; HotSpot `src/hotspot/share/runtime/arguments.cpp`, Arguments::parse;
//! `src/java.base/share/native/libjli/java.c`).

use super::lines::{Line, Lines, Origin, Piece};
use super::size::{mebibytes, of_jvm};
use super::{Limit, Setting, default_heap, mentions};
use crate::k8s::command::base_name;
use crate::k8s::container::Container;
use crate::k8s::env::UNKNOWN;
use crate::k8s::images::Runtime;
use crate::k8s::quantity::Quantity;
use crate::k8s::tables::Tables;

/// Variables that the JVM or its launcher reads itself.
const OWN: [&str; 3] = ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"];

/// Variables of build tools, whose JVMs are not the application's.
const OF_TOOLS: &[&str] = &["MAVEN_OPTS", "GRADLE_OPTS", "SBT_OPTS", "ANT_OPTS", "LEIN_JVM_OPTS"];

/// Images, and the variables that their own start script passes to the JVM behind all options of its own. Sources: tomcat
/// `bin/catalina.sh`; elastic/elasticsearch `distribution/src/bin/elasticsearch`; OpenSearch
/// `distribution/src/bin/opensearch`; logstash `bin/logstash.lib.sh`; kafka `bin/kafka-run-class.sh`.
const READERS: &[(&str, &[&str])] = &[
    ("tomcat", &["JAVA_OPTS", "CATALINA_OPTS"]),
    ("elasticsearch", &["ES_JAVA_OPTS"]),
    ("opensearchproject/opensearch", &["OPENSEARCH_JAVA_OPTS"]),
    ("logstash", &["LS_JAVA_OPTS"]),
    ("apache/kafka", &["KAFKA_HEAP_OPTS"]),
    ("cp-kafka", &["KAFKA_HEAP_OPTS"]),
];

/// Variables that hold the size of the heap alone, as start scripts spell it. Sources: cassandra `conf/cassandra-env.sh`;
/// solr `bin/solr`; neo4j/docker-neo4j `docker-entrypoint.sh`; bitnami/containers (elasticsearch, opensearch);
/// apache/nifi `docker-entrypoint.sh`; nacos-group/nacos-docker `bin/docker-startup.sh`.
const SIZES: &[&str] = &[
    "MAX_HEAP_SIZE",
    "SOLR_HEAP",
    "NEO4J_server_memory_heap_max__size",
    "NEO4J_dbms_memory_heap_max__size",
    "ELASTICSEARCH_HEAP_SIZE",
    "OPENSEARCH_HEAP_SIZE",
    "NIFI_JVM_HEAP_MAX",
    "JVM_XMX",
];

/// The same in mebibytes: zookeeper `bin/zkEnv.sh`.
const MEBIBYTES: &[&str] = &["ZK_SERVER_HEAP"];

/// An option of a JVM.
#[derive(Clone, Debug)]
pub(super) struct Opt<'t> {
    pub(super) text: String,
    pub(super) origin: Origin<'t>,
    /// A word of `command` or `args` that nothing will split.
    pub(super) exec: bool,
}

/// A JVM that a container starts, or may start.
#[derive(Clone, Debug)]
pub(super) struct Jvm<'t> {
    /// Its options, the last one that counts last.
    pub(super) options: Vec<Opt<'t>>,
    /// Whether it is started whatever happens, and these options reach it.
    pub sure: bool,
    /// Whether these are all options, and none of a start script come between or behind them.
    pub(super) complete: bool,
    /// The variable that only a start script can pass on, where it is not known that it does.
    pub passed_on: Option<&'t str>,
}

/// What the options say of one thing.
#[derive(Clone, Debug)]
pub(super) enum Said<'o, 't, T> {
    /// Nothing.
    Nothing,
    /// Something that the manifest does not hold.
    Unknown,
    /// This.
    Is(T, &'o Opt<'t>),
}

impl<'o, T> Said<'o, '_, T> {
    fn known(self) -> Option<T> {
        match self {
            Self::Is(value, _) => Some(value),
            _ => None,
        }
    }
}

impl<'t> Jvm<'t> {
    /// The last of the options that begin so, read; none where a later one is not known.
    pub(super) fn last<'o, T>(&'o self, prefixes: &[&str], read: impl Fn(&str) -> Option<T>) -> Said<'o, 't, T> {
        let mut said = Said::Nothing;
        for option in &self.options {
            if option.text.starts_with(UNKNOWN) {
                said = Said::Unknown;
            } else if let Some(value) = prefixes.iter().find_map(|prefix| option.text.strip_prefix(prefix)) {
                said = match read(value).filter(|_| !value.contains(UNKNOWN)) {
                    Some(value) => Said::Is(value, option),
                    None => Said::Unknown,
                };
            }
        }
        said
    }

    pub(super) fn size(&self, prefixes: &[&str]) -> Said<'_, 't, Quantity> {
        self.last(prefixes, of_jvm)
    }

    /// The largest heap.
    pub(super) fn xmx(&self) -> Said<'_, 't, Quantity> {
        self.size(&["-Xmx", "-XX:MaxHeapSize="])
    }

    /// The heap at the start.
    pub(super) fn xms(&self) -> Said<'_, 't, Quantity> {
        self.size(&["-Xms", "-XX:InitialHeapSize="])
    }

    /// Whether a switch is on, as its last option says.
    pub(super) fn has(&self, switch: &str) -> bool {
        let mut signs = self.options.iter().filter_map(|option| option.text.strip_prefix("-XX:")?.strip_suffix(switch));
        signs.rfind(|sign| matches!(*sign, "+" | "-")) == Some("+")
    }

    /// Whether all of its options are known.
    pub(super) fn is_known(&self) -> bool {
        self.options.iter().all(|option| !option.text.starts_with(UNKNOWN) && !option.text.starts_with('@'))
    }
}

/// JVMs of a container, and options of a variable, that are looked at.
const MAX_JVMS: usize = 8;
const MAX_OPTIONS: usize = 1000;

/// Texts without which nothing here has anything to say.
const HINTS: &[&str] = &["-X", "JAVA", "java"];

/// The JVMs of a container, as far as options are written for them. A variable that only a start script reads makes one
/// of its own, where the command does not start `java` itself.
#[must_use]
pub(super) fn jvms<'t>(container: Container<'t>, tables: &'t Tables) -> Vec<Jvm<'t>> {
    let sized = |name: &str| SIZES.contains(&name) || MEBIBYTES.contains(&name);
    if !mentions(container, HINTS) && !container.env().any(|(name, _)| sized(name)) {
        return Vec::new();
    }
    let lines = Lines::of(container, tables);
    let runtime = tables.known(container).runtime();
    let before = |line: Option<&Line<'t>>| [own(&lines, line, OWN[0]), own(&lines, line, OWN[1])].concat();
    let after = |line: Option<&Line<'t>>| own(&lines, line, OWN[2]);
    let started: Vec<Jvm<'t>> = lines
        .all
        .iter()
        .filter_map(|line| {
            let at = line.words.iter().position(|word| base_name(&word.text) == "java")?;
            let options = [before(Some(line)), of_launcher(line, at + 1), after(Some(line))].concat();
            Some(Jvm { options, sure: line.sure && at == 0, complete: true, passed_on: None })
        })
        .take(MAX_JVMS)
        .collect();
    if !started.is_empty() {
        return started;
    }
    let foreign = runtime.is_some_and(|runtime| runtime != Runtime::Jvm);
    if foreign || (lines.known && super::runtime::is_none_of(&lines, Runtime::Jvm)) {
        return Vec::new();
    }
    // The arguments of a start script, or of an entrypoint that may be `java`.
    let words = lines.all.iter().flat_map(|line| &line.words).filter(|word| word.text.starts_with("-X"));
    let words: Vec<Opt<'t>> = words.map(|word| option(word, false)).collect();
    let passed = passed_on(&lines);
    let of_image = read_by_image(container);
    let make = |options: Vec<Opt<'t>>, passed_on: Option<&'t str>, sure| Jvm {
        complete: !options.is_empty(),
        options: [before(None), options, words.clone(), after(None)].concat(),
        sure,
        passed_on,
    };
    let mut all: Vec<Jvm<'t>> = Vec::new();
    // Of an image's own variables each later one comes behind those before it.
    let mut together: Vec<Opt<'t>> = Vec::new();
    for (name, options) in passed {
        if of_image.contains(&name) {
            together.extend(options);
        } else {
            all.push(make(options, Some(name), false));
        }
    }
    if all.is_empty() || !together.is_empty() {
        let own_start = container.command_words() == (None, None);
        let sure = own_start && (runtime == Some(Runtime::Jvm) || !together.is_empty());
        all.push(make(together, None, sure));
    }
    all.retain(|jvm| !jvm.options.is_empty());
    all
}

/// The variables that an image's own start script passes on.
fn read_by_image(container: Container<'_>) -> &'static [&'static str] {
    let row = container.image().and_then(|image| READERS.iter().find(|(pattern, _)| image.matches(pattern)));
    row.filter(|_| container.command_words().0.is_none()).map_or(&[], |(_, names)| names)
}

/// The options of a variable that every JVM reads.
fn own<'t>(lines: &Lines<'t>, line: Option<&Line<'t>>, name: &str) -> Vec<Opt<'t>> {
    // What ConfigMaps and Secrets may hold besides is not looked for.
    let written = lines.container.variable(name).is_some() || line.is_some_and(|line| line.gives(name));
    let Some(value) = lines.value(line, name).filter(|_| written) else { return Vec::new() };
    split(&value, lines.place(line, name))
}

fn split<'t>(value: &str, origin: Origin<'t>) -> Vec<Opt<'t>> {
    let words = value.split_whitespace().take(MAX_OPTIONS);
    words.map(|word| Opt { text: word.replace(['"', '\''], ""), origin, exec: false }).collect()
}

fn option<'t>(word: &Piece<'t>, exec: bool) -> Opt<'t> {
    Opt { text: word.text.clone(), origin: word.origin, exec }
}

/// The options of a command line: all words up to the main class, jar or module; what follows is the application's.
fn of_launcher<'t>(line: &Line<'t>, from: usize) -> Vec<Opt<'t>> {
    let mut options = Vec::new();
    let mut words = line.words[from..].iter();
    while let Some(word) = words.next() {
        match word.text.as_str() {
            "-jar" | "-m" | "--module" => break,
            "-cp" | "-classpath" | "--class-path" | "-p" | "--module-path" | "--upgrade-module-path" | "--source" => {
                words.next();
            }
            "--add-modules"
            | "--add-opens"
            | "--add-exports"
            | "--add-reads"
            | "--limit-modules"
            | "--patch-module"
            | "--enable-native-access" => {
                words.next();
                options.push(option(word, line.exec));
            }
            text if text.starts_with(['-', '@', UNKNOWN]) => options.push(option(word, line.exec)),
            // A text of blanks and options in one word: the launcher takes it for a class.
            _ => break,
        }
    }
    options
}

/// Variables with options of a JVM that only start scripts read, and those options.
fn passed_on<'t>(lines: &Lines<'t>) -> Vec<(&'t str, Vec<Opt<'t>>)> {
    let mut found: Vec<(&'t str, Vec<Opt<'t>>)> = Vec::new();
    for variable in lines.container.variables() {
        let name = variable.name;
        if OWN.contains(&name) || OF_TOOLS.contains(&name) || found.iter().any(|(before, _)| *before == name) {
            continue;
        }
        let sized = SIZES.contains(&name) || MEBIBYTES.contains(&name);
        let Some(value) = lines.value(None, name).filter(|value| sized || value.contains("-X")) else { continue };
        let origin = lines.place(None, name);
        let size = match () {
            () if SIZES.contains(&name) => of_jvm(&value),
            () if MEBIBYTES.contains(&name) => mebibytes(&value),
            () => None,
        };
        let options = match size {
            Some(size) => vec![Opt { text: format!("-Xmx{}", size.ceil()), origin, exec: false }],
            None => split(&value, origin),
        };
        if options.iter().any(|option| option.text.starts_with("-X")) {
            found.push((name, options));
        }
        if found.len() == MAX_JVMS {
            break;
        }
    }
    found
}

/// What a container's JVM may use, as far as it is written.
#[derive(Clone, Debug)]
pub struct Demand<'t> {
    /// The largest heap.
    pub heap: Setting<'t>,
    /// The percentage that it was given as.
    pub percentage: Option<f64>,
    /// Upper bounds of what lies beside it.
    pub beside: Vec<Setting<'t>>,
    /// The heap at the start, where all of that is touched at once (`AlwaysPreTouch`).
    pub touched: Option<Setting<'t>>,
    /// Whether `java` is started whatever happens, and all of its options are known.
    pub sure: bool,
    /// The variable that only a start script can pass on, where it is not known that it does.
    pub passed_on: Option<&'t str>,
}

impl Demand<'_> {
    /// Heap, and all bounds beside it.
    #[must_use]
    pub fn sum(&self) -> Quantity {
        self.beside.iter().fold(self.heap.amount, |sum, part| sum.plus(part.amount))
    }
}

/// What the greediest JVM of a container may use; `None` where no heap is written for any.
#[must_use]
pub fn demand<'t>(container: Container<'t>, tables: &'t Tables, limit: Limit<'_>) -> Option<Demand<'t>> {
    let jvms = jvms(container, tables);
    let of = |jvm: &Jvm<'t>| demand_of(jvm, limit, container);
    let written = jvms.iter().filter_map(of).reduce(|most, next| if next.sum() > most.sum() { next } else { most });
    let silent = jvms.iter().all(|jvm| matches!(jvm.xmx(), Said::Nothing));
    written.or_else(|| {
        let heap = default_heap(container, tables, true).filter(|_| silent)?;
        Some(Demand { heap, percentage: None, beside: Vec::new(), touched: None, sure: false, passed_on: None })
    })
}

fn setting<'t>(option: &'static str, said: Said<'_, 't, Quantity>) -> Option<Setting<'t>> {
    let Said::Is(amount, from) = said else { return None };
    let sized = SIZES.iter().chain(MEBIBYTES).find(|name| from.origin.variable() == Some(**name));
    Some(Setting { option: sized.unwrap_or(&option), amount, origin: from.origin })
}

fn demand_of<'t>(jvm: &Jvm<'t>, limit: Limit<'_>, container: Container<'t>) -> Option<Demand<'t>> {
    let initial = setting("-Xms", jvm.xms());
    let (heap, percentage) = match jvm.xmx() {
        Said::Unknown => return None,
        said @ Said::Is(..) => (setting("-Xmx", said)?, None),
        Said::Nothing => match (of_percentage(jvm, limit), initial.clone()) {
            // Without -Xmx the heap grows to what it starts with (measured on JDK 17).
            (Some((heap, _)), Some(initial)) if initial.amount > heap.amount => (initial, None),
            (Some((heap, percentage)), _) => (heap, Some(percentage)),
            (None, initial) => (initial?, None),
        },
    };
    let bounds = [
        ("MaxMetaspaceSize", "-XX:MaxMetaspaceSize="),
        ("ReservedCodeCacheSize", "-XX:ReservedCodeCacheSize="),
        ("MaxDirectMemorySize", "-XX:MaxDirectMemorySize="),
    ];
    let beside = bounds.into_iter().filter_map(|(name, prefix)| setting(name, jvm.size(&[prefix])));
    let beside: Vec<Setting<'t>> = beside.filter(|part| !part.amount.is_zero()).collect();
    // Large pages are not charged as memory.
    let touched = initial.filter(|_| jvm.has("AlwaysPreTouch") && !jvm.has("UseLargePages"));
    let sure = jvm.sure && jvm.complete && jvm.is_known() && !container.has_env_from();
    Some(Demand { heap, percentage, beside, touched, sure, passed_on: jvm.passed_on })
}

/// Where the memory is so small that half of it is less than this, `MinRAMPercentage` counts and not `MaxRAMPercentage`;
/// with more, no percentage makes a smaller heap. 96 MiB, times 1.3 on machines of 64 bits.
const SMALLEST: f64 = 96.0 * 1.3 * 1_048_576.0;

/// The heap of a percentage (HotSpot `src/hotspot/share/runtime/arguments.cpp`, Arguments::set_heap_size).
fn of_percentage<'t>(jvm: &Jvm<'t>, limit: Limit<'_>) -> Option<(Setting<'t>, f64)> {
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| (0.0..=100.0).contains(number));
    let fraction = |text: &str| text.parse::<f64>().ok().filter(|number| *number >= 1.0).map(|number| 100.0 / number);
    let (option, percentage, origin) = match jvm.last(&["-XX:MaxRAMPercentage="], number) {
        Said::Is(percentage, from) => ("MaxRAMPercentage", percentage, from.origin),
        Said::Unknown => return None,
        Said::Nothing => match jvm.last(&["-XX:MaxRAMFraction="], fraction) {
            Said::Is(percentage, from) => ("MaxRAMFraction", percentage, from.origin),
            _ => return None,
        },
    };
    let off = jvm.options.iter().any(|option| option.text == "-XX:-UseContainerSupport");
    let memory = jvm.size(&["-XX:MaxRAM="]).known().unwrap_or(limit.amount).as_f64();
    let small = memory * jvm.last(&["-XX:MinRAMPercentage="], number).known().unwrap_or(50.0) / 100.0;
    let heap = if small < SMALLEST { small } else { (memory * percentage / 100.0).max(SMALLEST) };
    let amount = Quantity::new(heap as i64);
    (!off).then_some((Setting { option, amount, origin }, percentage))
}
