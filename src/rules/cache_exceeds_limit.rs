//! A database's cache that may fill the memory limit.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;
use crate::k8s::heap::{caches, memory_limit};

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "cache-exceeds-limit",
    summary: "a cache or heap of a fixed size that leaves its program no room below the memory limit",
    severity: Severity::Warning,
    scope: Scope::PodAndSet,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The cache fills with the data, and the container is OOMKilled (137), mostly under load, and again after each start: a database then \
                  has to recover first.",
        why: "A cache bounds itself, and nothing else: connections, sorts, replication and fragmentation come on top, for which 20 % of the limit are \
              little. Redis and its like need as much again while they save, as far as data changes meanwhile. Units differ: `maxmemory 100mb` of Redis \
              is 100 MiB and `100m` 100 MB; a `shared_buffers` without a unit counts blocks of 8 kB; `wiredTigerCacheSizeGB` is in GiB, memcached's \
              `-m` in MiB, and .NET reads `GCHeapHardLimit` as hexadecimal.",
        see: "`kubectl describe pod POD` shows `Last State: Terminated, Reason: OOMKilled`; the database's own statistics (`INFO memory`, \
              `SHOW ENGINE INNODB STATUS`) show a full cache.",
        fix: "Set the cache to half or three quarters of the limit, or raise the limit.",
        ignore: "The rule reads the command, its inline script, and the variables of known images; files of configuration are not read. Ignore it where the \
                 data is known to stay small.",
        source: "redis `redis.conf` (maxmemory), `src/util.c` (memtoull); PostgreSQL documentation: Resource Consumption; MySQL reference: Configuring \
                 InnoDB Buffer Pool Size; MongoDB reference: mongod options; memcached `doc/memcached.1`; dotnet/runtime \
                 `src/coreclr/gc/gcconfig.h`, `docs/design/features/clr-configuration-knobs.md`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(limit) = memory_limit(*container, context.set) else { return };
    for cache in caches(*container, context.tables, limit) {
        let setting = &cache.setting;
        if setting.amount <= limit.amount.times(4, 5) {
            continue;
        }
        let message = format!(
            "{} {} is {} the limit {}; {} needs about 20 % beside it: {}",
            setting.words(),
            setting.amount.tidy(),
            limit.percent(setting.amount),
            limit.amount,
            cache.program,
            cache.beside
        );
        let mut finding = Finding::new(RULE.name, Severity::Warning, setting.origin.path(*container), message)
            .label("fills up to this")
            .and(limit.field.path(), limit.says())
            .help(format!(
                "set it to about {}, or raise the memory limit to {}",
                limit.amount.times(3, 4).tidy(),
                setting.amount.times(4, 3).round_up_to_mebi(64)
            ));
        if let Some(note) = cache.note {
            finding = finding.note(note);
        }
        findings.push(finding);
    }
}
