//! Whether a probe's answer hangs on other programs than the one it watches.

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
            "curl" | "wget" => url_host(&args)?,
            "nc" | "ncat" | "netcat" => net_cat_host(&args)?,
            _ => {
                let (_, servers) = CLIENTS.iter().find(|(clients, _)| clients.contains(&program))?;
                let image = self.container.image()?.repository.to_lowercase();
                let name = self.container.name().unwrap_or_default();
                if servers.iter().any(|server| image.contains(server) || name.contains(server)) {
                    return None;
                }
                client_host(program, &args)?
            }
        };
        (!is_local(host) && !host.contains(['$', '`', '{', '<', '%'])).then(|| host.to_owned())
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

/// The pod itself.
fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.is_empty()
        || host.eq_ignore_ascii_case("localhost")
        || host.starts_with("localhost.")
        || host.starts_with('/')
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// The host of `scheme://user@host:port/…`.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.starts_with('[') {
        return Some(host.split_inclusive(']').next().unwrap_or(host));
    }
    // Of several hosts, as MongoDB writes them, the first.
    host.split([':', ',']).next()
}

/// Of curl and wget: a URL that is no option's value. A socket, or a name given another address, is nothing
/// that can be judged.
fn url_host<'a>(args: &[&'a str]) -> Option<&'a str> {
    const VALUED: &[&str] = &[
        "-H",
        "--header",
        "-e",
        "--referer",
        "-x",
        "--proxy",
        "-d",
        "--data",
        "--data-raw",
        "-A",
        "--user-agent",
        "-b",
        "--cookie",
        "-u",
        "--user",
        "-o",
        "--output",
        "-w",
        "--write-out",
        "-U",
        "-O",
        "-T",
    ];
    if args
        .iter()
        .any(|arg| ["--unix-socket", "--resolve", "--connect-to", "--abstract-unix"].iter().any(|o| arg.starts_with(o)))
    {
        return None;
    }
    let urls = args.iter().enumerate().filter(|(at, arg)| {
        // wget's `-O -` and curl's `-O` differ; a URL never is a file's name.
        let value = *at > 0 && VALUED.contains(&args[at - 1]) && args[at - 1] != "-O";
        arg.contains("://") && !arg.starts_with('-') && !value
    });
    urls.filter_map(|(_, url)| host_of(url)).find(|host| !is_local(host))
}

/// Of netcat: its first operand; none where it listens.
fn net_cat_host<'a>(args: &[&'a str]) -> Option<&'a str> {
    let mut at = 0;
    while let Some(word) = args.get(at).filter(|word| word.starts_with('-')) {
        if word.contains(['l', 'U']) {
            return None;
        }
        at += if matches!(*word, "-w" | "-i" | "-p" | "-s" | "-q" | "-X" | "-x") { 2 } else { 1 };
    }
    // A host and a port.
    args.get(at + 1)?;
    args.get(at).copied()
}

/// Of a database's client: the host that is named; none where it is left to defaults.
fn client_host<'a>(program: &str, args: &[&'a str]) -> Option<&'a str> {
    if let Some(host) = args.iter().find_map(|arg| host_of(arg)) {
        return Some(host);
    }
    let (short, long) = match program {
        "sqlcmd" => ("-S", "--server"),
        "mongosh" | "mongo" => ("--host", "--host"),
        "cqlsh" => return args.first().filter(|arg| !arg.starts_with('-')).copied(),
        _ => ("-h", "--host"),
    };
    args.iter().enumerate().find_map(|(at, arg)| {
        if *arg == short || *arg == long {
            return args.get(at + 1).copied();
        }
        let joined = arg.strip_prefix(long).and_then(|rest| rest.strip_prefix('='));
        joined.or_else(|| arg.strip_prefix(short).filter(|rest| !rest.is_empty() && !arg.starts_with("--")))
    })
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

    #[test]
    fn hosts() {
        assert_eq!(url_host(&["-fsS", "http://db:8080/x"]), Some("db"));
        assert_eq!(url_host(&["-H", "Origin: http://a.example", "http://localhost/x"]), None);
        assert_eq!(url_host(&["-qO-", "http://[::1]:80/"]), None);
        assert_eq!(url_host(&["--unix-socket", "/run/x", "http://x/y"]), None);
        assert_eq!(net_cat_host(&["-z", "-w", "2", "db", "5432"]), Some("db"));
        assert_eq!(net_cat_host(&["-l", "80"]), None);
        assert_eq!(net_cat_host(&["-z", "5432"]), None);
        assert_eq!(client_host("pg_isready", &["-U", "app", "-h", "db"]), Some("db"));
        assert_eq!(client_host("mysqladmin", &["ping", "-hdb"]), Some("db"));
        assert_eq!(client_host("redis-cli", &["--host=db", "ping"]), Some("db"));
        assert_eq!(client_host("mongosh", &["mongodb://u:p@db:27017/x", "--quiet"]), Some("db"));
        assert_eq!(client_host("cqlsh", &["db", "9042"]), Some("db"));
        assert_eq!(client_host("pg_isready", &[]), None);
        assert!(is_local("127.0.0.1") && is_local("[::1]") && is_local("/tmp") && !is_local("db"));
    }
}
