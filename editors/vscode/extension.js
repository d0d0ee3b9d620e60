// Starts `crashlint lsp` for YAML and JSON; all else is the server's.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const command = workspace.getConfiguration("crashlint").get("path");
  const languages = ["yaml", "json"].flatMap((language) => [
    { scheme: "file", language },
    { scheme: "untitled", language },
  ]);
  const server = { command, args: ["lsp"] };
  client = new LanguageClient("crashlint", "crashlint", server, { documentSelector: languages });
  return client.start();
};

exports.deactivate = () => client?.stop();
