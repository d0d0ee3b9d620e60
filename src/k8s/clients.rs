//! Which hosts the commands of a container ask: programs that are clients, and where their words name the server.

use super::command::base_name;

/// A server that a command asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name, as written.
    pub host: String,
    /// The port that is asked: as written, else the one that the program or the scheme of a URL stands for.
    pub port: Option<u16>,
}

impl Target {
    fn new(host: &str, port: Option<&str>, default: Option<u16>) -> Option<Self> {
        // A port that is written and can't be read is none of the defaults.
        let port = match port {
            Some(port) => Some(port.parse().ok()?),
            None => default,
        };
        (!host.is_empty()).then(|| Self { host: host.to_owned(), port })
    }
}

/// Ports that schemes of URLs stand for (IANA's registry of schemes, and the drivers' own documentation).
const SCHEMES: &[(&str, u16)] = &[
    ("http", 80),
    ("https", 443),
    ("ws", 80),
    ("wss", 443),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("mysql", 3306),
    ("mariadb", 3306),
    ("redis", 6379),
    ("rediss", 6379),
    ("amqp", 5672),
    ("amqps", 5671),
    ("nats", 4222),
    ("mongodb", 27017),
];

/// Further schemes whose authority is a server in the network; that of others is a bucket, a path, a kind.
const OTHER_SCHEMES: &[&str] = &[
    "tcp",
    "udp",
    "tls",
    "ssl",
    "grpc",
    "grpcs",
    "h2c",
    "kafka",
    "plaintext",
    "sasl_plaintext",
    "sasl_ssl",
    "memcached",
    "memcache",
    "ldap",
    "ldaps",
    "smtp",
    "smtps",
    "bolt",
    "neo4j",
    "clickhouse",
    "cassandra",
    "elasticsearch",
    "sqlserver",
    "mqtt",
    "mqtts",
    "stomp",
    "spark",
    "zk",
    "thrift",
    "statsd",
    "syslog",
    "gelf",
    "otlp",
    "telnet",
    "ftp",
    "pulsar",
    "etcd",
    "consul",
    "zipkin",
    "r2dbc",
];

type Texts = &'static [&'static str];

/// Clients of databases: names, the options for host and port, and the port without one.
const DATABASES: &[(Texts, Texts, Texts, u16)] = &[
    (&["pg_isready", "psql", "pg_dump"], &["-h", "--host"], &["-p", "--port"], 5432),
    (&["mysqladmin", "mysql", "mariadb-admin", "mariadb", "mysqldump"], &["-h", "--host"], &["-P", "--port"], 3306),
    (&["redis-cli", "valkey-cli", "keydb-cli"], &["-h"], &["-p"], 6379),
    (&["mongosh", "mongo"], &["--host"], &["--port"], 27017),
    (&["clickhouse-client"], &["-h", "--host"], &["--port"], 9000),
];

/// Programs that wait for a server by themselves, with its name and port in one word.
const WAITERS: &[&str] = &["wait-for-it", "wait-for-it.sh", "wait-for", "wait-for.sh", "wait-port"];

/// What stands behind `scheme://` up to the path: user and password taken off, and the port the scheme stands for. Of
/// several servers, as MongoDB writes them, each.
#[must_use]
pub fn of_url(text: &str) -> Vec<Target> {
    let Some((scheme, rest)) = text.split_once("://") else { return Vec::new() };
    // `jdbc:postgresql`, `postgresql+asyncpg`.
    let scheme = scheme.rsplit([':', '=', ' ', ',']).next().unwrap_or(scheme);
    let scheme = scheme.split('+').next().unwrap_or(scheme).to_ascii_lowercase();
    // Its servers stand in the DNS under other names.
    if text.to_ascii_lowercase().starts_with("mongodb+srv") {
        return Vec::new();
    }
    let default = SCHEMES.iter().find(|(name, _)| *name == scheme).map(|(_, port)| *port);
    if default.is_none() && !OTHER_SCHEMES.contains(&scheme.as_str()) {
        return Vec::new();
    }
    let authority = rest.split(['/', '?', '#', ';', '"', '\'', ' ', '|']).next().unwrap_or_default();
    let servers = authority.rsplit_once('@').map_or(authority, |(_, servers)| servers);
    servers.split(',').filter_map(|server| of_pair(server, default)).collect()
}

/// `host:port`, `host`, `[v6]:port`.
fn of_pair(text: &str, default: Option<u16>) -> Option<Target> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return Target::new(host, after.strip_prefix(':'), default);
    }
    match text.split_once(':') {
        Some((host, port)) => Target::new(host, Some(port).filter(|port| !port.is_empty()), default),
        None => Target::new(text, None, default),
    }
}

/// The servers that a command asks: its words, without a shell between.
#[must_use]
pub fn asked(words: &[&str]) -> Vec<Target> {
    let Some((program, args)) = words.split_first() else { return Vec::new() };
    let program = base_name(program);
    match program {
        "curl" | "wget" => urls(args).into_iter().flat_map(of_url).collect(),
        "nc" | "ncat" | "netcat" | "telnet" => net_cat(args).into_iter().collect(),
        "nslookup" | "getent" | "host" | "dig" | "ping" => looked_up(program, args).into_iter().collect(),
        "dockerize" => options(args, &["-wait", "--wait"])
            .into_iter()
            .filter(|url| !url.starts_with("file:") && !url.starts_with("unix:"))
            .flat_map(of_url)
            .collect(),
        "wait4x" => wait4x(args),
        "wait_for.sh" => k8s_wait_for(args).into_iter().collect(),
        _ if WAITERS.contains(&program) => waiter(args).into_iter().collect(),
        _ => client(program, args).into_iter().collect(),
    }
}

/// Options of curl and wget whose next word is their value.
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

/// Of curl and wget: URLs that are no option's value. A socket, or a name given another address, is nothing
/// that can be judged.
#[must_use]
pub fn urls<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let elsewhere = ["--unix-socket", "--resolve", "--connect-to", "--abstract-unix"];
    if args.iter().any(|arg| elsewhere.iter().any(|option| arg.starts_with(option))) {
        return Vec::new();
    }
    let urls = args.iter().enumerate().filter(|(at, arg)| {
        // wget's `-O -` and curl's `-O` differ; a URL never is a file's name.
        let value = *at > 0 && VALUED.contains(&args[at - 1]) && args[at - 1] != "-O";
        arg.contains("://") && !arg.starts_with('-') && !value
    });
    urls.map(|(_, url)| *url).collect()
}

/// Of netcat: host and port; none where it listens.
#[must_use]
pub fn net_cat(args: &[&str]) -> Option<Target> {
    let mut operands = Vec::new();
    let mut rest = args.iter();
    while let Some(word) = rest.next() {
        if !word.starts_with('-') {
            operands.push(*word);
        } else if word.contains(['l', 'U']) {
            return None;
        } else if matches!(*word, "-w" | "-i" | "-p" | "-s" | "-q" | "-X" | "-x" | "-e") {
            rest.next();
        }
    }
    // The port may be unknown, and some write both in one word.
    match operands[..] {
        [host, port, ..] => Some(Target { host: host.to_owned(), port: port.parse().ok() }),
        _ => None,
    }
}

/// Of the clients of the DNS: the name that is looked up.
fn looked_up(program: &str, args: &[&str]) -> Option<Target> {
    let valued = match program {
        "ping" => &["-c", "-W", "-w", "-i", "-s", "-I", "-t"][..],
        _ => &[],
    };
    let mut operands = args
        .iter()
        .enumerate()
        .filter(|(at, arg)| {
            let value = *at > 0 && valued.contains(&args[at - 1]);
            !arg.starts_with(['-', '+', '@']) && !value
        })
        .map(|(_, arg)| *arg);
    let first = operands.next()?;
    let host = match (program, first) {
        ("getent", "hosts" | "ahosts" | "ahostsv4" | "ahostsv6") => operands.next()?,
        ("getent", _) => return None,
        // A kind of record before or behind the name.
        ("dig", "A" | "AAAA" | "SRV" | "ANY" | "TXT") => operands.next()?,
        _ => first,
    };
    (!host.starts_with('_')).then(|| Target { host: host.to_owned(), port: None })
}

/// `wait-for-it host:port`, or with `-h` and `-p`.
fn waiter(args: &[&str]) -> Option<Target> {
    if let Some(host) = options(args, &["-h", "--host"]).first() {
        return Target::new(host, options(args, &["-p", "--port"]).first().copied(), None);
    }
    let own = args.iter().position(|word| *word == "--").map_or(args, |at| &args[..at]);
    let pair = own.iter().find(|word| !word.starts_with('-') && word.contains(':'))?;
    if pair.contains("://") { of_url(pair).into_iter().next() } else { of_pair(pair, None) }
}

/// `wait4x tcp host:port`, `wait4x http URL`, `wait4x postgresql URL`.
fn wait4x(args: &[&str]) -> Vec<Target> {
    let mut operands = args.iter().filter(|word| !word.starts_with('-'));
    match operands.next() {
        Some(&"tcp" | &"dns") => {
            operands.filter(|word| word.contains(':')).filter_map(|word| of_pair(word, None)).collect()
        }
        _ => operands.flat_map(|word| of_url(word)).collect(),
    }
}

/// `wait_for.sh service NAME`, which asks the API server for the Service's pods.
fn k8s_wait_for(args: &[&str]) -> Option<Target> {
    let at = args.iter().position(|word| *word == "service")?;
    Target::new(args.get(at + 1)?, None, None)
}

/// Of a database's client: the host that is named; none where it is left to defaults.
#[must_use]
pub fn client(program: &str, args: &[&str]) -> Option<Target> {
    if program == "cqlsh" {
        let mut operands = args.iter().filter(|arg| !arg.starts_with('-'));
        return Target::new(operands.next()?, operands.next().copied(), Some(9042));
    }
    if program == "sqlcmd" {
        let server = options(args, &["-S", "--server"]).first().copied()?;
        let (host, port) = server.split_once(',').map_or((server, None), |(host, port)| (host, Some(port)));
        return Target::new(host, port, Some(1433));
    }
    let (_, host, port, default) = DATABASES.iter().find(|(names, ..)| names.contains(&program))?;
    if let Some(url) = args.iter().find_map(|arg| of_url(arg).into_iter().next()) {
        return Some(url);
    }
    Target::new(options(args, host).first()?, options(args, port).first().copied(), Some(*default))
}

/// The values of an option, joined to it or behind it.
fn options<'a>(args: &[&'a str], names: &[&str]) -> Vec<&'a str> {
    let mut found = Vec::new();
    for (at, arg) in args.iter().enumerate() {
        if names.contains(arg) {
            found.extend(args.get(at + 1).copied());
            continue;
        }
        let value = names.iter().find_map(|name| {
            let rest = arg.strip_prefix(name)?;
            let joined = rest.strip_prefix('=');
            joined.or_else(|| Some(rest).filter(|rest| !rest.is_empty() && name.len() == 2 && !arg.starts_with("--")))
        });
        found.extend(value);
    }
    found
}

/// The pod itself, or nothing at all.
#[must_use]
pub fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.is_empty()
        || host.eq_ignore_ascii_case("localhost")
        || host.starts_with("localhost.")
        || host.starts_with('/')
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_commands_ask() {
        for (command, wanted) in [
            ("nc -z -w 2 db 5432", "db 5432"),
            ("nc -zv db 5432 -w 2", "db 5432"),
            ("nc -l 80", ""),
            ("nc -z 5432", ""),
            ("nslookup db.prod.svc.cluster.local 10.0.0.10", "db.prod.svc.cluster.local"),
            ("getent hosts db", "db"),
            ("getent passwd db", ""),
            ("dig +short SRV db", "db"),
            ("ping -c 1 db", "db"),
            ("curl -fsS http://api:8080/health", "api 8080"),
            ("curl -H Origin:http://a.example https://api/x", "api 443"),
            ("wget -qO- http://web/", "web 80"),
            ("curl --unix-socket /run/x http://x/y", ""),
            ("pg_isready -U app -h db", "db 5432"),
            ("pg_isready --host=db -p 5433", "db 5433"),
            ("pg_isready", ""),
            ("psql postgres://u:p@db/x", "db 5432"),
            ("mysqladmin ping -hdb -u root", "db 3306"),
            ("mysql -h db -P 3307 -p", "db 3307"),
            ("redis-cli -h cache ping", "cache 6379"),
            ("mongosh mongodb://u:p@a:1,b/x --quiet", "a 1"),
            ("cqlsh db 9043", "db 9043"),
            ("sqlcmd -S db,1434 -U sa", "db 1434"),
            ("wait-for-it.sh db:5432 -t 60 -- app http://x:1", "db 5432"),
            ("wait-for-it -h db -p 5432", "db 5432"),
            ("dockerize -wait tcp://db:5432 -wait http://api -timeout 60s", "db 5432, api 80"),
            ("wait_for.sh service db", "db"),
            ("wait4x tcp db:5432 --timeout 60s", "db 5432"),
            ("echo http://api", ""),
        ] {
            let words: Vec<&str> = command.split(' ').collect();
            let shown: Vec<String> = asked(&words)
                .into_iter()
                .map(|target| target.port.map_or(target.host.clone(), |port| format!("{} {port}", target.host)))
                .collect();
            assert_eq!(shown.join(", "), wanted, "{command}");
        }
    }

    #[test]
    fn servers_of_urls() {
        let shown = |url: &str| {
            let all = of_url(url).into_iter();
            all.map(|target| format!("{} {:?}", target.host, target.port)).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(shown("jdbc:postgresql://u@db:5433/x?a=b"), "db Some(5433)");
        assert_eq!(shown("mongodb://u:p@a:1,b/x"), "a Some(1), b Some(27017)");
        assert_eq!(shown("postgresql+asyncpg://db/x"), "db Some(5432)");
        assert_eq!(shown("mongodb+srv://x.example.com"), "");
        assert_eq!(shown("http://[::1]:80/"), "::1 Some(80)");
        assert_eq!(shown("file:///x"), "");
        assert_eq!(shown("s3://bucket/x") + &shown("kubernetes://apis/apps/v1"), "");
        assert_eq!(shown("http://a:port/"), "");
        assert!(is_local("127.0.0.1") && is_local("[::1]") && is_local("/tmp") && !is_local("db"));
    }
}
