//! Programs that serve until they are told to stop: plain data.

use super::Endless;
use crate::k8s::command::base_name;
use crate::k8s::image::glob;

/// A server: its names as patterns, words of which one has to be there, and words that make it do another thing.
/// `=text` is any argument that holds the text.
type Server = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);

/// Each by its own documentation. What needs a word to stay in the foreground has it in the second column.
const SERVERS: &[Server] = &[
    (&["nginx", "openresty"], &["=daemon off"], &["-t", "-T", "-s"]),
    (&["httpd-foreground", "apache2-foreground"], &[], &[]),
    (&["httpd", "apachectl", "apache2ctl", "apache2"], &["=FOREGROUND"], &["-t"]),
    (&["redis-server", "redis-sentinel", "valkey-server", "keydb-server"], &[], &["--daemonize", "--test-memory"]),
    (&["memcached"], &[], &["-d", "--daemon"]),
    (&["mongod", "mongos"], &[], &["--fork", "--shutdown", "--repair"]),
    (&["mysqld", "mariadbd"], &[], &["=--initialize", "--bootstrap", "--validate-config", "--verbose", "--daemonize"]),
    (&["postgres"], &[], &["--single", "--boot", "--describe-config", "--check", "-C"]),
    (&["etcd"], &[], &[]),
    (&["consul", "nomad"], &["agent"], &[]),
    (&["vault", "bao"], &["server"], &[]),
    (&["minio"], &["server", "gateway"], &[]),
    (&["prometheus", "alertmanager", "node_exporter"], &[], &[]),
    (&["grafana-server"], &[], &["-v"]),
    (&["grafana"], &["server"], &[]),
    (&["envoy"], &[], &["validate", "--mode", "=--mode="]),
    (&["haproxy"], &[], &["-c", "-D", "-vv"]),
    (&["traefik"], &[], &["healthcheck"]),
    (&["caddy"], &["run"], &[]),
    (&["rabbitmq-server"], &[], &["-detached"]),
    (&["kafka-server-start.sh", "zookeeper-server-start.sh"], &[], &["-daemon"]),
    (&["zkServer.sh"], &["start-foreground"], &[]),
    (&["catalina.sh"], &["run"], &[]),
    (&["elasticsearch", "opensearch"], &[], &["-d", "--daemonize"]),
    (&["gunicorn"], &[], &["-D", "--daemon", "--check-config"]),
    (&["uvicorn", "hypercorn", "daphne", "waitress-serve"], &[], &[]),
    (&["streamlit"], &["run"], &[]),
    (&["php-fpm*"], &["-F", "--nodaemonize"], &["-t"]),
    (&["sshd"], &["-D"], &["-t", "-T"]),
    (&["cron", "crond"], &["-f", "-n"], &[]),
    (&["supervisord"], &["-n", "--nodaemon"], &[]),
    (&["pm2-runtime"], &[], &[]),
    (&["fluentd"], &[], &["--dry-run", "--daemon", "-d", "--setup"]),
    (&["fluent-bit"], &[], &["--dry-run", "--daemon"]),
    (&["filebeat", "metricbeat", "heartbeat", "packetbeat"], &[], &["setup", "test", "export", "keystore", "modules"]),
    (&["cloud_sql_proxy", "cloud-sql-proxy"], &[], &["--exit_zero_on_sigterm_only"]),
    (&["dockerd", "containerd", "buildkitd"], &[], &["config", "--validate"]),
    (&["dockerd-entrypoint.sh"], &[], &["sh", "docker"]),
    (
        &["kubelet", "kube-proxy", "kube-apiserver", "kube-scheduler", "kube-controller-manager"],
        &[],
        &["--write-config-to"],
    ),
    (&["coredns", "nats-server", "telegraf", "statsd_exporter"], &[], &["-plugins", "-t", "config"]),
    (&["kubectl"], &["proxy", "port-forward"], &[]),
    (&["next", "nuxt"], &["start", "dev"], &[]),
    (&["ng"], &["serve"], &[]),
    (&["flask"], &["run"], &[]),
    (&["rails"], &["server"], &["-d", "--daemon"]),
    (&["manage.py"], &["runserver"], &[]),
    (&["artisan"], &["serve"], &[]),
    (&["http-server"], &[], &[]),
    (&["http.server", "SimpleHTTPServer"], &[], &[]),
    (&["jupyter"], &["lab", "notebook"], &["list", "stop"]),
    (&["jupyter-lab", "jupyter-notebook"], &[], &["list", "stop"]),
    (&["airflow"], &["webserver", "scheduler", "triggerer", "api-server"], &["-D", "--daemon"]),
    (&["celery"], &["worker", "beat", "flower"], &["--detach", "-D"]),
    (&["tensorboard"], &[], &["--inspect"]),
    (&["mlflow"], &["server", "ui"], &[]),
    (&["watch"], &[], &["-g", "--chgexit"]),
];

/// What a program of this name would do instead of serving: say something, look at its configuration, or one job.
const OTHERWISE: &[&str] = &[
    "--version",
    "-version",
    "--help",
    "-help",
    "-h",
    "-v",
    "-V",
    "version",
    "help",
    "validate",
    "--check",
    "--check-config",
    "--dry-run",
    "configtest",
    "check",
    "test",
    "migrate",
    "migration",
    "migrations",
    "upgrade",
    "init",
    "setup",
    "seed",
    "install",
    "export",
    "import",
    "dump",
    "backup",
    "restore",
    "list",
    "status",
    "stop",
    "reload",
    "healthcheck",
    "doctor",
    "ping",
];

/// Why a program never ends, where it is a server that is known.
pub(super) fn server(argv: &[&str]) -> Option<Endless> {
    let argv = match argv {
        // `python manage.py runserver`, `python -m http.server`, `php artisan serve`, `npx http-server`.
        ["python" | "python3" | "php" | "npx" | "ruby" | "node", "-m", rest @ ..]
        | ["python" | "python3" | "php" | "npx" | "ruby", rest @ ..]
        | ["bundle", "exec", rest @ ..]
        | ["poetry" | "pipenv" | "uv", "run", rest @ ..]
            if !rest.is_empty() =>
        {
            rest
        }
        _ => argv,
    };
    let (program, args) = argv.split_first()?;
    let name = base_name(program);
    let holds = |word: &&str| match word.strip_prefix('=') {
        Some(text) => args.iter().any(|arg| arg.contains(text)),
        None => args.contains(word),
    };
    let serves = SERVERS.iter().any(|(names, needs, unless)| {
        names.iter().any(|pattern| glob(pattern, name))
            && (needs.is_empty() || needs.iter().any(&holds))
            && !unless.iter().chain(OTHERWISE).any(&holds)
    });
    serves.then(|| Endless { certain: false, what: format!("`{name}` is a server") })
}
