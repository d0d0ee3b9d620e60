//! The loop: messages in, diagnostics and answers out.

use super::lint::{self, Open, Said};
use super::{answers, uri};
use crate::engine::outcome::InputError;
use crate::policy::Policy;
use anyhow::Context as _;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::{self, Notification as _};
use lsp_types::request::{self, Request as _};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, HoverProviderCapability, PublishDiagnosticsParams,
    ServerCapabilities, ServerInfo, TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
    TextDocumentSyncSaveOptions, Uri,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Serves a client until it shuts the server down or goes away.
///
/// # Errors
/// Where the client doesn't keep to the protocol's beginning and end.
pub fn serve(connection: Connection) -> anyhow::Result<()> {
    let (id, _) = connection.initialize_start().context("initialize")?;
    let info = ServerInfo { name: "crashlint".into(), version: Some(env!("CARGO_PKG_VERSION").into()) };
    let result = serde_json::json!({"capabilities": capabilities(), "serverInfo": info});
    connection.initialize_finish(id, result).context("initialized")?;
    let mut server =
        Server { connection: &connection, open: HashMap::new(), stale: HashSet::new(), shown: HashSet::new() };
    server.run()
}

fn capabilities() -> ServerCapabilities {
    let actions = CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, answers::FIX_ALL]),
        ..CodeActionOptions::default()
    };
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::FULL),
            save: Some(TextDocumentSyncSaveOptions::Supported(true)),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(actions)),
        ..ServerCapabilities::default()
    }
}

struct Server<'c> {
    connection: &'c Connection,
    /// By the client's own words for their URIs.
    open: HashMap<String, Open>,
    /// Folders of which something has changed; none for files without a folder.
    stale: HashSet<Option<PathBuf>>,
    /// Files that are not open and show diagnostics all the same: broken policies.
    shown: HashSet<String>,
}

impl Server<'_> {
    fn run(&mut self) -> anyhow::Result<()> {
        loop {
            // What waits comes first: a text that is being typed in is not worth linting.
            let message = match self.connection.receiver.try_recv() {
                Ok(message) => message,
                Err(_) => {
                    self.lint()?;
                    match self.connection.receiver.recv() {
                        Ok(message) => message,
                        // The client has gone.
                        Err(_) => return Ok(()),
                    }
                }
            };
            match message {
                Message::Request(request) => {
                    match self.connection.handle_shutdown(&request) {
                        Ok(false) => {}
                        Ok(true) => return Ok(()),
                        // It went without another word.
                        Err(error) if error.channel_is_disconnected() => return Ok(()),
                        Err(error) => return Err(error).context("shutdown"),
                    }
                    self.lint()?;
                    let response = self.answer(request);
                    self.send(Message::Response(response))?;
                }
                Message::Notification(notification) if notification.method == notification::Exit::METHOD => {
                    return Ok(());
                }
                Message::Notification(notification) => self.notice(notification)?,
                Message::Response(_) => {}
            }
        }
    }

    fn send(&self, message: Message) -> anyhow::Result<()> {
        self.connection.sender.send(message).ok().context("the client has gone")
    }

    fn notice(&mut self, note: Notification) -> anyhow::Result<()> {
        match note.method.as_str() {
            notification::DidOpenTextDocument::METHOD => {
                if let Some(params) = read::<lsp_types::DidOpenTextDocumentParams>(note.params) {
                    let document = params.text_document;
                    self.put(Open::new(document.uri, document.version, document.text));
                }
            }
            notification::DidChangeTextDocument::METHOD => {
                if let Some(params) = read::<lsp_types::DidChangeTextDocumentParams>(note.params)
                    // Each change is the whole text, as the server asks for.
                    && let Some(change) = params.content_changes.into_iter().rev().find(|change| change.range.is_none())
                {
                    self.put(Open::new(params.text_document.uri, params.text_document.version, change.text));
                }
            }
            notification::DidCloseTextDocument::METHOD => {
                if let Some(params) = read::<lsp_types::DidCloseTextDocumentParams>(note.params)
                    && let Some(closed) = self.open.remove(params.text_document.uri.as_str())
                {
                    self.touch(&closed);
                    self.publish(&closed.uri, None, Vec::new())?;
                }
            }
            notification::DidSaveTextDocument::METHOD | notification::DidChangeWatchedFiles::METHOD => {
                self.stale.extend(self.open.values().map(folder));
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes over a text.
    fn put(&mut self, mut open: Open) {
        self.touch(&open);
        if let Some(before) = self.open.remove(open.uri.as_str()) {
            open.said = before.said;
        }
        self.open.insert(open.uri.as_str().to_owned(), open);
    }

    /// Notes that a file has changed; a policy counts for every folder.
    fn touch(&mut self, open: &Open) {
        if open.is_policy() {
            self.stale.extend(self.open.values().map(folder));
        }
        self.stale.insert(folder(open));
    }

    /// Lints the folders of which something has changed, and shows what is found.
    fn lint(&mut self) -> anyhow::Result<()> {
        let mut broken: BTreeSet<InputError> = BTreeSet::new();
        let stale = std::mem::take(&mut self.stale);
        if stale.is_empty() {
            return Ok(());
        }
        for place in stale {
            let mut there: Vec<&Open> = self.open.values().filter(|open| folder(open) == place).collect();
            there.sort_by_key(|open| open.uri.as_str());
            let (policies, manifests): (Vec<&Open>, Vec<&Open>) = there.into_iter().partition(|open| open.is_policy());
            let mut said: Vec<(String, Said)> = Vec::new();
            for open in policies {
                let errors = lint::load(&open.source).err().unwrap_or_default();
                said.push((open.uri.as_str().to_owned(), Said { errors, ..Said::default() }));
            }
            // A fault of ours must not end the editor's session.
            let attempt = catch_unwind(AssertUnwindSafe(|| self.say(place.as_deref(), &manifests)));
            match attempt.unwrap_or_else(|_| Ok(Vec::new())) {
                Ok(found) => said.extend(manifests.iter().map(|open| open.uri.as_str().to_owned()).zip(found)),
                Err(wrong) => {
                    broken.extend(wrong);
                    said.extend(manifests.iter().map(|open| (open.uri.as_str().to_owned(), Said::default())));
                }
            }
            for (uri, said) in said {
                let Some(open) = self.open.get_mut(&uri) else { continue };
                open.said = said;
                let (uri, version, diagnostics) = (open.uri.clone(), open.version, open.diagnostics());
                self.publish(&uri, Some(version), diagnostics)?;
            }
        }
        self.show_broken(&broken)
    }

    fn say(&self, place: Option<&Path>, manifests: &[&Open]) -> Result<Vec<Said>, Vec<InputError>> {
        if manifests.is_empty() {
            return Ok(Vec::new());
        }
        let policy = lint::policy(manifests[0].path.as_deref(), &self.open)?;
        Ok(lint::say(place, manifests, &policy))
    }

    /// Shows what is wrong in policies that are not open, and takes back what is no more.
    fn show_broken(&mut self, broken: &BTreeSet<InputError>) -> anyhow::Result<()> {
        let mut now: HashMap<String, (Uri, Vec<InputError>)> = HashMap::new();
        for error in broken {
            if let Some(uri) = uri::of(Path::new(&*error.file))
                && !self.open.values().any(|open| open.source.name() == &error.file)
            {
                now.entry(uri.as_str().to_owned()).or_insert_with(|| (uri, Vec::new())).1.push(error.clone());
            }
        }
        for gone in self.shown.iter().filter(|uri| !now.contains_key(*uri) && !self.open.contains_key(*uri)) {
            if let Ok(uri) = gone.parse() {
                self.publish(&uri, None, Vec::new())?;
            }
        }
        self.shown = now.keys().cloned().collect();
        for (uri, errors) in now.into_values() {
            let text = uri::path(&uri).and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
            let mut closed = Open::new(uri, 0, text);
            closed.said.errors = errors;
            self.publish(&closed.uri, None, closed.diagnostics())?;
        }
        Ok(())
    }

    fn publish(&self, uri: &Uri, version: Option<i32>, diagnostics: Vec<lsp_types::Diagnostic>) -> anyhow::Result<()> {
        let params = PublishDiagnosticsParams { uri: uri.clone(), diagnostics, version };
        let note = Notification::new(notification::PublishDiagnostics::METHOD.to_owned(), params);
        self.send(Message::Notification(note))
    }

    fn answer(&self, request: Request) -> Response {
        let Request { id, method, params } = request;
        match method.as_str() {
            request::HoverRequest::METHOD => {
                let Some(params) = read::<lsp_types::HoverParams>(params) else { return unreadable(id) };
                let at = params.text_document_position_params;
                let hover =
                    self.open.get(at.text_document.uri.as_str()).and_then(|open| answers::hover(open, at.position));
                ok(id, hover)
            }
            request::CodeActionRequest::METHOD => {
                let Some(params) = read::<lsp_types::CodeActionParams>(params) else { return unreadable(id) };
                let attempt = catch_unwind(AssertUnwindSafe(|| self.actions(&params)));
                ok(id, attempt.unwrap_or_default())
            }
            _ => Response::new_err(id, ErrorCode::MethodNotFound as i32, format!("`{method}` is not supported")),
        }
    }

    fn actions(&self, params: &lsp_types::CodeActionParams) -> Vec<lsp_types::CodeActionOrCommand> {
        let Some(open) = self.open.get(params.text_document.uri.as_str()) else { return Vec::new() };
        let beside: Vec<&Open> =
            self.open.values().filter(|other| folder(other) == folder(open) && !other.is_policy()).collect();
        let policy = lint::policy(open.path.as_deref(), &self.open).unwrap_or_else(|_| Policy::default());
        answers::actions(open, &beside, &policy, &params.range, &params.context)
    }
}

/// The folder of a file; none where it has none.
fn folder(open: &Open) -> Option<PathBuf> {
    open.path.as_deref().and_then(Path::parent).map(Path::to_owned)
}

fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}

fn ok(id: lsp_server::RequestId, result: impl Serialize) -> Response {
    Response::new_ok(id, result)
}

fn unreadable(id: lsp_server::RequestId) -> Response {
    Response::new_err(id, ErrorCode::InvalidParams as i32, "the parameters can't be read".to_owned())
}
