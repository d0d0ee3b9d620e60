//! The command line's words. Help, completions and the man page come from here.

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER: &str = "\
Examples:
  crashlint                              lint the current folder
  crashlint deploy/ extra.yaml           lint a folder and a file
  helm template chart/ | crashlint -     lint what a tool renders
  crashlint --format sarif > out.sarif   write a log for code scanning
  crashlint explain workload-exits       read what a rule means
  crashlint ./rules                      lint a folder that is named like a command

Exit codes:
  0  nothing at or above --fail-on
  1  findings
  2  wrong usage, input that can not be read, or an internal error";

const FILES: &str = "\
In folders *.yaml and *.yml are read, and those *.json that hold a Kubernetes object. Hidden files \
and what .gitignore and .ignore name are skipped. Files named here are always read.";

/// Finds the Kubernetes manifests that will end in CrashLoopBackOff, before they are deployed.
#[derive(Debug, Parser)]
#[command(
    name = "crashlint",
    version,
    styles = STYLES,
    after_help = AFTER,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Cli {
    /// What to do; lints where absent.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// Arguments of linting.
    #[command(flatten)]
    pub lint: Lint,
    /// When to use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto, global = true)]
    pub color: Color,
}

/// The verbs besides linting.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the rules.
    Rules {
        /// How to write the list.
        #[arg(long, value_enum, value_name = "FORMAT", default_value_t = ListFormat::Pretty)]
        format: ListFormat,
    },
    /// Print a rule's page: what happens, why, how to see it, how to fix it.
    Explain {
        /// The rule's name.
        #[arg(value_name = "RULE")]
        rule: String,
    },
    /// Mend what can be mended mechanically, in the files themselves; comments and all else stay as they are.
    ///
    /// Only safe fixes are applied, unless --unsafe is given. With `-` the mended text goes to standard output.
    Fix(Fix),
    /// List what is known of images, or of one.
    ///
    /// What is printed is what a row of a policy's `images` says.
    Images(Images),
    /// Make certificates for trying the webhook.
    #[cfg(feature = "webhook")]
    Certs {
        /// What to make.
        #[command(subcommand)]
        kind: Certs,
    },
    /// Say what the webhook would deny in mode `enforce`.
    ///
    /// Reads files, or what is there already:
    ///   kubectl get pods,deployments,statefulsets,daemonsets,jobs,cronjobs -A -o yaml | crashlint preflight
    #[command(verbatim_doc_comment)]
    Preflight(Preflight),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        #[arg(value_enum, value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Print the man page, in roff.
    Man,
}

/// Arguments of `images`.
#[derive(Args, Clone, Debug)]
pub struct Images {
    /// The image, as a manifest names it; all rows where absent.
    #[arg(value_name = "IMAGE")]
    pub image: Option<String>,
    /// The policy, whose rows come first [default: the nearest `.crashlint.yaml`, from here upwards].
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// How to write the answer.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = DataFormat::Pretty)]
    pub format: DataFormat,
}

/// What `certs` makes.
#[cfg(feature = "webhook")]
#[derive(Debug, Subcommand)]
pub enum Certs {
    /// Make a throw-away CA and a server certificate of it: ca.crt, tls.crt and tls.key.
    ///
    /// Running it again renews the files, under a new CA. Files that it did not make are left as they are, with an error.
    Dev(DevCerts),
}

/// Arguments of `certs dev`.
#[cfg(feature = "webhook")]
#[derive(Args, Debug)]
pub struct DevCerts {
    /// The folder to write to; made where absent.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// One more DNS name or IP address of the server; repeatable.
    #[arg(long = "name", value_name = "NAME", value_parser = server_name)]
    pub names: Vec<String>,
    /// Days that the certificates are valid.
    // Some clients (Apple's) refuse a server's certificate that is valid for longer.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=825))]
    pub days: u32,
    /// Also make client.crt and client.key, with this common name, for trying `webhook --client-ca`.
    #[arg(long, value_name = "NAME", value_parser = common_name)]
    pub client: Option<String>,
}

/// A name that may stand in a server's certificate.
#[cfg(feature = "webhook")]
fn server_name(text: &str) -> Result<String, String> {
    // One star may stand for the first label.
    match rustls::pki_types::ServerName::try_from(text.strip_prefix("*.").unwrap_or(text)) {
        Ok(rustls::pki_types::ServerName::IpAddress(_)) if text.starts_with("*.") => {
            Err("an address has no wildcard".into())
        }
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("no DNS name and no IP address".into()),
    }
}

/// A common name as X.509 bounds it (RFC 5280, `ub-common-name`).
#[cfg(feature = "webhook")]
fn common_name(text: &str) -> Result<String, String> {
    let plain = !text.chars().any(char::is_control);
    if plain && (1..=64).contains(&text.chars().count()) {
        Ok(text.to_owned())
    } else {
        Err("1 to 64 characters".into())
    }
}

/// Which files are meant, and under which policy.
#[derive(Args, Clone, Debug, Default)]
pub struct Selection {
    /// Files and folders, `-` for standard input; the current folder where absent.
    #[arg(value_name = "PATHS", long_help = format!(
        "Files and folders, `-` for standard input; the current folder where absent.\n\n{FILES}"
    ))]
    pub paths: Vec<PathBuf>,
    /// How much to say; overrides the policy's `extends` [default: recommended].
    #[arg(long, value_enum, value_name = "PROFILE")]
    pub profile: Option<Profile>,
    /// The policy [default: the nearest `.crashlint.yaml`, from here upwards].
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// In folders, read only files that match, whatever their extension; repeatable.
    #[arg(
        long,
        value_name = "GLOB",
        long_help = "In folders, read only files that match, whatever their \
        extension and even where ignored; repeatable. Globs are those of .gitignore, relative to the current folder: \
        one without a slash matches at any depth."
    )]
    pub include: Vec<String>,
    /// In folders, leave out files and folders that match; repeatable, wins over --include.
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Threads to use; 0 is one a core.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Say nothing on standard error but what went wrong.
    #[arg(short, long)]
    pub quiet: bool,
}

/// Arguments of linting.
#[derive(Args, Clone, Debug, Default)]
pub struct Lint {
    /// What to lint.
    #[command(flatten)]
    pub selection: Selection,
    /// What to render first.
    #[command(flatten)]
    pub render: Render,
    /// How to write the report.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Pretty)]
    pub format: Format,
    /// Write the report to a file as well, in a format of its own; repeatable.
    #[arg(long, value_name = "FORMAT=FILE")]
    pub output: Vec<Output>,
    /// Exit with 1 from this severity on.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Warning)]
    pub fail_on: FailOn,
    /// Let pass what the file names, and fail only for what is new.
    #[arg(long, value_name = "FILE", conflicts_with = "write_baseline")]
    pub baseline: Option<PathBuf>,
    /// Write all findings of now to a file that `--baseline` takes, and let them pass.
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// Show findings that an annotation, exemption or baseline took out, and why.
    #[arg(long)]
    pub show_suppressed: bool,
    /// Name every file that was left out.
    #[arg(short, long)]
    pub verbose: bool,
    /// Read all YAML by both readers instead, and stop where they differ.
    #[arg(long, hide = true)]
    pub verify_reader: bool,
}

/// Arguments of rendering.
#[derive(Args, Clone, Debug, Default)]
pub struct Render {
    /// Render the charts and kustomizations of folders by `helm`, and by `kustomize` or `kubectl`.
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value_t = When::Auto,
        long_help = "Render the charts and kustomizations of folders by `helm template`, and by `kustomize build` or `kubectl kustomize`. \
            `auto` does so where the tool is there and nothing has to be fetched, and tells what it left; with `always` that is an \
            error; `never` starts no other program. Files that went into a kustomization are then linted as it builds them."
    )]
    pub render: When,
    /// A file of values for all charts, as Helm's --values; repeatable.
    #[arg(long, value_name = "FILE")]
    pub helm_values: Vec<PathBuf>,
    /// A value for all charts, as Helm's --set; repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub helm_set: Vec<String>,
    /// Seconds that one rendering may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub render_timeout: u64,
}

/// When to render.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// Where the tools are there.
    #[default]
    Auto,
    /// And it is an error where it can't be done.
    Always,
    /// Never.
    Never,
}

/// Arguments of `fix`.
#[derive(Args, Clone, Debug)]
pub struct Fix {
    /// What to mend.
    #[command(flatten)]
    pub selection: Selection,
    /// Apply fixes that want a person's eye, too.
    #[arg(long)]
    pub r#unsafe: bool,
    /// Show what would change, and change nothing.
    #[arg(long)]
    pub diff: bool,
    /// Change nothing, and exit with 1 where something would change.
    #[arg(long)]
    pub check: bool,
}

/// Arguments of the preflight.
#[derive(Args, Clone, Debug)]
pub struct Preflight {
    /// Files and folders, `-` for standard input; standard input where absent.
    #[arg(value_name = "PATHS")]
    pub paths: Vec<PathBuf>,
    /// The webhook's policy [default: the nearest `.crashlint.yaml`, from here upwards].
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// A namespace that the webhook is not asked about; repeatable.
    #[arg(long, value_name = "NAMESPACE", default_values = ["kube-system", "kube-node-lease"])]
    pub exclude_namespace: Vec<String>,
    /// How to write the answer.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = DataFormat::Pretty)]
    pub format: DataFormat,
}

/// Formats of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DataFormat {
    /// For people.
    Pretty,
    /// JSON.
    Json,
}

/// Formats of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Pretty,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit's XML, for the test reports of CI systems.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// Checkstyle's XML, for review tools.
    Checkstyle,
    /// The Test Anything Protocol.
    Tap,
    /// A comment for a pull request.
    Markdown,
    /// A page for a browser, all in one file.
    Html,
}

/// A format, and the file to write it to.
#[derive(Clone, Debug)]
pub struct Output {
    /// How to write.
    pub format: Format,
    /// Where to.
    pub file: PathBuf,
}

impl std::str::FromStr for Output {
    type Err = String;

    /// Reads `FORMAT=FILE`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = text
            .split_once('=')
            .filter(|(_, file)| !file.is_empty())
            .ok_or("write FORMAT=FILE, such as sarif=crashlint.sarif")?;
        Ok(Self { format: Format::from_str(format, true)?, file: file.into() })
    }
}

/// Formats of the list of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    Pretty,
    /// A JSON array.
    Json,
    /// A Markdown table.
    Markdown,
}

/// The built-in policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// Only what can not run.
    Minimal,
    /// And what is likely to loop.
    Recommended,
    /// Hygiene counts as well.
    Strict,
}

impl From<Profile> for crate::policy::Profile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Minimal => Self::Minimal,
            Profile::Recommended => Self::Recommended,
            Profile::Strict => Self::Strict,
        }
    }
}

/// The severity that fails a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors only.
    Error,
    /// Warnings and errors.
    #[default]
    Warning,
    /// Any finding.
    Info,
    /// No finding.
    Never,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set; CLICOLOR_FORCE is honoured.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
