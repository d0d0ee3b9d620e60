//! The rules: data plus one pure function each, one file each, listed in [`RULES`].

mod aggressive_liveness_probe;
mod api_version_removed;
mod args_replace_program;
mod binding_subject_missing;
mod cache_exceeds_limit;
mod chown_without_root;
mod claim_missing;
mod command_is_directory;
mod command_not_a_program;
mod command_single_string;
mod config_key_missing;
mod config_mount_not_writable;
mod configmap_missing;
mod container_port_conflict;
mod cpu_limit_slows_start;
mod dependencies;
mod dependency_service_missing;
mod dropped_capabilities_root_entrypoint;
mod duplicate_key;
mod env_duplicate;
mod env_expansion_undefined;
mod env_name_skipped;
mod env_refused_by_image;
mod exec_probe_default_timeout;
mod exec_probe_not_runnable;
mod gomemlimit_invalid;
mod hidden_line_break;
mod host_port_replicas;
mod idle_base_image;
mod image_architecture_mismatch;
mod image_pull_never;
mod init_never_exits;
mod init_wait_target_missing;
mod init_waits_forever;
mod invalid_image_reference;
mod jvm_heap_exceeds_limit;
mod jvm_options_invalid;
mod latest_image_tag;
mod limitrange_violation;
mod liveness_depends_on_others;
mod liveness_same_as_readiness;
mod memory_backed_emptydir;
mod memory_limit_below_request;
mod memory_limit_below_runtime;
mod memory_limit_equals_request;
mod memory_limit_far_above_request;
mod memory_limit_tiny;
mod memory_unit_invalid;
mod missing_memory_limit;
mod missing_startup_probe;
mod mount_directory_over_file;
mod mount_shadows_app;
mod mount_without_volume;
mod mounted_file_missing;
mod mounted_script_not_executable;
mod node_heap_exceeds_limit;
mod nonroot_as_root;
mod nonroot_root_image;
mod option_refused_by_image;
mod pdb_blocks_drain;
mod pod_memory_overcommitted;
mod postgres_data_mount;
mod poststart_always_fails;
mod prestop_exceeds_grace;
mod privileged_port_nonroot;
mod probe_host_loopback;
mod probe_port_name_unknown;
mod probe_port_not_served;
mod probe_port_undeclared;
mod probe_scheme_mismatch;
mod probe_timeout_exceeds_period;
mod program_missing_in_image;
mod pull_secret_missing;
mod quota_needs_resources;
mod readonly_root_without_tmp;
mod reference_in_other_namespace;
mod references;
mod rejected_by_api_server;
mod required_env_missing;
mod script_bad_interpreter;
mod secret_missing;
mod secret_trailing_newline;
mod service_account_missing;
mod service_link_collision;
mod shared_rwo_volume;
mod shell_missing_in_image;
mod shell_script_split;
mod shell_script_syntax;
mod shell_swallows_sigterm;
mod shell_syntax_without_shell;
mod stale_latest_image;
mod startup_budget_too_short;
mod subpath_key_missing;
mod unknown_field;
mod unused_baseline_entry;
mod unused_exemption;
mod unused_suppression;
mod volume_owned_by_root;
mod workload_exits;

use crate::finding::{Finding, Safety, Severity};
use crate::k8s::container::Container;
use crate::k8s::object::Object;
use crate::k8s::pod::Workload;
use crate::k8s::set::references::Reference;
use crate::k8s::set::{Asked, Home, Late, Question, Set};
use crate::k8s::tables::Tables;
use crate::node::Document;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::sync::Arc;

/// Which manifests a rule needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The text of a file.
    File,
    /// One object: the rule runs at both doors.
    Pod,
    /// One object, and it knows more where the run's other manifests are at hand.
    PodAndSet,
    /// The run's other manifests.
    Set,
}

impl Scope {
    /// `file`, `pod`, `pod+set` or `set`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Pod => "pod",
            Self::PodAndSet => "pod+set",
            Self::Set => "set",
        }
    }
}

/// A rule's page, in fixed headings. Markdown; each a short paragraph or list.
#[derive(Clone, Copy, Debug)]
pub struct Docs {
    /// "What happens": in the cluster, with exit code or reason.
    pub happens: &'static str,
    /// "Why": the mechanism, and what is assumed.
    pub why: &'static str,
    /// "How to see it": the commands and what they show.
    pub see: &'static str,
    /// "How to fix it".
    pub fix: &'static str,
    /// "When to ignore it": the exceptions that the rule knows, and those it can't.
    pub ignore: &'static str,
    /// Where the facts come from: a file of Kubernetes' source, or a page of its documentation.
    pub source: &'static str,
}

/// What a rule looks at.
pub enum Check {
    /// A document's text and tree, Kubernetes object or not.
    Document(fn(&Document<'_>, &mut Vec<Finding>)),
    /// An object of any kind.
    Object(fn(&Object<'_>, &Context<'_>, &mut Vec<Finding>)),
    /// An object that carries pods.
    Workload(fn(&Workload<'_>, &Context<'_>, &mut Vec<Finding>)),
    /// A container: init containers and sidecars included, ephemeral ones not. The engine writes
    /// the container's name into what the function finds.
    Container(fn(&Container<'_>, &Context<'_>, &mut Vec<Finding>)),
    /// Found by the engine itself, while it applies suppressions and exemptions.
    Engine,
}

/// A parsed set of options, of the type that the rule declares.
pub type Options = Arc<dyn Any + Send + Sync>;

/// How a rule's options are made.
pub struct OptionsType {
    /// The defaults.
    pub default: fn() -> Options,
    /// Reads them from a policy's mapping; the error names field and reason.
    pub read: fn(crate::node::Node<'_>) -> Result<Options, crate::k8s::decode::Problem>,
    /// Their JSON Schema.
    pub schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
}

impl OptionsType {
    /// The options of type `T`, whose fields all have defaults.
    #[must_use]
    pub const fn of<T: Default + DeserializeOwned + schemars::JsonSchema + Any + Send + Sync>() -> Self {
        Self {
            default: || Arc::new(T::default()),
            read: |node| Ok(Arc::new(crate::k8s::decode::strict::<T>(node)?)),
            schema: |generator| generator.subschema_for::<T>(),
        }
    }
}

/// For rules without options.
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}

/// A rule.
pub struct Rule {
    /// Kebab-case; names the defect. Also its file, fixture folder and SARIF id.
    pub name: &'static str,
    /// One line: what is wrong.
    pub summary: &'static str,
    /// Severity of its gravest case.
    pub severity: Severity,
    /// The manifests it needs.
    pub scope: Scope,
    /// Whether its findings carry a fix, and of which safety.
    pub fix: Option<Safety>,
    /// The release that brought it.
    pub since: &'static str,
    /// The release that last made it find more.
    pub widened: Option<&'static str>,
    /// Its page.
    pub docs: Docs,
    /// Its options.
    pub options: OptionsType,
    /// Its function.
    pub check: Check,
}

/// The first published release: its rules are established from the start.
const FIRST: Release = Release(0, 1);

/// A release as far as rules differ by it: major and minor version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(u32, u32);

impl Release {
    /// This program's own.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn current() -> Self {
        env!("CARGO_PKG_VERSION").parse().expect("a package has a version")
    }
}

impl std::str::FromStr for Release {
    type Err = ();

    /// Reads `1.4` or `1.4.2`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.trim_start_matches('v').split('.').map(|part| part.parse().map_err(drop));
        Ok(Self(parts.next().ok_or(())??, parts.next().ok_or(())??))
    }
}

impl Rule {
    /// Whether the webhook may act on its findings: a rule that is new or widened is only counted
    /// for one minor release, so that an upgrade never denies what was allowed. `pinned` is the
    /// release whose rules are wanted, where the policy names one.
    #[must_use]
    pub fn is_established(&self, pinned: Option<Release>, current: Release) -> bool {
        let newest = [Some(self.since), self.widened].into_iter().flatten().filter_map(|text| text.parse().ok()).max();
        newest.is_none_or(|newest: Release| match pinned {
            Some(pinned) => newest <= pinned,
            None => newest <= FIRST || newest < current,
        })
    }
}

/// What a rule may ask besides the object itself.
pub struct Context<'c> {
    /// The rule's options.
    pub options: &'c (dyn Any + Send + Sync),
    /// Slow starters and further plain data.
    pub tables: &'c Tables,
    /// What the run's other manifests say.
    pub set: &'c Set,
    /// Number of the object's file in the run; [`NO_FILE`] for an object that comes alone.
    pub file: u32,
    /// Minor version of the cluster's Kubernetes 1, where the policy says.
    pub kubernetes_minor: Option<u32>,
    /// Where questions are noted that can't be answered yet.
    pub asked: &'c Asked,
    /// What the object's pods refer to, in the order of its workloads.
    pub references: &'c [Vec<Reference<'c>>],
}

/// The number of no file.
pub const NO_FILE: u32 = u32::MAX;

impl<'c> Context<'c> {
    /// What is known of the run's pods and accounts. While that is not everything, the question is noted and nothing
    /// is said: the object is looked at again where that may change what is found. So a rule asks only where it
    /// has a finding otherwise.
    #[must_use]
    pub fn late(&self, question: impl FnOnce() -> Question) -> Option<&'c Late> {
        let late = self.set.late();
        if late.is_none() {
            self.asked.note(question());
        }
        late
    }

    /// What the pods of one of the object's workloads refer to by name, in the order of the spec.
    #[must_use]
    pub fn references(&self, workload: &Workload<'_>) -> &'c [Reference<'c>] {
        let own = |list: &&'c Vec<Reference<'c>>| list.first().is_some_and(|one| one.workload.spec == workload.spec);
        self.references.iter().find(own).map(Vec::as_slice).unwrap_or_default()
    }

    /// Where an object stands.
    #[must_use]
    pub fn home<'o>(&self, object: Object<'o>) -> Home<'o> {
        (object.namespace(), self.file)
    }

    /// The rule's own options.
    ///
    /// # Panics
    /// Where a rule asks for another type than the one it declares.
    #[must_use]
    pub fn options<T: Any>(&self) -> &T {
        self.options.downcast_ref().expect("a rule asks for the options that it declares")
    }
}

/// Every rule, by name.
pub static RULES: &[&Rule] = &[
    &aggressive_liveness_probe::RULE,
    &api_version_removed::RULE,
    &args_replace_program::RULE,
    &binding_subject_missing::RULE,
    &cache_exceeds_limit::RULE,
    &chown_without_root::RULE,
    &claim_missing::RULE,
    &command_is_directory::RULE,
    &command_not_a_program::RULE,
    &command_single_string::RULE,
    &config_key_missing::RULE,
    &config_mount_not_writable::RULE,
    &configmap_missing::RULE,
    &container_port_conflict::RULE,
    &cpu_limit_slows_start::RULE,
    &dependency_service_missing::RULE,
    &dropped_capabilities_root_entrypoint::RULE,
    &duplicate_key::RULE,
    &env_duplicate::RULE,
    &env_expansion_undefined::RULE,
    &env_name_skipped::RULE,
    &env_refused_by_image::RULE,
    &exec_probe_default_timeout::RULE,
    &exec_probe_not_runnable::RULE,
    &gomemlimit_invalid::RULE,
    &hidden_line_break::RULE,
    &host_port_replicas::RULE,
    &idle_base_image::RULE,
    &image_architecture_mismatch::RULE,
    &image_pull_never::RULE,
    &init_never_exits::RULE,
    &init_wait_target_missing::RULE,
    &init_waits_forever::RULE,
    &invalid_image_reference::RULE,
    &jvm_heap_exceeds_limit::RULE,
    &jvm_options_invalid::RULE,
    &latest_image_tag::RULE,
    &limitrange_violation::RULE,
    &liveness_depends_on_others::RULE,
    &liveness_same_as_readiness::RULE,
    &memory_backed_emptydir::RULE,
    &memory_limit_below_request::RULE,
    &memory_limit_below_runtime::RULE,
    &memory_limit_equals_request::RULE,
    &memory_limit_far_above_request::RULE,
    &memory_limit_tiny::RULE,
    &memory_unit_invalid::RULE,
    &missing_memory_limit::RULE,
    &missing_startup_probe::RULE,
    &mount_directory_over_file::RULE,
    &mount_shadows_app::RULE,
    &mount_without_volume::RULE,
    &mounted_file_missing::RULE,
    &mounted_script_not_executable::RULE,
    &node_heap_exceeds_limit::RULE,
    &nonroot_as_root::RULE,
    &nonroot_root_image::RULE,
    &option_refused_by_image::RULE,
    &pdb_blocks_drain::RULE,
    &pod_memory_overcommitted::RULE,
    &postgres_data_mount::RULE,
    &poststart_always_fails::RULE,
    &prestop_exceeds_grace::RULE,
    &privileged_port_nonroot::RULE,
    &probe_host_loopback::RULE,
    &probe_port_name_unknown::RULE,
    &probe_port_not_served::RULE,
    &probe_port_undeclared::RULE,
    &probe_scheme_mismatch::RULE,
    &probe_timeout_exceeds_period::RULE,
    &program_missing_in_image::RULE,
    &pull_secret_missing::RULE,
    &quota_needs_resources::RULE,
    &readonly_root_without_tmp::RULE,
    &reference_in_other_namespace::RULE,
    &rejected_by_api_server::RULE,
    &required_env_missing::RULE,
    &script_bad_interpreter::RULE,
    &secret_missing::RULE,
    &secret_trailing_newline::RULE,
    &service_account_missing::RULE,
    &service_link_collision::RULE,
    &shared_rwo_volume::RULE,
    &shell_missing_in_image::RULE,
    &shell_script_split::RULE,
    &shell_script_syntax::RULE,
    &shell_swallows_sigterm::RULE,
    &shell_syntax_without_shell::RULE,
    &stale_latest_image::RULE,
    &startup_budget_too_short::RULE,
    &subpath_key_missing::RULE,
    &unknown_field::RULE,
    &unused_baseline_entry::RULE,
    &unused_exemption::RULE,
    &unused_suppression::RULE,
    &volume_owned_by_root::RULE,
    &workload_exits::RULE,
];

/// The rule of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Rule> {
    Some(RULES[place(name)?])
}

/// The place of a name in [`RULES`].
#[must_use]
pub fn place(name: &str) -> Option<usize> {
    RULES.binary_search_by(|rule| rule.name.cmp(name)).ok()
}

/// The known name that is nearest to a wrong one, where one is near.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static str> {
    let names = || RULES.iter().map(|rule| rule.name);
    // `latest-tag` for `latest-image-tag`.
    let holds = |rule: &&str| name.len() > 3 && name.split('-').all(|part| rule.split('-').any(|word| word == part));
    crate::k8s::decode::nearest(name, names()).or_else(|| names().filter(holds).min_by_key(|rule| rule.len()))
}
