//! What is read of a container, beyond the cases of the rules' fixtures.

use super::*;
use crate::k8s::images::{DefaultHeap, ImageFacts, Images};
use crate::k8s::object::Object;
use crate::k8s::tables::Rows;
use crate::yaml;

fn with<T>(fields: &str, ask: impl FnOnce(Container<'_>, Limit<'_>) -> T) -> T {
    let pod = format!(
        "{{apiVersion: v1, kind: Pod, spec: {{containers: [{{name: a, resources: {{limits: {{memory: 1Gi}}}}, {fields}}}]}}}}"
    );
    let document = yaml::documents(&pod).next().unwrap().unwrap();
    let object = Object::new(document.tree.root()).unwrap();
    let container = object.workloads(&[])[0].containers()[0];
    ask(container, memory_limit(container, &Set::default()).unwrap())
}

/// Mebibytes of the JVM's heap.
fn heap(fields: &str) -> Option<i128> {
    let tables = Tables::default();
    with(fields, |container, limit| demand(container, &tables, limit).map(|demand| demand.heap.amount.ceil() >> 20))
}

#[test]
fn the_heap_that_counts() {
    let env = |name: &str, value: &str| format!("{{name: {name}, value: \"{value}\"}}");
    for (fields, mebi) in [
        ("command: [java, -Xmx64m, -XX:MaxHeapSize=96m, -jar, a]".to_owned(), Some(96)),
        ("command: [/usr/lib/jvm/bin/java, -cp, a, -Xmx64m, Main]".into(), Some(64)),
        ("command: [env, JAVA_TOOL_OPTIONS=-Xmx64m, java, -jar, a]".into(), Some(64)),
        ("command: [./wait-for.sh, 'db:5432', --, java, -Xmx64m, -jar, a]".into(), Some(64)),
        ("command: [sh, -c, 'A=-Xmx64m; exec java $A -jar a']".into(), Some(64)),
        ("command: [sh, -c, 'sh -c \"java -Xmx64m -jar a\"']".into(), Some(64)),
        ("command: [sh, -c, 'java ${A:--Xmx64m} -jar a']".into(), Some(64)),
        ("command: [sh, -c, 'java -Xmx32m -jar a & java -Xmx64m -jar b']".into(), Some(64)),
        ("command: [sh, -c, './run.sh -Xmx64m']".into(), Some(64)),
        ("command: [java, '@/app/options', -jar, a]".into(), None),
        ("command: [sh, -c, '. /env; java $A -Xmx64m -jar a']".into(), Some(64)),
        ("command: [sh, -c, '. /env; java -Xmx64m $A -jar a']".into(), None),
        ("command: [sh, -c, 'echo -Xmx64m']".into(), None),
        (format!("env: [{}, {}]", env("MEM", "64"), env("JAVA_OPTS", "-Xmx$(MEM)m")), Some(64)),
        (format!("env: [{}, {}]", env("JAVA_OPTS", "-Xmx$(MEM)m"), env("MEM", "64")), None),
        (format!("env: [{}, {}]", env("SONAR_WEB_JAVAOPTS", "-Xmx32m"), env("SONAR_CE_JAVAOPTS", "-Xmx64m")), Some(64)),
        (format!("env: [{}], envFrom: [{{secretRef: {{name: a}}}}]", env("JAVA_OPTS", "-Xmx64m")), Some(64)),
        (format!("env: [{}]", env("JAVA_OPTS", "-Xmx{{ .Values.heap }}")), None),
        (format!("env: [{}]", env("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=50 -XX:MaxRAM=2g")), Some(1024)),
        (format!("env: [{}]", env("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=1")), Some(124)),
        (format!("env: [{}]", env("ZK_SERVER_HEAP", "64")), Some(64)),
        (format!("command: [python3, a.py], env: [{}]", env("JAVA_TOOL_OPTIONS", "-Xmx64m")), None),
        (String::new(), None),
    ] {
        assert_eq!(heap(&fields), mebi, "{fields}");
    }
}

#[test]
fn an_images_own_heap_counts_where_nothing_changes_it() {
    let broker = |runtime| ImageFacts {
        images: vec!["broker".into()],
        runtime,
        heap: Some(DefaultHeap {
            size: "900Mi".into(),
            env: vec!["BROKER_HEAP".into()],
            args: vec!["--heap".into()],
            files: vec!["/etc/broker/jvm.conf".into()],
        }),
        ..ImageFacts::default()
    };
    let own = |fields: &str, runtime| {
        let tables = Tables::from(Rows { images: Images::new(vec![broker(runtime)]), ..Rows::default() });
        with(fields, |container, limit| {
            let jvm = demand(container, &tables, limit).map(|demand| demand.heap.amount);
            let cache = caches(container, &tables, limit).into_iter().map(|cache| cache.setting.amount).next();
            (jvm.is_some(), cache.is_some(), most(container, &tables, limit).map(|amount| amount.ceil() >> 20))
        })
    };
    assert_eq!(own("image: 'broker:1'", Some(Runtime::Jvm)), (true, false, Some(900)));
    assert_eq!(own("image: 'broker:1'", Some(Runtime::Native)), (false, true, Some(900)));
    for changed in [
        "env: [{name: BROKER_HEAP, value: 1g}]",
        "env: [{name: JAVA_TOOL_OPTIONS, value: '-Xmx{{ x }}'}]",
        "envFrom: [{configMapRef: {name: a}}]",
        "args: ['--heap=1g']",
        "command: [sh, -c, ./start]",
        "volumeMounts: [{name: a, mountPath: /etc/broker}]",
        "volumeMounts: [{name: a, mountPath: /etc/broker/jvm.conf, subPath: jvm.conf}]",
    ] {
        assert!(!own(&format!("image: 'broker:1', {changed}"), Some(Runtime::Jvm)).0, "{changed}");
    }
    assert!(own("image: 'broker:1', volumeMounts: [{name: a, mountPath: /data}]", Some(Runtime::Jvm)).0);
}

#[test]
fn hostile_values_end_soon() {
    let tables = Tables::default();
    let doubled: Vec<String> =
        (0..60).map(|at| format!("{{name: A{}, value: '-Xmx$(A{at})$(A{at})$(A{at})'}}", at + 1)).collect();
    let open = format!("{{name: JAVA_OPTS, value: '-Xmx1g {}'}}", "$(".repeat(20_000));
    let words = format!("{{name: JAVA_OPTS, value: '{}'}}", "-Xmx1g ".repeat(20_000));
    let braces = format!("{{name: JAVA_OPTS, value: '-X{}'}}", "{{".repeat(20_000));
    for env in [doubled.join(", "), open, words, braces] {
        let fields = format!("env: [{{name: A0, value: aaaaaaaa}}, {env}]");
        let _ = with(&fields, |container, limit| most(container, &tables, limit));
        let _ = with(&fields, |container, _| refusals(container, &tables).len());
    }
}
