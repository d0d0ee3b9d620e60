//! The log: JSON, one line an event, to standard error. Whoever reads it may be slow or gone: lines beyond a bound are
//! dropped and counted, and nobody waits.

use super::answer::{Noted, Record};
use super::{LogLevel, metrics};
use serde_json::{Map, Value, json};
use std::fmt;
use std::io::Write as _;
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Lines that wait to be written, at most.
const LINES: usize = 8192;
/// Characters of a text that came from outside, at most: names of Kubernetes are shorter.
const CHARACTERS: usize = 256;
/// Findings in a line, at most.
const FINDINGS: usize = 64;

/// Begins to log. What waits is written when the guard goes.
pub(super) fn start(level: LogLevel) -> (ErrorCounter, WorkerGuard) {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES)
        .lossy(true)
        .thread_name("log")
        .finish(std::io::stderr());
    let dropped = writer.error_counter();
    let filter = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    // Another one is there already where a test runs two servers in one process.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Lines(writer)).with(filter));
    (dropped, guard)
}

/// Logs a decision.
pub(super) fn decision(record: &Record, took: Duration) {
    let head = &record.head;
    tracing::info!(
        uid = short(&head.uid),
        operation = head.operation,
        groupVersion = short(&head.group_version),
        kind = short(&head.kind),
        namespace = short(&head.namespace),
        name = short(&head.name),
        subresource = short(&head.subresource),
        dryRun = head.dry_run,
        decision = metrics::outcome(record.outcome),
        rules = %Raw(record.findings.iter().take(FINDINGS).map(finding).collect()),
        findings = record.findings.len(),
        mutated = %Raw(json!(record.mutated)),
        durationUs = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "decision"
    );
}

fn finding(noted: &Noted) -> Value {
    json!({
        "rule": noted.rule,
        "level": metrics::action(noted.level),
        "container": noted.container.as_deref().map(short),
        "path": short(&noted.path),
    })
}

pub(super) fn short(text: &str) -> &str {
    text.char_indices().nth(CHARACTERS).map_or(text, |(end, _)| &text[..end])
}

/// JSON, to be taken as such.
struct Raw(Value);

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Fields whose text is JSON.
const RAW: [&str; 2] = ["rules", "mutated"];

/// Writes each event of ours as a line.
struct Lines(NonBlocking);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let about = event.metadata();
        if !about.target().starts_with(env!("CARGO_CRATE_NAME")) {
            return;
        }
        let mut line = Line(Map::new());
        line.0.insert("timestamp".to_owned(), format!("{:.6}", jiff::Timestamp::now()).into());
        line.0.insert("level".to_owned(), about.level().as_str().to_ascii_lowercase().into());
        event.record(&mut line);
        let mut text = Value::Object(line.0).to_string();
        text.push('\n');
        // In one piece; the writer counts what it drops.
        let _ = self.0.clone().write_all(text.as_bytes());
    }
}

struct Line(Map<String, Value>);

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        let value =
            if RAW.contains(&field.name()) { serde_json::from_str(&text).unwrap_or_default() } else { text.into() };
        self.0.insert(field.name().to_owned(), value);
    }
}
