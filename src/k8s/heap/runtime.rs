//! The runtime of what a container runs.

use super::jvm::jvms;
use super::lines::Lines;
use crate::k8s::container::Container;
use crate::k8s::images::Runtime;
use crate::k8s::tables::Tables;

/// Programs and the runtime that they start; none where they are something else altogether. A template that is shared
/// may give them the options of a runtime all the same.
const PROGRAMS: &[(Option<Runtime>, &[&str])] = &[
    (
        Some(Runtime::Jvm),
        &[
            "java",
            "catalina.sh",
            "startup.sh",
            "kafka-server-start.sh",
            "spark-submit",
            "mvn",
            "mvnw",
            "gradle",
            "gradlew",
        ],
    ),
    (
        Some(Runtime::Node),
        &["node", "nodejs", "npm", "npx", "yarn", "pnpm", "nodemon", "pm2", "pm2-runtime", "ts-node", "next", "nest"],
    ),
    (Some(Runtime::Python), &["python", "python2", "python3", "gunicorn", "uvicorn", "celery", "flask", "airflow"]),
    (Some(Runtime::Ruby), &["ruby", "bundle", "rails", "rake", "puma"]),
    (Some(Runtime::Php), &["php", "php-fpm", "apache2-foreground"]),
    (Some(Runtime::Dotnet), &["dotnet"]),
    (Some(Runtime::Go), &["go", "caddy", "traefik", "prometheus"]),
    (Some(Runtime::Native), &["nginx", "httpd", "redis-server", "postgres", "mysqld", "mongod", "memcached"]),
    (
        None,
        &[
            "sleep", "tail", "cat", "echo", "printf", "cp", "mv", "rm", "ln", "ls", "mkdir", "touch", "chown", "chmod",
            "true", "false", "cd", "set", "test", "[", "wait", "trap", "exit", "curl", "wget", "nc", "sed", "grep",
            "awk", "until", "date", "id", "env", "printenv", "umask", "ulimit", "kubectl", "apk", "apt-get", "pip",
        ],
    ),
];

/// What a program starts; the outer `None` where nobody knows, as for a script.
#[allow(clippy::option_option)]
pub(super) fn of_program(name: &str) -> Option<Option<Runtime>> {
    PROGRAMS.iter().find(|(_, names)| names.contains(&name)).map(|(runtime, _)| *runtime)
}

/// Whether each of the programs is known to be of another runtime.
pub(super) fn is_none_of(lines: &Lines<'_>, wanted: Runtime) -> bool {
    lines.all.iter().all(|line| of_program(line.program()).is_some_and(|runtime| runtime != Some(wanted)))
}

/// The runtime of what a container runs, and by what it is recognised, for sentences: the program, else the image.
#[must_use]
pub fn runs_on<'t>(container: Container<'t>, tables: &'t Tables) -> Option<(Runtime, String)> {
    let lines = Lines::of(container, tables);
    // The last program is the one that stays.
    let programs = lines.all.iter().rev().map(|line| (of_program(line.program()), line.program()));
    let mut unknown = lines.all.is_empty() || !lines.known;
    for (runtime, program) in programs.filter(|_| lines.known) {
        match runtime {
            Some(Some(runtime)) => return Some((runtime, format!("the program `{program}`"))),
            Some(None) => {}
            None => unknown = true,
        }
    }
    if !unknown {
        return None;
    }
    // Java that was compiled beforehand needs as little as any program.
    let native = |text: &str| text.contains("native");
    if container.image().is_some_and(|image| native(image.repository) || image.tag.is_some_and(native)) {
        return None;
    }
    let image = || format!("the image `{}`", container.image().map_or("", |image| image.short_name()));
    if let Some(runtime) = tables.known(container).runtime() {
        return Some((runtime, image()));
    }
    if let Some(by) = tables.jvm(container).filter(|by| !by.starts_with("the variable")) {
        return Some((Runtime::Jvm, by));
    }
    (!jvms(container, tables).is_empty()).then(|| (Runtime::Jvm, "its Java options".to_owned()))
}
