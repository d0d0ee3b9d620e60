#!/usr/bin/env python3
"""Writes golden.json: what kubectl 1.36.3 understands of each text of cases.json.

Builds kubectl from its Go modules (go.mod here) into a cache folder, and runs it on each case.
A "value" of cases.json stands after `spec: ` of an object of an unknown kind, so that kubectl has
no schema to judge it by; a "file" is a file's whole text.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
VERSION = "v1.36.3"
HEAD = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: "


def kubectl() -> pathlib.Path:
    """The kubectl of go.mod, built where it isn't yet."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "crashlint"
    key = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in ("go.sum", "main.go"))).hexdigest()[:12]
    binary = cache / f"kubectl-{key}"
    if not binary.exists():
        cache.mkdir(parents=True, exist_ok=True)
        flags = f"-s -w -X k8s.io/component-base/version.gitVersion={VERSION}"
        subprocess.run(["go", "build", "-trimpath", "-ldflags", flags, "-o", binary, "."], cwd=HERE, check=True)
    shown = subprocess.run([binary, "version", "--client"], check=True, capture_output=True, text=True).stdout
    assert shown.startswith(f"Client Version: {VERSION}\n"), shown
    return binary


def understood(binary: pathlib.Path, text: str) -> dict:
    """What kubectl prints for a file: its documents, and the first line of its error."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "case.yaml"
        file.write_bytes(text.encode())
        command = [binary, "annotate", "--local", "-f", file, "zz=1", "-o", "json", "--kubeconfig=/dev/null"]
        run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    documents, rest = [], run.stdout.lstrip()
    while rest:
        document, end = json.JSONDecoder(parse_float=float).raw_decode(rest)
        del document["metadata"]["annotations"]["zz"]
        if not document["metadata"]["annotations"]:
            del document["metadata"]["annotations"]
        documents.append(document)
        rest = rest[end:].lstrip()
    case = {"text": text, "documents": documents}
    if run.returncode:
        case["error"] = re.sub(r"/\S*/case\.yaml", "FILE", run.stderr.strip().splitlines()[0])
    return case


def main() -> None:
    binary = kubectl()
    cases = json.loads((HERE / "cases.json").read_text())
    texts = [HEAD + value + "\n" for value in cases["values"]] + cases["files"]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        golden = list(pool.map(lambda text: understood(binary, text), texts))
    lines = ",\n".join(json.dumps(case, ensure_ascii=True, sort_keys=True) for case in golden)
    (HERE / "golden.json").write_text(f"[\n{lines}\n]\n")
    print(f"{len(golden)} cases, {sum('error' in case for case in golden)} of them refused")


if __name__ == "__main__":
    main()
