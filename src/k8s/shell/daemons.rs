//! Programs that put themselves into the background: the first process ends, and the container with it.

use super::{Ending, Sure};
use crate::k8s::command::base_name;
use crate::k8s::image::glob;

/// How a program goes into the background. Words of `unless` and `with` are: `-x` a short option, also within a
/// cluster (`-De`); `-long`, `--long` an option as it is, or with `=`; `=text` any argument that holds the text;
/// `a b` two arguments beside each other; `word` an operand.
struct Daemon {
    /// Its names, as patterns.
    names: &'static [&'static str],
    /// What keeps it in the foreground, or makes it do something else.
    unless: &'static [&'static str],
    /// What sends it into the background, where it does not go there by itself.
    with: &'static [&'static str],
    sure: Sure,
    /// What is taken for granted, where it is not certain.
    assumed: Option<&'static str>,
    /// The folder of that configuration in the program's own image.
    settings: Option<&'static str>,
    /// Its own documentation.
    #[cfg_attr(not(test), expect(dead_code, reason = "for whoever reads the table"))]
    source: &'static str,
}

const fn always(names: &'static [&'static str], unless: &'static [&'static str], source: &'static str) -> Daemon {
    Daemon { names, unless, with: &[], sure: Sure::Certain, assumed: None, settings: None, source }
}

const fn told(names: &'static [&'static str], with: &'static [&'static str], source: &'static str) -> Daemon {
    Daemon { names, unless: &["--help", "--version"], with, sure: Sure::Certain, assumed: None, settings: None, source }
}

/// Known well, but the name is common, or its configuration decides as well.
const fn likely(names: &'static [&'static str], unless: &'static [&'static str], source: &'static str) -> Daemon {
    Daemon { names, unless, with: &[], sure: Sure::Likely, assumed: None, settings: None, source }
}

const DAEMONS: &[Daemon] = &[
    told(&["nginx", "openresty"], &["=daemon on"], "nginx.org, Core functionality: `daemon`"),
    Daemon {
        assumed: Some("its configuration does not say `daemon off;`"),
        settings: Some("/etc/nginx/nginx.conf"),
        ..likely(
            &["nginx", "openresty"],
            // `-g daemon off;` in three words is refused.
            &["=daemon", "-t", "-T", "-v", "-V", "-h", "-?", "-s"],
            "nginx.org, Core functionality: `daemon`, on by default",
        )
    },
    Daemon {
        unless: &["=FOREGROUND", "=NO_DETACH", "=DEBUG", "-X"],
        ..told(
            &["apachectl", "apache2ctl", "httpd", "apache2"],
            &["start", "restart", "graceful"],
            "httpd.apache.org, apachectl and httpd -k: start",
        )
    },
    likely(
        &["httpd", "apache2"],
        // `-f` is a file for Apache's, and the foreground for busybox's.
        &[
            "=FOREGROUND",
            "=NO_DETACH",
            "=DEBUG",
            "=ONE_PROCESS",
            "-X",
            "-f",
            "-k",
            "-t",
            "-v",
            "-V",
            "-S",
            "-M",
            "-l",
            "-L",
            "-h",
        ],
        "httpd.apache.org, httpd: -DFOREGROUND; busybox httpd: -f",
    ),
    always(&["sshd"], &["-D", "-d", "-t", "-T", "-i", "-G", "-V"], "sshd(8): -D does not detach"),
    always(&["dropbear"], &["-F", "-i", "-V", "-h"], "dropbear(8): -F does not fork into background"),
    always(
        &["crond"],
        &["-f", "-n", "-d", "-x", "-h", "-V"],
        "crond(8) of cronie, dcron and busybox: -n or -f in the foreground",
    ),
    likely(&["cron"], &["-f", "-n", "-x", "-h"], "cron(8) of Debian: -f stays in foreground mode"),
    always(&["rsyslogd"], &["-n", "-N", "-v"], "rsyslogd(8): -n avoids auto-backgrounding"),
    likely(&["named"], &["-f", "-g", "-v", "-V", "-h"], "named(8): -f runs in the foreground"),
    likely(&["squid"], &["-N", "--foreground", "-z", "-k", "-v", "-h"], "squid(8): -N no daemon mode"),
    Daemon {
        assumed: Some("its configuration does not say `keep-in-foreground`"),
        ..likely(
            &["dnsmasq"],
            &["-k", "-d", "--keep-in-foreground", "--no-daemon", "--test", "-v", "--version", "-w", "--help"],
            "dnsmasq(8): -k does not go into the background at startup",
        )
    },
    always(&["lighttpd"], &["-D", "-1", "-t", "-p", "-v", "-V", "-h"], "lighttpd(8): -D do not daemonize"),
    likely(
        &["proftpd"],
        &["-n", "--nodaemon", "-t", "--configtest", "-v", "-V", "-l", "-h"],
        "proftpd(8): -n runs in standalone mode, foreground",
    ),
    likely(&["smbd", "nmbd"], &["-F", "--foreground", "-i", "--interactive", "-b", "-V"], "smbd(8): -F --foreground"),
    likely(&["ntpd"], &["-n", "-d", "-q", "--nofork"], "ntpd(8): -n does not fork"),
    likely(&["chronyd"], &["-n", "-d", "-q", "-Q", "-x", "-p", "-v"], "chronyd(8): -n, -d run in the foreground"),
    likely(&["snmpd"], &["-f", "-v", "-h"], "snmpd(8): -f does not fork from the calling shell"),
    likely(
        &["freeradius", "radiusd"],
        &["-f", "-X", "-C", "-v", "-h"],
        "radiusd(8): -f do not fork, stay running as a foreground process",
    ),
    likely(&["keepalived"], &["-n", "--dont-fork", "-t", "-v", "-h"], "keepalived(8): -n does not fork"),
    likely(&["varnishd"], &["-F", "-d", "-C", "-V", "-x"], "varnishd(1): -F runs in foreground"),
    likely(&["xinetd"], &["-dontfork", "-d", "-version"], "xinetd(8): -dontfork"),
    Daemon { unless: &["-f", "-v", "-h"], ..likely(&["cassandra"], &[], "cassandra: -f starts it in the foreground") },
    Daemon {
        assumed: Some("its configuration does not say `nodaemon=true`"),
        sure: Sure::Likely,
        unless: &["-n", "--nodaemon", "-c", "--configuration", "-v", "--version", "-h", "--help"],
        ..always(&["supervisord"], &[], "supervisord.org, Running supervisord: -n --nodaemon")
    },
    Daemon {
        assumed: Some("its configuration does not say `nodaemon=true`"),
        sure: Sure::Possible,
        ..always(
            &["supervisord"],
            &["-n", "--nodaemon", "-v", "--version", "-h", "--help"],
            "supervisord.org, Running supervisord: -n --nodaemon",
        )
    },
    told(&["php-fpm*"], &["-D", "--daemonize"], "php.net, php-fpm --help: -D forces to run in background"),
    told(&["memcached"], &["-d", "--daemon"], "memcached --help: -d run as a daemon"),
    told(
        &["redis-server", "redis-sentinel", "valkey-server", "keydb-server"],
        &["--daemonize yes"],
        "redis.conf: daemonize",
    ),
    told(&["mongod", "mongos"], &["--fork"], "mongodb.com, mongod: --fork"),
    told(&["mysqld", "mariadbd"], &["--daemonize"], "dev.mysql.com, server options: --daemonize"),
    told(&["haproxy"], &["-D"], "haproxy, management guide: -D starts as a daemon"),
    told(&["pg_ctl"], &["start", "restart"], "postgresql.org, pg_ctl: starts the server in the background"),
    Daemon {
        unless: &["--foreground"],
        ..told(&["pg_ctlcluster"], &["start", "restart"], "pg_ctlcluster(1): --foreground")
    },
    told(&["catalina.sh"], &["start"], "tomcat.apache.org, catalina.sh: start, in a separate window"),
    told(&["zkServer.sh"], &["start", "restart"], "zookeeper bin/zkServer.sh: start-foreground stays"),
    told(
        &["kafka-server-start.sh", "zookeeper-server-start.sh", "connect-distributed.sh"],
        &["-daemon"],
        "kafka bin/kafka-run-class.sh: -daemon",
    ),
    Daemon {
        unless: &["--no-daemon", "--attach", "--help"],
        ..told(
            &["pm2"],
            &["start", "restart", "reload", "startOrRestart", "startOrReload", "resurrect"],
            "Unitech/pm2, lib/binaries/CLI.js: --no-daemon",
        )
    },
    told(&["forever"], &["start"], "foreversd/forever: start starts a script as a daemon"),
    Daemon {
        unless: &["-f", "--foreground", "-foreground", "--help"],
        ..told(&["solr"], &["start", "restart"], "solr.apache.org, Solr control script: -f in the foreground")
    },
    Daemon {
        unless: &["--verbose", "-v", "--watchdog", "-w", "--dry-run"],
        ..told(&["asadmin"], &["start-domain"], "glassfish.org, start-domain: --verbose stays")
    },
    told(
        &["neo4j", "nexus", "activemq", "artemis", "sonar.sh", "jetty.sh", "karaf"],
        &["start"],
        "each one's own script: `console` or `run` stays",
    ),
    told(&["jobmanager.sh", "taskmanager.sh"], &["start"], "flink.apache.org: start-foreground stays"),
    told(&["hdfs", "yarn", "mapred"], &["--daemon start"], "hadoop.apache.org, commands: --daemon"),
    told(&["hadoop-daemon.sh", "yarn-daemon.sh", "hbase-daemon.sh"], &["start"], "each one's own script"),
    Daemon {
        assumed: Some("`SPARK_NO_DAEMONIZE` is not set in the image"),
        ..likely(&["start-master.sh", "start-slave.sh", "start-worker.sh"], &[], "spark sbin/spark-daemon.sh")
    },
    likely(&["start-dfs.sh", "start-yarn.sh", "start-hbase.sh"], &[], "hadoop and hbase: start-*.sh start daemons"),
    told(&["elasticsearch", "opensearch"], &["-d", "--daemonize"], "elastic.co: -d runs as a daemon"),
    told(&["rabbitmq-server"], &["-detached"], "rabbitmq-server(8): -detached"),
    told(&["uwsgi"], &["--daemonize", "--daemonize2"], "uwsgi-docs: daemonize"),
    told(&["gunicorn"], &["-D", "--daemon"], "docs.gunicorn.org, settings: daemon"),
    told(&["unicorn", "unicorn_rails"], &["-D", "--daemonize"], "unicorn(1): -D"),
    told(&["thin"], &["-d", "--daemonize"], "thin: -d"),
    told(&["celery"], &["--detach", "multi start"], "docs.celeryq.dev, daemonizing: --detach, multi"),
    told(&["openvpn"], &["--daemon"], "openvpn(8): --daemon"),
    told(&["postfix"], &["start"], "postfix(1): start-fg stays"),
    told(&["exim", "exim4"], &["-bd"], "exim(8): -bdf stays in the foreground"),
    told(&["fluentd", "td-agent"], &["-d", "--daemon"], "docs.fluentd.org, command line: --daemon"),
    told(&["fluent-bit"], &["-d", "--daemon"], "docs.fluentbit.io: --daemon"),
    told(&["mysql.server", "gitlab-ctl", "rundeckd"], &["start"], "each one's own script"),
];

/// How the program puts itself into the background, where it does.
pub(super) fn ending(argv: &[&str], shown: &str) -> Option<Ending> {
    let (program, args) = argv.split_first()?;
    let name = base_name(program);
    let background =
        |what: &str, sure: Sure| Ending { sure, abandons: true, ..Ending::now(format!("`{shown}` {what}")) };
    if let Some((service, action)) = service(program, name, args) {
        let ends = matches!(action, "start" | "restart" | "reload" | "force-reload");
        // Scripts of packages start a daemon; one of the image's own may stay.
        let sure = if PACKAGED.contains(&service) { Sure::Certain } else { Sure::Likely };
        let advice = Some("run the service's own program in the foreground".to_owned());
        return ends.then(|| Ending { advice, ..background("starts it in the background and ends", sure) });
    }
    let row = DAEMONS.iter().find(|row| {
        row.names.iter().any(|pattern| glob(pattern, name))
            && !row.unless.iter().any(|word| holds(args, word))
            && (row.with.is_empty() || row.with.iter().any(|word| holds(args, word)))
    })?;
    let ending = background("puts itself into the background, and its first process ends", row.sure);
    Some(Ending { assumed: row.assumed, settings: row.settings, advice: row.advice(name), ..ending })
}

impl Daemon {
    /// How it is kept in the foreground.
    fn advice(&self, name: &str) -> Option<String> {
        let stays = self.unless.iter().find(|word| !matches!(**word, "--help" | "--version"));
        Some(match (stays, self.with) {
            (Some(&"=daemon"), _) => "run `nginx -g \"daemon off;\"`".to_owned(),
            (Some(&"=FOREGROUND"), _) if name == "httpd" => {
                "keep it in the foreground with `-DFOREGROUND`, or with `-f` if it is busybox's".to_owned()
            }
            (Some(word), _) if word.starts_with('=') => format!("keep it in the foreground with `-D{}`", &word[1..]),
            (Some(word), _) => format!("keep it in the foreground with `{word}`"),
            (None, [word, ..]) if word.starts_with(['-', '=']) => {
                format!("leave out `{}`", word.trim_start_matches('='))
            }
            (None, _) => "run it in the foreground".to_owned(),
        })
    }
}

/// Services whose init scripts come with a distribution's package.
const PACKAGED: &[&str] = &[
    "nginx",
    "apache2",
    "httpd",
    "ssh",
    "sshd",
    "cron",
    "crond",
    "mysql",
    "mysqld",
    "mariadb",
    "postgresql",
    "redis-server",
    "redis",
    "memcached",
    "rsyslog",
    "rabbitmq-server",
    "postfix",
    "vsftpd",
    "haproxy",
];

/// The service that an init script or a tool like `service` is told to act on, and the action.
fn service<'a>(program: &'a str, name: &'a str, args: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let operands: Vec<&str> = args.iter().filter(|arg| !arg.starts_with('-')).copied().collect();
    if program.starts_with("/etc/init.d/") || program.starts_with("/etc/rc.d/init.d/") {
        return Some((name, *operands.first()?));
    }
    match (name, &operands[..]) {
        ("service" | "rc-service" | "invoke-rc.d", [service, action, ..]) => Some((service, action)),
        // Without systemd as PID 1 it fails, and with a stand-in for it, it returns.
        ("systemctl", [action, _, ..]) => Some(("", action)),
        _ => None,
    }
}

/// Whether arguments hold a word of the table.
fn holds(args: &[&str], word: &str) -> bool {
    if let Some(text) = word.strip_prefix('=') {
        return args.iter().any(|arg| arg.contains(text));
    }
    if let Some((first, second)) = word.split_once(' ') {
        return args.windows(2).any(|pair| pair == [first, second]) || args.contains(&&*format!("{first}={second}"));
    }
    args.iter().any(|arg| {
        let short = word.len() == 2 && word.starts_with('-');
        let cluster = arg
            .strip_prefix('-')
            .filter(|cluster| (1..=4).contains(&cluster.len()) && cluster.bytes().all(|b| b.is_ascii_alphabetic()));
        *arg == word
            || (short && cluster.is_some_and(|cluster| cluster.contains(&word[1..])))
            || (word.starts_with("--") && arg.strip_prefix(word).is_some_and(|rest| rest.starts_with('=')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_the_programs_own() {
        let advice = |line: &str| ending(&line.split(' ').collect::<Vec<_>>(), line).and_then(|end| end.advice);
        let said = |line: &str| advice(line).unwrap_or_default();
        assert!(said("httpd -p 80").contains("`-f`"), "{}", said("httpd -p 80"));
        assert_eq!(said("apachectl start"), "keep it in the foreground with `-DFOREGROUND`");
    }

    #[test]
    fn background_or_foreground() {
        let sure = |line: &str| ending(&line.split(' ').collect::<Vec<_>>(), line).map(|end| end.sure);
        for line in [
            "sshd",
            "/usr/sbin/sshd -e",
            "crond -l 2",
            "redis-server --daemonize yes",
            "redis-server /etc/redis.conf --daemonize=yes",
            "service nginx start",
            "/etc/init.d/apache2 restart",
            "apachectl start",
            "httpd -k start",
            "catalina.sh start",
            "/usr/local/tomcat/bin/catalina.sh start",
            "php-fpm7.4 -D",
            "php-fpm -D -R",
            "pm2 start app.js",
            "memcached -dv -m 64",
            "gunicorn -D app:app",
            "celery multi start w1",
            "hdfs --daemon start namenode",
        ] {
            assert_eq!(sure(line), Some(Sure::Certain), "{line}");
        }
        for line in
            ["nginx", "nginx -c /etc/nginx/x.conf", "httpd", "cron", "service shop start", "systemctl start nginx"]
        {
            assert_eq!(sure(line), Some(Sure::Likely), "{line}");
        }
        assert_eq!(sure("supervisord -c /etc/supervisord.conf"), Some(Sure::Possible));
        for line in [
            "sshd -D",
            "sshd -De",
            "crond -f",
            "cron -f -L 15",
            "apachectl -D FOREGROUND",
            "apachectl -DFOREGROUND -k start",
            "catalina.sh run",
            "php-fpm",
            "php-fpm -F",
            "pm2-runtime start app.js",
            "pm2 start app.js --no-daemon",
            "pm2 logs",
            "redis-server",
            "redis-server --daemonize no",
            "memcached -m 64",
            "gunicorn app:app",
            "zkServer.sh start-foreground",
            "solr start -f",
            "supervisord -n",
            "service nginx status",
            "shop-server start",
            "nginx -t",
            "httpd -f -p 80",
            "hdfs namenode",
        ] {
            assert_eq!(sure(line), None, "{line}");
        }
        let off = ["nginx", "-g", "daemon off;"];
        assert_eq!(ending(&off, "").map(|end| end.sure), None);
        let on = ["nginx", "-g", "daemon on;"];
        assert_eq!(ending(&on, "").map(|end| end.sure), Some(Sure::Certain));
        assert!(DAEMONS.iter().all(|row| !row.source.is_empty()));
    }
}
