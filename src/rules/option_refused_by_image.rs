//! An option that the version of an image does not know any more.

use super::{Check, Context, Docs, NoOptions, OptionsType, Rule, Scope};
use crate::finding::{Finding, Severity};
use crate::k8s::container::Container;

/// The rule.
pub(super) static RULE: Rule = Rule {
    name: "option-refused-by-image",
    summary: "an option is given that this version of the image does not take",
    severity: Severity::Error,
    scope: Scope::Pod,
    fix: None,
    since: "0.1.0",
    widened: None,
    docs: Docs {
        happens: "The program says that it knows no such option, and ends with an error code: Error, then CrashLoopBackOff. It is mostly an update of the \
                  image that began it.",
        why: "Servers read their options before they do anything else, and end at one that they don't know. Options are removed with new versions: \
              MySQL has no query cache since 8.0 and no `--default-authentication-plugin` since 8.4, MongoDB no `--smallfiles` since 4.2, Prometheus no \
              options with one dash since 2.0, and Traefik 2 has names of its own for nearly everything. nginx never took `-g daemon off;` in three words, or \
              `-g \"daemon off\"` without its semicolon.",
        see: "`kubectl logs POD --previous` shows `unknown variable`, `unrecognised option`, `unknown short flag` or `field not found`.",
        fix: "Remove the option, or use what took its place; the message names it where there is something.",
        ignore: "The rule is silent for digests, of which nobody knows the version, and where a shell starts the program. It is a warning for `latest`, and for a tag such as \
                 `8` that moved on to the version without the option: a node that pulled the image before has an older one.",
        source: "the programs' own release notes and sources, named row by row in `policies/images/`",
    },
    options: OptionsType::of::<NoOptions>(),
    check: Check::Container(check),
};

fn check(container: &Container<'_>, context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some(stock) = container.stock(context.tables) else { return };
    if stock.is_plain() {
        return;
    }
    let newest = context.tables.newest(*container);
    let certain = stock.known.refuses_options().unwrap_or_default();
    let likely = newest.refuses_options().unwrap_or_default();
    let likely = likely.iter().filter(|refused| !certain.contains(refused)).map(|refused| (refused, Severity::Warning));
    for (refused, severity) in certain.iter().map(|refused| (refused, Severity::Error)).chain(likely) {
        let word = if refused.whole { stock.word(&refused.any_of) } else { stock.option(&refused.any_of) };
        let Some(word) = word else { continue };
        let (Some(node), Some(text)) = (word.node, word.text.as_deref()) else { continue };
        // Its value is nobody's business.
        let name = text.split('=').next().unwrap_or(text);
        let image = container.image_text().unwrap_or_default();
        let path = node.path_from(container.workload.object.root);
        let finding = Finding::new(
            RULE.name,
            severity,
            path,
            format!(
                "the image `{image}` ends at once: it {} `{name}`",
                if refused.whole { "does not take" } else { "knows no" }
            ),
        )
        .label(if refused.whole { "refused" } else { "not known any more" })
        .note(format!("its log says: {}", refused.says));
        let finding = match (refused.whole, severity) {
            (true, _) => finding,
            (false, Severity::Error) => finding.and(container.image_field().path(), "since a version before this one"),
            (false, _) => finding
                .and(container.image_field().path(), "names no version that has it for certain")
                .note("assumed that the tag is at its newest version, as it is wherever the image is pulled now"),
        };
        findings.push(match &refused.instead {
            Some(instead) => finding.help(format!("use {instead}")),
            None => finding.help("remove the option"),
        });
    }
}
