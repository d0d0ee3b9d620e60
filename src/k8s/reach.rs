//! Whether a probe's answer hangs on other programs than the one it watches.

use super::clients::{self, is_local};
use super::command::base_name;
use super::handler::{Handler, Means};

/// What a probe's answer hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Others {
    /// A path whose name says that it looks further: why.
    Path(&'static str),
    /// A program that asks another host.
    Host {
        /// The program.
        program: String,
        /// The host, as written in the command.
        host: String,
    },
}

/// Clients of databases: their names, and what names their own server: a database may ask itself.
const CLIENTS: &[(&[&str], &[&str])] = &[
    (&["pg_isready", "psql"], &["postgres", "pg", "timescale", "citus", "spilo", "supabase"]),
    (&["mysqladmin", "mysql", "mariadb-admin", "mariadb"], &["mysql", "maria", "percona", "galera"]),
    (&["redis-cli", "valkey-cli", "keydb-cli"], &["redis", "valkey", "keydb", "dragonfly", "sentinel"]),
    (&["mongosh", "mongo"], &["mongo"]),
    (&["cqlsh"], &["cassandra", "scylla"]),
    (&["sqlcmd"], &["mssql", "sqlserver", "sql-edge"]),
    (&["clickhouse-client"], &["clickhouse"]),
];

impl Handler<'_> {
    /// What it asks besides its own container, where it does.
    #[must_use]
    pub fn asks_others(self) -> Option<Others> {
        match self.means {
            Means::Http => far_path(self.http_path()?).map(Others::Path),
            Means::Exec => self.commands().iter().find_map(|words| {
                let host = self.far_host(words)?;
                Some(Others::Host { program: base_name(&words[0]).to_owned(), host })
            }),
            _ => None,
        }
    }

    /// The other host that a command asks.
    fn far_host(self, words: &[String]) -> Option<String> {
        let (program, args) = words.split_first()?;
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let program = base_name(program);
        let host = match program {
            "curl" | "wget" => {
                let targets = clients::urls(&args).into_iter().flat_map(clients::of_url);
                targets.map(|target| target.host).find(|host| !is_local(host))?
            }
            "nc" | "ncat" | "netcat" => clients::net_cat(&args)?.host,
            _ => {
                let (_, servers) = CLIENTS.iter().find(|(clients, _)| clients.contains(&program))?;
                let image = self.container.image()?.repository.to_lowercase();
                let name = self.container.name().unwrap_or_default();
                if servers.iter().any(|server| image.contains(server) || name.contains(server)) {
                    return None;
                }
                clients::client(program, &args)?.host
            }
        };
        (!is_local(&host) && !host.contains(['$', '`', '{', '<', '%'])).then_some(host)
    }
}

/// Why a path answers for more than its own process, where its name says so.
fn far_path(path: &str) -> Option<&'static str> {
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').to_lowercase();
    let last = path.rsplit('/').next().unwrap_or_default();
    let word = last.split(['-', '_', '.']).next().unwrap_or_default();
    // `/-/ready` of Prometheus and its like answers for the process alone.
    if last.starts_with("ready") || last.starts_with("readiness") {
        return (!path.starts_with("/-/")).then_some("says whether it can serve, which hangs on what it needs");
    }
    if path.ends_with("/actuator/health") {
        return Some("answers for the database, the broker and the disk, too");
    }
    if word == "deep" || matches!(last, "deephealth" | "deepcheck" | "deepping" | "deephealthcheck") {
        return Some("looks further than its own process, as its name says");
    }
    let database = matches!(word, "db" | "database") || matches!(last, "dbcheck" | "dbhealth" | "dbping" | "dbstatus");
    database.then_some("answers for a database, as its name says")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for far in [
            "/ready",
            "/readyz",
            "/health/ready",
            "/q/health/ready/",
            "/readiness?full=1",
            "/actuator/health",
            "/api/actuator/health/",
            "/deep",
            "/health/deep-check",
            "/db",
            "/db-health",
            "/health/db",
        ] {
            assert!(far_path(far).is_some(), "{far}");
        }
        for near in [
            "/",
            "/healthz",
            "/actuator/health/liveness",
            "/-/ready",
            "/live",
            "/deepl/status",
            "/dbadmin/live",
            "/health",
            "/already",
            "/databases",
        ] {
            assert_eq!(far_path(near), None, "{near}");
        }
    }
}
