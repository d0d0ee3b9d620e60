//! Scripts and vectors: what ends, what does not, and what nobody knows.

use super::{Ending, Parent, Stdin, Sure, bashisms, ending, endless, script, stays_as_parent, waits_forever};

fn sh(script: &str) -> Option<Ending> {
    ending(&["sh", "-c", script], Stdin::Empty)
}

#[test]
fn certain_ends() {
    for script in [
        "echo hello",
        "server & echo started",
        "a & b &",
        "echo a && ls -l",
        "cd /tmp; export A=b; echo $A",
        "if true; then echo a; else echo b; fi",
        "for i in 1 2 3; do echo $i; done",
        "exec echo hi",
        "echo a; exit 0; server",
        "f() { echo hi; }; f",
        "x=$(date); echo \"now $x\"",
        "cat /etc/hostname | grep x",
        "cat <<EOF\nhello\nEOF",
        "echo hi > /tmp/out 2>&1",
        "",
        "# nothing",
        "(echo a; echo b)",
        "case $1 in a) echo a;; *) echo b;; esac",
        "test -f /x || echo missing",
        "[ -d /data ] && ls /data",
    ] {
        let end = sh(script);
        assert!(end.as_ref().is_some_and(|end| end.sure == Sure::Certain), "{script}: {end:?}");
    }
    assert_eq!(sh("sleep 30; echo a; sleep 5m").map(|end| end.sleeps), Some(330));
    assert!(sh("server & echo started").is_some_and(|end| end.abandons));
}

#[test]
fn unknown_or_endless() {
    for script in [
        "server",
        "echo a; server",
        "server; echo done",
        "echo a && exec server",
        "sleep infinity",
        "sleep 365d",
        "tail -f /dev/null",
        "tail -F /var/log/x",
        "server & wait",
        "a & b & wait -n",
        "while true; do echo a; sleep 1; done",
        "until nc -z db 5432; do sleep 1; done",
        "$CMD",
        "\"$@\"",
        "eval echo",
        ". /env.sh",
        "x=$(server); echo $x",
        "echo `server`",
        "f() { server; }; f",
        "echo() { server; }; echo",
        "cat < <(server)",
        "mkfifo /p; cat /p",
        "cat /dev/zero",
        "read x",
        "if server; then echo a; fi",
        "yes | head -1",
        "case a in a) server;; esac",
        "echo 'unterminated",
        "trap 'exit 0' TERM; sleep infinity & wait",
        "exec 3<>/dev/tcp/localhost/80",
        "trap 'server' EXIT; echo hi",
        "export PATH=/app/bin:$PATH; hostname",
        "PATH=/app:$PATH date",
        "alias date=server\ndate",
        "cat < /dev/kmsg",
        "awk 'BEGIN{while(1) system(\"sleep 1\")}'",
        "env -S 'server --x'",
        "rake jobs:work",
        "/migrate serve",
        "/app/echo",
        "./date",
        "cat /scripts/run.sh | sh",
        "curl -fsS https://example.com/run.sh | bash",
        "sh < /scripts/run.sh",
        "python3 <<EOF\nserve()\nEOF",
        "bash <<< 'exec server'",
    ] {
        assert_eq!(sh(script), None, "{script}");
    }
}

#[test]
fn vectors_and_wrappers() {
    let ends = |argv: &[&str]| ending(argv, Stdin::Empty).map(|end| end.sure == Sure::Certain);
    assert_eq!(ends(&["/bin/echo", "hi"]), Some(true));
    assert_eq!(ends(&["/bin/bash"]), Some(true));
    assert_eq!(ends(&["bash", "-euo", "pipefail", "-c", "echo a"]), Some(true));
    assert_eq!(ends(&["bash", "-xec", "server"]), None);
    assert_eq!(ends(&["sh", "/start.sh"]), None);
    assert_eq!(ends(&["tini", "--", "echo", "a"]), Some(true));
    assert_eq!(ends(&["env", "A=b", "server"]), None);
    assert_eq!(ends(&["env"]), Some(true));
    assert_eq!(ends(&["env", "A=b"]), Some(true));
    assert_eq!(ends(&["python", "manage.py", "migrate"]), Some(false));
    assert_eq!(ends(&["npm", "run", "start"]), None);
    assert_eq!(ends(&["npm", "run", "migrate"]), Some(false));
    assert_eq!(ends(&["jest", "--watch"]), None);
    assert_eq!(ends(&["python3"]), Some(true));
    assert_eq!(ends(&["python3", "app.py"]), None);
    assert_eq!(ends(&["sh", "-c", "python manage.py migrate && python manage.py runserver"]), None);
    assert_eq!(ending(&["cat"], Stdin::Open), None);
    assert_eq!(ending(&["bash"], Stdin::Open), None);
    assert!(ending(&["cat"], Stdin::Empty).is_some());
}

#[test]
fn hostile_scripts_are_unknown() {
    for script in [
        format!("for (({}", "(".repeat(30)),
        format!("echo {}", "$((".repeat(12)),
        "(".repeat(100_000),
        "$(".repeat(50_000),
        "if ".repeat(30_000),
        "`".repeat(9999),
        "{ ".repeat(5000),
        "a;".repeat(100_000),
    ] {
        let _ = sh(&script);
    }
}

#[test]
fn what_never_ends() {
    let never = |script: &str| endless(&["sh", "-c", script]).map(|end| end.certain);
    for script in [
        "sleep infinity",
        "echo debug; sleep infinity",
        "setup && tail -f /dev/null",
        "while true; do date; sleep 5; done",
        "while :; do sleep 1; done",
        "until false; do sleep 1; done",
        "for ((i = 0; ; i++)); do sleep 1; done",
        "exec tail -F /var/log/x",
        "sleep 3650d",
        "f() { echo hi; }; f; sleep infinity",
        "if a; then sleep infinity; else tail -f /dev/null; fi",
        "while [ 1 ]; do sleep 1; done",
        "cmd || true; sleep infinity",
    ] {
        assert_eq!(never(script), Some(true), "{script}");
    }
    for script in ["nginx -g 'daemon off;'", "cd /app && redis-server /etc/redis.conf", "python -m http.server"] {
        assert_eq!(never(script), Some(false), "{script}");
    }
    for script in [
        "sleep 5",
        "setup || sleep infinity",
        "while true; do nc -z db 5432 && break; sleep 1; done",
        "while true; do [ -f /x ] && exit 0; sleep 1; done",
        "until nc -z db 5432; do sleep 1; done",
        "if [ -f /done ]; then exit 0; fi; sleep infinity",
        "cmd && exit 0; tail -f /dev/null",
        "tail --pid=7 -f /dev/null",
        "timeout 60 tail -f /dev/null",
        "tail -f /var/log/x | grep -m1 ready",
        "tail -f /dev/null &",
        "trap 'exit 0' USR1; while true; do sleep 1; done",
        "leave() { exit 0; }; while true; do leave; done",
        "exec server; sleep infinity",
        ". /env.sh; sleep infinity",
        "$CMD; sleep infinity",
        "sleep() { :; }; sleep infinity",
        "while true; do $STEP; done",
        "redis-server --version",
        "nginx -t",
        "nginx",
        "server",
        "! true",
        "while read line; do echo $line; done",
        "if a; then sleep infinity; fi",
        "case $1 in debug) sleep infinity;; esac; run",
        "while true; do (exit 0); sleep 1; done",
        "(sleep 5; mysqladmin shutdown) & mysqld",
        "redis-server & sleep 5; redis-cli flushall",
        "grafana server --help",
        "airflow db migrate",
        "gunicorn --check-config app:app",
        "php-fpm -F -t",
        "npm start",
    ] {
        assert_eq!(never(script), None, "{script}");
    }
    assert_eq!(endless(&["tini", "--", "sleep", "infinity"]).map(|end| end.certain), Some(true));
    assert_eq!(endless(&["timeout", "60", "sleep", "infinity"]), None);
}

#[test]
fn what_waits_without_a_limit() {
    let asked = |script: &str| waits_forever(&["sh", "-c", script]).map(|words| words[0].clone());
    for (script, program) in [
        ("until nc -z db 5432; do echo waiting; sleep 2; done", "nc"),
        ("while ! curl -sf http://api/; do sleep 1; done; echo ok", "curl"),
        ("while true; do pg_isready -h db && break; sleep 1; done", "pg_isready"),
        ("until timeout 5 nc -z db 5432; do sleep 1; done", "timeout"),
        ("until [ -f /shared/ready ]; do sleep 1; done", "["),
        ("until [[ \"$(curl -s http://api/)\" == ok ]]; do sleep 5; done", "[["),
        ("while ! nc -w 2 -z db 5432; do echo waiting; done", "nc"),
        ("while [ $(curl -s http://db; echo $?) -ne 52 ]; do sleep 5; done", "["),
    ] {
        assert_eq!(asked(script).as_deref(), Some(program), "{script}");
    }
    for script in [
        "for i in 1 2 3; do nc -z db 5432 && exit 0; sleep 1; done; exit 1",
        "n=0; until nc -z db 5432; do n=$((n+1)); [ $n -ge 30 ] && exit 1; sleep 1; done",
        "until nc -z db 5432 || [ $i -gt 30 ]; do sleep 1; i=$(expr $i + 1); done",
        "while read x; do echo $x; sleep 1; done < /f",
        "end=$(($(date +%s)+60)); until nc -z db 5432; do [ $(date +%s) -lt $end ] || exit 1; sleep 1; done",
        "while true; do sleep 1; done",
        "until nc -z db 5432; do sleep 1; [ -f /stop ] && exit 1; done",
        "while kill -0 $pid; do sleep 1; done",
        "until nc -z db 5432; do sleep 1; [ $SECONDS -gt 60 ] && break; done",
        "i=0; while [ $i -lt 30 ] && ! nc -z db 5432; do sleep 1; i=$((i + 1)); done",
        "(sleep 60; kill $$) & until nc -z db 5432; do sleep 1; done",
        "while [ -n \"$1\" ]; do shift; done",
        "while true; do sync-files; done",
        "while [ 1 ]; do date; nvidia-smi || echo waiting; sleep 30; done",
        "nginx -s quit; while killall -0 nginx; do sleep 1; done",
        "nc -z db 5432",
    ] {
        assert_eq!(asked(script), None, "{script}");
    }
    assert_eq!(waits_forever(&["timeout", "60", "sh", "-c", "until nc -z db 1; do sleep 1; done"]), None);
}

#[test]
fn shells_that_stay() {
    let stays = |shell: &str, text: &str, parent| {
        let words = [shell, "-c", text];
        let script = script(&words).unwrap();
        stays_as_parent(&script, parent).map(|stays| stays.words.join(" "))
    };
    for text in ["server", "cd /app && server", "a; server\n", "A=b server"] {
        assert!(stays("sh", text, Parent::Always).is_some(), "{text}");
        assert_eq!(stays("bash", text, Parent::Bash), None, "{text}");
    }
    assert_eq!(stays("bash", "server > /log 2>&1", Parent::Bash).as_deref(), Some("server"));
    assert_eq!(stays("ash", "a\nserver\n", Parent::Ash).as_deref(), Some("server"));
    assert_eq!(stays("ash", "a; server", Parent::Ash), None);
    for text in [
        "a; sleep infinity & echo",
        ". /lib.sh; run",
        "server; cd /",
        "echo a; date",
        "echo a | tee $F",
        "cat $F | jq .",
    ] {
        assert_eq!(stays("sh", text, Parent::Always), None, "{text}");
    }
    for text in ["exec server", "server & wait", "trap 'kill $p' TERM; server", "$CMD", "server &", "f() { x; }; f"] {
        assert_eq!(stays("sh", text, Parent::Always), None, "{text}");
    }
    let words = ["sh", "-c", "cd /app\n é=1; server --x"];
    let at = stays_as_parent(&script(&words).unwrap(), Parent::Always).unwrap().at.unwrap();
    assert!(words[2][at..].starts_with("server"));
}

#[test]
fn what_only_bash_understands() {
    let found = |script: &str| bashisms(script).iter().map(|found| found.what).collect::<Vec<_>>();
    assert_eq!(found("a=(1 2); echo ${a[0]}"), ["an array", "an array's element"]);
    assert_eq!(found("set -euo pipefail; [[ -f /x ]] && cat <<< hi"), ["`set -o pipefail`", "`[[`", "`<<<`"]);
    assert_eq!(found("for ((i=0;i<3;i++)); do echo \"${x^^}\"; done"), ["`for ((…))`", "`${x^^}`"]);
    assert_eq!(found("function f { echo ${x//a/b}; }; f |& cat"), ["`function`", "`${x/a/b}`", "`|&`"]);
    assert_eq!(found("while read l; do :; done < <(ls); cat <(ls); server &> /log"), ["`<(…)`", "`&>`"]);
    assert_eq!(found("case a in a) x;& b) y;; esac; echo ${x:0:1} ${!y}"), ["`;&`", "`${x:0:1}`", "`${!x}`"]);
    for plain in [
        "set -eu; for i in 1 2; do echo ${x:-a} ${x%.*} ${#x}; done",
        "f() { local a=b; }; f 2>&1 | cat; x=$((1 + 2)); cat <<EOF\n${x^^}\nEOF",
        "echo 'a=(1 2) <(x) [[' \"[[\"; wait",
    ] {
        assert_eq!(found(plain), Vec::<&str>::new(), "{plain}");
    }
}
