//! Answers about a place: pages of rules, and what mends a finding.

use super::lint::{self, Found, Open};
use super::text;
use crate::finding::Safety;
use crate::fix::files::mend;
use crate::policy::Policy;
use crate::report::{draw_timeline, page};
use crate::rules;
use lsp_types::{
    CodeAction, CodeActionContext, CodeActionKind, CodeActionOrCommand, Hover, HoverContents, MarkupContent,
    MarkupKind, TextEdit, WorkspaceEdit,
};
use std::collections::HashMap;

/// All safe fixes of a file at once.
pub(super) const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.crashlint");

/// What is to be read about the findings at a place.
pub(super) fn hover(open: &Open, at: lsp_types::Position) -> Option<Hover> {
    let here = lsp_types::Range::new(at, at);
    let found: Vec<&Found> =
        open.said.findings.iter().filter(|found| text::meet(&found.diagnostic.range, &here)).collect();
    let first = found.first()?;
    let mut shown: Vec<&str> = Vec::new();
    let mut value = String::new();
    for found in &found {
        let finding = &found.reported.finding;
        if !value.is_empty() {
            value.push_str("\n---\n\n");
        }
        value.push_str(&format!("**{}**: {}\n", found.reported.severity.name(), finding.message));
        finding.notes.iter().for_each(|note| value.push_str(&format!("\nnote: {note}\n")));
        if let Some(help) = &finding.help {
            value.push_str(&format!("\nhelp: {help}\n"));
        }
        if let Some(timeline) = &finding.timeline {
            let drawn = anstream::adapter::strip_str(&draw_timeline(timeline)).to_string();
            value.push_str(&format!("\n```text\n{drawn}\n```\n"));
        }
        if !shown.contains(&finding.rule) {
            shown.push(finding.rule);
        }
    }
    for rule in shown.into_iter().filter_map(rules::find) {
        value.push_str("\n---\n\n");
        value.push_str(&page::markdown(rule, None));
    }
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
    Some(Hover { contents, range: Some(first.diagnostic.range) })
}

/// What mends the findings that meet a range, and all that may be mended unasked.
pub(super) fn actions(
    open: &Open,
    beside: &[&Open],
    policy: &Policy,
    range: &lsp_types::Range,
    context: &CodeActionContext,
) -> Vec<CodeActionOrCommand> {
    let wanted = |kind: &CodeActionKind| {
        let within = |asked: &CodeActionKind| {
            kind.as_str() == asked.as_str() || kind.as_str().starts_with(&format!("{}.", asked.as_str()))
        };
        context.only.as_ref().is_none_or(|only| only.iter().any(within))
    };
    let mut actions = Vec::new();
    if wanted(&CodeActionKind::QUICKFIX) {
        let here = open.said.findings.iter().filter(|found| text::meet(&found.diagnostic.range, range));
        for found in here {
            let (Some(fix), Some(edits)) = (&found.reported.finding.fix, &found.edits) else { continue };
            let review = if fix.safety == Safety::Review { " (needs review)" } else { "" };
            actions.push(CodeAction {
                title: format!("{}{review}", fix.title),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![found.diagnostic.clone()]),
                edit: Some(change(open, edits.clone())),
                is_preferred: Some(fix.safety == Safety::Safe),
                ..CodeAction::default()
            });
        }
    }
    let is_safe = |found: &Found| {
        found.edits.is_some() && found.reported.finding.fix.as_ref().is_some_and(|fix| fix.safety == Safety::Safe)
    };
    // Without being asked for it by name, only where there is something.
    if wanted(&FIX_ALL) && open.said.findings.iter().any(is_safe) {
        let folder = open.path.as_deref().and_then(std::path::Path::parent);
        let inputs = lint::inputs(folder, beside);
        let own = |changed: &&crate::fix::files::Changed| inputs[changed.input].name == *open.source.name();
        let mended = mend(&inputs, policy, false, 0);
        if let Some(changed) = mended.changed.iter().find(own) {
            actions.push(CodeAction {
                title: "apply all safe fixes of crashlint".to_owned(),
                kind: Some(FIX_ALL),
                edit: Some(change(open, text::edits(&changed.before, &changed.after))),
                ..CodeAction::default()
            });
        }
    }
    actions.into_iter().map(CodeActionOrCommand::CodeAction).collect()
}

#[allow(clippy::mutable_key_type, reason = "the protocol's own type; nobody mutates the URI")]
fn change(open: &Open, edits: Vec<TextEdit>) -> WorkspaceEdit {
    WorkspaceEdit::new(HashMap::from([(open.uri.clone(), edits)]))
}
