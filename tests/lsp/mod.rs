//! The language server from outside: the real binary, the real protocol, over pipes.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A client that waits for what it has asked for.
struct Client {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    next: i64,
    /// What came before it was asked for.
    kept: Vec<Value>,
}

impl Client {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_crashlint"))
            .arg("lsp")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut client = Self { child, stdin, stdout, next: 0, kept: Vec::new() };
        let answer = client.ask("initialize", json!({"processId": null, "rootUri": null, "capabilities": {}}));
        assert_eq!(answer["serverInfo"]["name"], "crashlint");
        client.note("initialized", json!({}));
        client
    }

    fn write(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.stdin.flush().unwrap();
    }

    fn note(&mut self, method: &str, params: Value) {
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.stdout.read_line(&mut line).unwrap() > 0, "the server has gone");
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", bytes)) => length = bytes.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.stdout.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    fn reply(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message = self.read();
            if message["id"] == id {
                return message;
            }
            self.kept.push(message);
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.reply(method, params)["result"].take()
    }

    /// The next diagnostics of a file, at a version or newer.
    fn diagnostics(&mut self, uri: &str, version: Option<i64>) -> Vec<Value> {
        let wanted = |message: &Value| {
            let params = &message["params"];
            message["method"] == "textDocument/publishDiagnostics"
                && params["uri"] == uri
                && version.is_none_or(|version| params["version"].as_i64() >= Some(version))
        };
        loop {
            if let Some(at) = self.kept.iter().position(wanted) {
                return self.kept.remove(at)["params"]["diagnostics"].as_array().unwrap().clone();
            }
            let message = self.read();
            self.kept.push(message);
        }
    }

    fn open(&mut self, uri: &str, text: &str) -> Vec<Value> {
        let document = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        self.note("textDocument/didOpen", json!({"textDocument": document}));
        self.diagnostics(uri, Some(1))
    }

    fn change(&mut self, uri: &str, version: i64, text: &str) -> Vec<Value> {
        self.type_in(uri, version, text);
        self.diagnostics(uri, Some(version))
    }

    fn type_in(&mut self, uri: &str, version: i64, text: &str) {
        let document = json!({"uri": uri, "version": version});
        self.note("textDocument/didChange", json!({"textDocument": document, "contentChanges": [{"text": text}]}));
    }

    fn actions(&mut self, uri: &str, range: &Value, context: Value) -> Vec<Value> {
        let params = json!({"textDocument": {"uri": uri}, "range": range, "context": context});
        self.ask("textDocument/codeAction", params).as_array().unwrap().clone()
    }

    fn end(mut self) {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        self.note("exit", Value::Null);
        assert!(self.child.wait().unwrap().success());
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// UTF-16 places to the text that a client would have after the edits.
fn edited(text: &str, edits: &[Value]) -> String {
    let offset = |at: &Value| {
        let (line, column) = (at["line"].as_u64().unwrap() as usize, at["character"].as_u64().unwrap() as usize);
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut units = 0;
        let within = text[start..].char_indices().find(|(_, c)| {
            let here = units >= column || *c == '\n';
            units += c.len_utf16();
            here
        });
        start + within.map_or(text.len() - start, |(at, _)| at)
    };
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            (offset(&range["start"]), offset(&range["end"]), edit["newText"].as_str().unwrap())
        })
        .collect();
    edits.sort_unstable();
    let mut out = text.to_owned();
    edits.iter().rev().for_each(|(start, end, new)| out.replace_range(*start..*end, new));
    out
}

const CART: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, labels: {owner: \u{1f600}}}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec:
      containers:
        - name: main
          image: registry.example.com/shop/cart:1.4.2
          resources: {requests: {memory: 64Mi}, limits: {memory: 128Mi}}
          startupProbe: {httpGet: {path: /, port: 80}, failureThreshold: 30}
          livenessProbe: {httpGet: {path: /\u{1f600}, port: 80}, failureThreshold: 1} # why
";

#[test]
fn faults_are_shown_explained_and_mended_as_they_are_typed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cart.yaml");
    let uri = uri(&path);
    let mut client = Client::start(folder.path());
    let found = client.open(&uri, CART);
    assert_eq!(found.len(), 1, "{found:?}");
    let diagnostic = &found[0];
    assert_eq!(diagnostic["code"], "aggressive-liveness-probe");
    assert_eq!(diagnostic["severity"], 2);
    // Two code units for the face before it.
    let range = &diagnostic["range"];
    let line = CART.lines().nth(13).unwrap();
    let column = line[..line.find("failureThreshold").unwrap()].encode_utf16().count();
    assert_eq!(range["start"]["line"], 13, "{range}");
    assert!(range["start"]["character"] == column || range["start"]["character"] == column + 18, "{range} {column}");

    let place = json!({"textDocument": {"uri": uri}, "position": range["start"]});
    let hover = client.ask("textDocument/hover", place);
    let page = hover["contents"]["value"].as_str().unwrap();
    assert!(page.contains("# aggressive-liveness-probe") && page.starts_with("**warning**: "), "{page}");
    let nowhere = json!({"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}});
    assert_eq!(client.ask("textDocument/hover", nowhere), Value::Null);

    let actions = client.actions(&uri, range, json!({"diagnostics": found, "only": ["quickfix"]}));
    assert_eq!(actions.len(), 1, "{actions:?}");
    assert_eq!(actions[0]["isPreferred"], true);
    let mended = edited(CART, actions[0]["edit"]["changes"][&uri].as_array().unwrap());
    assert_eq!(mended, CART.replace("failureThreshold: 1}", "failureThreshold: 3}"));
    let all = client.actions(&uri, range, json!({"diagnostics": [], "only": ["source.fixAll"]}));
    assert_eq!(all[0]["kind"], "source.fixAll.crashlint");
    assert_eq!(edited(CART, all[0]["edit"]["changes"][&uri].as_array().unwrap()), mended);

    assert!(client.change(&uri, 2, &mended).is_empty());
    assert!(client.actions(&uri, range, json!({"diagnostics": []})).is_empty());
    client.note("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    assert!(client.diagnostics(&uri, None).is_empty());
    client.end();
}

#[test]
fn other_files_of_the_folder_are_known_saved_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cart-config}\ndata: {a: b}\n";
    std::fs::write(folder.path().join("config.yaml"), config).unwrap();
    let text = CART
        .replace("failureThreshold: 1}", "failureThreshold: 3}")
        .replace("          resources", "          envFrom: [{configMapRef: {name: cart-confg}}]\n          resources");
    let uri_of = |name: &str| uri(&folder.path().join(name));
    let mut client = Client::start(folder.path());
    let found = client.open(&uri_of("cart.yaml"), &text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["code"], "configmap-missing");
    assert_eq!(found[0]["relatedInformation"][0]["location"]["uri"], uri_of("config.yaml"));
    assert_eq!(found[0]["relatedInformation"][0]["location"]["range"]["start"]["line"], 2);
    // The other file is typed in, and not saved.
    client.open(&uri_of("config.yaml"), config);
    client.diagnostics(&uri_of("cart.yaml"), Some(1));
    client.type_in(&uri_of("config.yaml"), 2, &config.replace("cart-config", "cart-confg"));
    assert!(client.diagnostics(&uri_of("cart.yaml"), Some(1)).is_empty());
    client.end();
}

#[test]
fn half_typed_text_is_told_of_and_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let uri = uri(&folder.path().join("a.yaml"));
    let mut client = Client::start(folder.path());
    client.open(&uri, "");
    // Beginnings of a manifest, and some without their middle.
    let mut version = 1;
    for at in (0..CART.len()).step_by(7) {
        let boundary = |from: usize| (from..=CART.len()).find(|&at| CART.is_char_boundary(at)).unwrap();
        let (head, tail) = (&CART[..boundary(at)], &CART[boundary((at + CART.len()) / 2)..]);
        for text in [head.to_owned(), format!("{head}{tail}")] {
            version += 1;
            client.change(&uri, version, &text);
        }
    }
    let broken = client.change(&uri, version + 1, "a: [1\nb: }\n");
    assert_eq!(broken[0]["severity"], 1, "{broken:?}");
    assert_eq!(broken[0]["range"]["start"]["line"], 1);
    assert_eq!(client.change(&uri, version + 2, CART).len(), 1);
    client.end();
}

#[test]
fn a_broken_policy_is_told_of_where_it_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join(".crashlint.yaml");
    std::fs::write(&policy, "rules:\n  latest-image-tga: {severity: error}\n").unwrap();
    let (manifest, policy) = (uri(&folder.path().join("a.yaml")), uri(&policy));
    let mut client = Client::start(folder.path());
    assert!(client.open(&manifest, CART).is_empty());
    let wrong = client.diagnostics(&policy, None);
    assert!(wrong[0]["message"].as_str().unwrap().contains("latest-image-tag"), "{wrong:?}");
    assert_eq!(wrong[0]["range"]["start"]["line"], 1);
    // Mended in the editor, it holds at once.
    assert!(client.open(&policy, "rules:\n  aggressive-liveness-probe: {severity: error}\n").is_empty());
    assert_eq!(client.diagnostics(&manifest, Some(1))[0]["severity"], 1);
    client.end();
}

#[test]
fn what_is_no_sense_is_refused_and_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::start(folder.path());
    assert_eq!(client.reply("textDocument/definition", json!({}))["error"]["code"], -32601);
    assert_eq!(client.reply("textDocument/hover", json!({"x": 1}))["error"]["code"], -32602);
    client.note("textDocument/didOpen", json!({"x": 1}));
    client.note("$/setTrace", json!({"value": "off"}));
    let place = json!({"textDocument": {"uri": "file:///nowhere"}, "position": {"line": 9, "character": 9}});
    assert_eq!(client.ask("textDocument/hover", place), Value::Null);
    let found = client.open("untitled:Untitled-1", CART);
    assert_eq!(found.len(), 1, "a text without a file is linted by itself");
    client.end();
}
