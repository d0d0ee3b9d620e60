//! Caches and heaps of databases and of .NET, as their options and variables say.

use super::lines::{Line, Lines, Origin, mentions};
use super::size::{gibibytes, hexadecimal, mebibytes, of_mysql, of_postgres, of_redis};
use super::{Limit, Setting, default_heap};
use crate::k8s::container::Container;
use crate::k8s::env::UNKNOWN;
use crate::k8s::quantity::Quantity;
use crate::k8s::tables::Tables;

/// A cache or heap of a size that somebody chose.
#[derive(Clone, Debug)]
pub struct Cache<'t> {
    /// The program, for sentences.
    pub program: &'static str,
    /// How large.
    pub setting: Setting<'t>,
    /// What it needs beside it.
    pub beside: &'static str,
    /// How the number is read, where that surprises.
    pub note: Option<&'static str>,
}

/// An option that only one program has.
struct Knob {
    program: &'static str,
    option: &'static str,
    /// Its spellings.
    spelled: &'static [&'static str],
    read: fn(&str) -> Option<Quantity>,
    beside: &'static str,
}

/// Sources: redis `redis.conf`; postgres `doc/src/sgml/config.sgml`; mysql `sql/sys_vars.cc`; mongo
/// `src/mongo/db/mongod_options_storage_engine.idl`.
const KNOBS: &[Knob] = &[
    Knob {
        program: "Redis",
        option: "maxmemory",
        spelled: &["--maxmemory"],
        read: of_redis,
        beside: "buffers of clients and replicas, fragmentation, and the pages that change while it saves",
    },
    Knob {
        program: "PostgreSQL",
        option: "shared_buffers",
        spelled: &["shared_buffers", "-cshared_buffers", "--shared_buffers", "--shared-buffers"],
        read: of_postgres,
        beside: "a process for each connection, with `work_mem` for its sorts",
    },
    Knob {
        program: "MySQL",
        option: "innodb_buffer_pool_size",
        spelled: &["--innodb-buffer-pool-size", "--innodb_buffer_pool_size"],
        read: of_mysql,
        beside: "buffers of each connection, and its own tables and caches",
    },
    Knob {
        program: "MongoDB",
        option: "wiredTigerCacheSizeGB",
        spelled: &["--wiredTigerCacheSizeGB"],
        read: gibibytes,
        beside: "connections, sorts and indexes in the making",
    },
];

/// Variables of images that put more options behind the server's own: bitnami/containers (the READMEs of redis, valkey,
/// postgresql, mysql, mariadb, mongodb), redis-stack/redis-stack `etc/scripts`.
const EXTRA: &[&str] = &[
    "REDIS_ARGS",
    "REDIS_EXTRA_FLAGS",
    "VALKEY_EXTRA_FLAGS",
    "POSTGRESQL_EXTRA_FLAGS",
    "MYSQL_EXTRA_FLAGS",
    "MARIADB_EXTRA_FLAGS",
    "MONGODB_EXTRA_FLAGS",
];

/// Texts without which nothing here has anything to say.
const HINTS: &[&str] = &["maxmemory", "shared", "innodb", "wiredTiger", "memcached"];

/// What .NET reads, and whether it is a percentage; all numbers are hexadecimal (dotnet/runtime `src/coreclr/gc/gcconfig.h`).
const DOTNET: &[(&str, &str, bool)] = &[
    ("DOTNET_GCHeapHardLimit", "GCHeapHardLimit", false),
    ("COMPlus_GCHeapHardLimit", "GCHeapHardLimit", false),
    ("DOTNET_GCHeapHardLimitPercent", "GCHeapHardLimitPercent", true),
    ("COMPlus_GCHeapHardLimitPercent", "GCHeapHardLimitPercent", true),
];

/// The caches and heaps of a container that are written, one of a kind.
#[must_use]
pub fn caches<'t>(container: Container<'t>, tables: &'t Tables, limit: Limit<'_>) -> Vec<Cache<'t>> {
    let mut found: Vec<Cache<'t>> = Vec::new();
    found.extend(dotnet(container, limit));
    let memcached_image = container.image().is_some_and(|image| image.short_name() == "memcached");
    if memcached_image || mentions(container, HINTS) {
        let lines = Lines::of(container, tables);
        // What a variable adds comes behind the words of the command, if there are any.
        let nothing = Line::default();
        for line in if lines.all.is_empty() { std::slice::from_ref(&nothing) } else { &lines.all } {
            let words = words(&lines, line);
            found.extend(KNOBS.iter().filter_map(|knob| of_knob(knob, &words)));
            found.extend(memcached(line, memcached_image));
        }
    }
    if found.is_empty() {
        found.extend(default_heap(container, tables, false).map(|setting| Cache {
            program: "the program",
            setting,
            beside: "connections and buffers",
            note: None,
        }));
    }
    found
}

type Words<'l, 't> = Vec<(&'l str, Origin<'t>)>;

/// The words of a line, those of variables that are put behind them included. Redis takes an option and its
/// value in one word, too.
fn words<'l, 't>(lines: &'l Lines<'t>, line: &'l Line<'t>) -> Words<'l, 't> {
    let own = line.words.iter().flat_map(|word| word.text.split_whitespace().map(|part| (part, word.origin)));
    let mut all: Words<'l, 't> = own.collect();
    for variable in lines.container.variables().filter(|variable| EXTRA.contains(&variable.name)) {
        let value = variable.settled_value().unwrap_or_default();
        all.extend(value.split_whitespace().map(|part| (part, Origin::Variable(variable))));
    }
    all
}

/// The last value of an option, behind `=` or as the next word; none where it is not known.
fn of_knob<'t>(knob: &Knob, words: &Words<'_, 't>) -> Option<Cache<'t>> {
    let mut found = None;
    for (at, (word, origin)) in words.iter().enumerate() {
        let (name, value) = word.split_once('=').map_or((*word, None), |(name, value)| (name, Some(value)));
        if !knob.spelled.contains(&name) {
            continue;
        }
        let value = value.or_else(|| words.get(at + 1).map(|(next, _)| *next));
        let amount = value
            .filter(|value| !value.contains(UNKNOWN))
            .and_then(|value| (knob.read)(value.trim_matches(['"', '\''])));
        found = amount.filter(|amount| !amount.is_zero()).map(|amount| Cache {
            program: knob.program,
            setting: Setting { option: knob.option, amount, origin: *origin },
            beside: knob.beside,
            note: None,
        });
    }
    found
}

/// memcached's `-m`, in mebibytes (memcached `memcached.c`). Its image puts the program before options.
fn memcached<'t>(line: &Line<'t>, of_image: bool) -> Option<Cache<'t>> {
    let first = line.words.first()?;
    let starts = first.text.starts_with('-') || first.text.ends_with(".sh");
    if line.program() != "memcached" && !(of_image && starts) {
        return None;
    }
    let mut found = None;
    for (at, word) in line.words.iter().enumerate() {
        let value = match word.text.as_str() {
            "-m" | "--memory-limit" => line.words.get(at + 1).map(|word| word.text.as_str()),
            text => text.strip_prefix("--memory-limit=").or_else(|| text.strip_prefix("-m")),
        };
        if let Some(amount) = value.and_then(mebibytes) {
            found = Some(Setting { option: "-m", amount, origin: word.origin });
        }
    }
    found.map(|setting| Cache {
        program: "memcached",
        setting,
        beside: "connections, threads and its hash table",
        note: None,
    })
}

fn dotnet<'t>(container: Container<'t>, limit: Limit<'_>) -> Option<Cache<'t>> {
    let (variable, (_, option, percent)) = DOTNET.iter().find_map(|row| Some((container.variable(row.0)?, *row)))?;
    let number = hexadecimal(variable.settled_value()?.trim())?;
    let amount = match percent {
        false => Quantity::new(number),
        // What is no percentage is left aside by the runtime.
        true if number < 100 => limit.amount.times(number, 100),
        true => return None,
    };
    Some(Cache {
        program: ".NET",
        setting: Setting { option, amount, origin: Origin::Variable(variable) },
        beside: "threads, code and native memory",
        note: Some("the runtime reads the number as hexadecimal, with or without `0x`"),
    })
}
