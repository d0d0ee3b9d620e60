//! Containers that run their image's own program by its own entrypoint: only then do the facts about the image hold.

use super::command::{Word, argv, base_name};
use super::container::Container;
use super::image::glob;
use super::images::{How, Known, Listen, Refuses, Requires, Write};
use super::security::User;
use super::tables::Tables;
use crate::node::Node;

/// A container that runs its image's own program.
#[derive(Clone, Debug)]
pub struct Stock<'t> {
    /// The container.
    pub container: Container<'t>,
    /// What is known of its image.
    pub known: Known<'t>,
    /// Whether the image's own entrypoint comes before the program, where it has one.
    pub enters: bool,
    /// The words after the program that the manifest adds.
    options: Vec<Word<'t>>,
}

/// The ports that a container is known to listen on.
#[derive(Clone, Debug, Default)]
pub struct Listening<'t> {
    /// Each for certain.
    pub ports: Vec<&'t Listen>,
    /// Whether there are no others.
    pub all: bool,
}

/// Places from which entrypoints come, when they have no path.
const PROGRAMS: &[&str] = &["", "/usr", "/usr/local", "/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"];

/// Programs that run others, so that their names say nothing.
const COMMON: &[&str] = &["tini", "dumb-init", "java", "node", "npm", "yarn", "python", "python3", "env", "exec"];

impl<'t> Container<'t> {
    /// The container as one that runs its image's own program; `None` where it runs another, or nobody knows.
    #[must_use]
    pub fn stock(self, tables: &'t Tables) -> Option<Stock<'t>> {
        let known = tables.known(self);
        if known.is_empty() || self.workload.is_windows() {
            return None;
        }
        let (command, args) = self.command_words();
        let entrypoint = known.entrypoint().unwrap_or_default();
        if entrypoint.first().is_some_and(|entrypoint| self.replaces(entrypoint)) {
            return None;
        }
        let own_command = command.is_some();
        let (mut words, by_entrypoint) = match (command, args) {
            (None, None) => return Some(Stock { container: self, known, enters: true, options: Vec::new() }),
            (None, Some(_)) => (self.written_words(tables), !entrypoint.is_empty()),
            (Some(_), _) => {
                let mut words = self.written_words(tables);
                // A `command` takes the image's own arguments away as well.
                let same = entrypoint.len() == 1
                    && words.len() > 1
                    && words[0].text.as_deref().is_some_and(|word| base_name(word) == base_name(&entrypoint[0]));
                if same {
                    words.remove(0);
                }
                (words, same)
            }
        };
        let first = words.first()?.text.as_deref()?;
        if !by_entrypoint || known.runs(first) {
            let program = known.command()?.first()?;
            if base_name(first) != base_name(program) {
                return None;
            }
            words.remove(0);
        }
        let enters = by_entrypoint || !own_command || known.entrypoint().is_some_and(<[_]>::is_empty);
        Some(Stock { container: self, known, enters, options: words })
    }

    /// Whether it runs its image's own program: as [`Self::stock`], or by a command that names it, which may come to it by
    /// way of a shell. `None` where nobody knows.
    #[must_use]
    pub fn own_program(self, tables: &'t Tables) -> Option<Stock<'t>> {
        if let Some(stock) = self.stock(tables) {
            return Some(stock);
        }
        let known = tables.known(self);
        let own: Vec<&str> = [known.entrypoint(), known.command()]
            .into_iter()
            .flatten()
            .flatten()
            .map(|word| base_name(word))
            .chain(self.image().map(|image| image.short_name()))
            .filter(|word| !word.starts_with('-') && !COMMON.contains(word) && !super::shell::is_shell(word))
            .collect();
        self.command_words().0.as_ref()?;
        let words = self.written_words(tables);
        let texts: Option<Vec<&str>> = words.iter().map(|word| word.text.as_deref()).collect();
        let named = super::shell::commands(&texts?).iter().any(|command| own.contains(&base_name(&command[0])));
        named.then_some(Stock { container: self, known, enters: false, options: words })
    }

    /// The words of `command` and `args`, expanded as the kubelet does.
    fn written_words(self, tables: &'t Tables) -> Vec<Word<'t>> {
        let words = argv(self, tables).unwrap_or_default();
        let written: Vec<Word<'t>> = words.into_iter().filter(|word| word.node.is_some()).collect();
        if !written.is_empty() {
            return written;
        }
        // Nobody knows what they follow.
        let (_, args) = self.command_words();
        let as_written = |node: Node<'t>| node.as_str().filter(|text| !text.contains("$(")).map(Into::into);
        args.into_iter().flatten().map(|node| Word { text: as_written(node), node: Some(node) }).collect()
    }

    /// Whether something may be mounted in an entrypoint's place.
    fn replaces(self, entrypoint: &str) -> bool {
        let mut places = self.mounts().filter_map(super::volume::Mount::place);
        places.any(|place| {
            PROGRAMS.contains(&place)
                // A bare name may lie anywhere in the `PATH`.
                || base_name(place) == entrypoint
                || super::backings::is_within(entrypoint, place)
        })
    }

    /// Whether a variable of a name that a pattern matches may be set.
    fn may_set(self, pattern: &str) -> bool {
        self.has_env_from() || self.env().any(|(name, _)| glob(pattern, name))
    }
}

impl<'t> Stock<'t> {
    /// The ports that it listens on, as far as neither variables, options nor mounted files may have changed them.
    #[must_use]
    pub fn listening(&self) -> Listening<'t> {
        let Some(ports) = self.known.ports().filter(|_| !self.may_move_ports()) else { return Listening::default() };
        let stays = |port: &&Listen| {
            !port.env.iter().any(|pattern| self.container.may_set(pattern))
                && !self.has_option(&port.args)
                && !port.files.iter().any(|file| self.container.has_mount_around(file))
        };
        let certain: Vec<&Listen> = ports.iter().filter(stays).collect();
        Listening { all: certain.len() == ports.len(), ports: certain }
    }

    /// Whether its options may tell it where to listen: they speak of ports, addresses or a configuration file, hold
    /// something that is no option, or can't be read.
    fn may_move_ports(&self) -> bool {
        const WORDS: &[&str] = &["port", "listen", "addr", "bind", "host", "conf", "url", "http"];
        let mut after_option = false;
        self.options.iter().any(|word| {
            let Some(text) = word.text.as_deref() else { return true };
            let lower = text.to_ascii_lowercase();
            let operand = !text.starts_with('-') && !after_option;
            after_option = text.starts_with('-') && !text.contains('=');
            operand || WORDS.iter().any(|word| lower.contains(word))
        })
    }

    /// The paths that it has to write at start, or can't start; those left out of which that is not certain.
    #[must_use]
    pub fn writes(&self, tables: &Tables) -> Vec<&'t Write> {
        let root = self.container.starts_as(tables) == User::Root;
        let all = self.known.writes().unwrap_or_default().iter();
        all.filter(|write| {
            !write.harmless
                // Owners and files are changed by entrypoints; servers write into folders.
                && (self.enters || write.how == How::Write)
                && (root || !write.as_root)
                && !write.unless_env.iter().any(|name| self.container.may_set(name))
                && !write.unless_files.iter().any(|file| self.container.has_mount_around(file))
        })
        .collect()
    }

    /// Whether an option says what a variable would: one that moves the same port, or that names the variable.
    #[must_use]
    pub fn overrules(&self, variable: &str) -> bool {
        let ports = self.known.ports().unwrap_or_default().iter();
        let mut same = ports.filter(|port| port.env.iter().any(|pattern| glob(pattern, variable)));
        same.any(|port| self.has_option(&port.args))
            || self.options.iter().any(|word| word.text.as_deref().is_none_or(|text| text.contains(variable)))
    }

    /// Whether a part of its options, such as a script, takes variables away.
    #[must_use]
    pub fn unsets(&self) -> bool {
        self.options.iter().filter_map(|word| word.text.as_deref()).any(|text| text.contains("unset"))
    }

    /// The first option that begins like one of these.
    #[must_use]
    pub fn option(&self, starts: &[String]) -> Option<&Word<'t>> {
        let begins = |text: &str| starts.iter().any(|start| text.starts_with(start.as_str()));
        self.options.iter().find(|word| word.text.as_deref().is_some_and(begins))
    }

    /// Whether the manifest gives its program no words.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.options.is_empty()
    }

    /// The first word that is one of these.
    #[must_use]
    pub fn word(&self, words: &[String]) -> Option<&Word<'t>> {
        self.options.iter().find(|word| word.text.as_deref().is_some_and(|text| words.iter().any(|one| one == text)))
    }

    /// Whether one of its options begins so.
    #[must_use]
    pub fn has_option(&self, starts: &[String]) -> bool {
        self.option(starts).is_some()
    }

    /// Whether its options may say where its data is.
    #[must_use]
    pub fn may_move_data(&self) -> bool {
        self.options.iter().any(|word| {
            word.text
                .as_deref()
                .is_none_or(|text| text == "-D" || ["data", "conf"].iter().any(|part| text.contains(part)))
        })
    }

    /// Variables without which its entrypoint ends at once, given its options and what is mounted over its configuration.
    pub fn requires(&self) -> impl Iterator<Item = &'t Requires> {
        let all = self.known.requires().filter(|_| self.enters).unwrap_or_default();
        all.iter().filter(|requires| {
            (requires.with_args.is_empty() || self.word(&requires.with_args).is_some())
                && !self.has_option(&requires.unless_args)
                && !requires.unless_mounted.iter().any(|place| self.container.has_mount_around(place))
        })
    }

    /// Variables with which its entrypoint ends at once.
    #[must_use]
    pub fn refuses(&self) -> &'t [Refuses] {
        self.known.refuses().filter(|_| self.enters).unwrap_or_default()
    }

    /// The capabilities that its entrypoint needs as root, and that the container may not have.
    #[must_use]
    pub fn lost_capabilities(&self, tables: &Tables) -> Vec<&'t str> {
        let needed =
            self.known.capabilities().filter(|_| self.enters && self.container.starts_as(tables) == User::Root);
        let needed = needed.unwrap_or_default().iter().map(String::as_str);
        needed.filter(|name| !self.container.may_have_capability(name)).collect()
    }
}
