#!/usr/bin/env python3
"""Looks at what `crashlint fix --unsafe` writes with a YAML reader that shares no code with crashlint's: ruamel.yaml.

usage: other-reader.py CRASHLINT FOLDER…        (pip install ruamel.yaml; the folders are copied, never written to)

The manifests of a folder are mended together, as a run over that folder would. For every file of the folder then holds:
- its data is the data of the file before, with the edits of the JSON report applied by this script's own JSON Patch. Rounds are
  followed without crashlint's writer: the patched data is handed back to crashlint as JSON, until no finding has a fix;
- every comment that ruamel.yaml sees before is there afterwards, in the same order, with the same text;
- mending once more changes nothing.
Files that ruamel.yaml can't read are counted and named, not judged.
"""
import io, json, re, pathlib, shutil, subprocess, sys, tempfile
from ruamel.yaml import YAML
from ruamel.yaml.tokens import CommentToken

ROUNDS = 8


def reader():
    yaml = YAML(typ="rt", pure=True)
    yaml.version = (1, 1)  # as Kubernetes reads it: `yes` and `on` are booleans, 0644 is octal
    yaml.allow_duplicate_keys = True
    return yaml


def plain(value):
    """The data without ruamel's own types."""
    if isinstance(value, dict):
        return {str(plain(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return str(value)


def data(text):
    # One by one: ruamel.yaml 0.19 is back at YAML 1.2 after a stream's first document. In column 1 `---` can be nothing else.
    parts = re.split(r"^---(?=\s|$)", text, flags=re.MULTILINE)
    return [plain(document) for part in parts for document in reader().load_all(part)]


def comments(text):
    """Texts of all comments in the order of the text, by the scanner's own tokens."""
    found = {}

    def keep(token):
        if isinstance(token, CommentToken):
            found[token.start_mark.index] = token.value
        elif isinstance(token, (list, tuple)):
            for inner in token:
                keep(inner)

    for token in reader().scan(io.StringIO(text)):
        keep(getattr(token, "_comment", None))
    lines = [line.strip() for at in sorted(found) for line in found[at].splitlines()]
    return [line for line in lines if line.startswith("#")]


def patch(target, edit):
    steps = [step.replace("~1", "/").replace("~0", "~") for step in edit["path"].split("/")[1:]]
    for step in steps[:-1]:
        target = target[int(step)] if isinstance(target, list) else target[step]
    last = steps[-1]
    if isinstance(target, list):
        last = len(target) if last == "-" else int(last)
        if edit["op"] == "add":
            target.insert(last, edit["value"])
            return
    if edit["op"] == "remove":
        del target[last]
    else:
        target[last] = edit["value"]


def objects(value, out):
    """Items of lists one by one, in order, as crashlint counts objects."""
    if isinstance(value, dict) and str(value.get("kind", "")).endswith("List") and isinstance(value.get("items"), list):
        for item in value["items"]:
            objects(item, out)
    elif isinstance(value, dict):
        out.append(value)
    return out


def meets(a, b):
    return a == b or a.startswith(b + "/") or b.startswith(a + "/")


def report(binary, folder):
    run = subprocess.run([binary, "--format", "json", "--quiet", "--render", "never", "."], cwd=folder, capture_output=True, text=True, timeout=120)
    return json.loads(run.stdout)


def expected(binary, before, scratch):
    """The data of each file after all fixes, without crashlint's writer."""
    now = before
    for _ in range(ROUNDS):
        for name, documents in now.items():
            file = scratch / name
            # What is no mapping holds no object, and would make the stream one of YAML.
            file.write_text("".join(json.dumps(document, indent=1) + "\n" for document in documents if isinstance(document, dict)))
        fixes = {}
        for finding in report(binary, scratch)["findings"]:
            if finding["fix"]:
                fixes.setdefault(finding["file"], []).append(finding)
        if not fixes:
            return now
        for name, findings in fixes.items():
            lines = (scratch / name).read_text().splitlines()
            taken = {}
            for finding in findings:
                # Which document: JSON written here begins each one with a line that is `{` alone.
                at = sum(line == "{" for line in lines[: finding["line"]]) - 1
                documents = [document for document in now[name] if isinstance(document, dict)]
                found = [o for o in objects(documents[at], []) if (o.get("kind"), (o.get("metadata") or {}).get("name")) ==
                         (finding["object"]["kind"], finding["object"]["name"] or None)] or objects(documents[at], [])[:1]
                paths = [edit["path"] for edit in finding["fix"]["edits"]]
                known = taken.setdefault(id(found[0]), [])
                # Items that go move those behind them, so nothing else of the object may change in the same round.
                moves = any(edit["op"] == "remove" and edit["path"].rsplit("/", 1)[1].isdigit() for edit in finding["fix"]["edits"])
                if known and (moves or "moved" in known) or any(meets(a, b) for a in paths for b in known):
                    continue  # the next round's
                known += ["moved"] * moves
                known += paths
                for edit in finding["fix"]["edits"]:
                    patch(found[0], edit)
    raise SystemExit(f"fixes go on after {ROUNDS} rounds: {list(now)}")


def main(binary, folders):
    binary = str(pathlib.Path(binary).resolve())
    counts = dict(folders=0, files=0, mended=0, comments=0, unread=0)
    wrong = []
    places = {path.parent for folder in folders for path in pathlib.Path(folder).rglob("*") if path.suffix in (".yaml", ".yml")}
    for place in sorted(places):
        with tempfile.TemporaryDirectory() as box:
            mended, scratch = pathlib.Path(box, "mended"), pathlib.Path(box, "scratch")
            mended.mkdir(), scratch.mkdir()
            texts, before = {}, {}
            for path in sorted(place.iterdir()):
                if path.suffix not in (".yaml", ".yml") or path.name.endswith("-policy.yaml") or path.name.startswith("options"):
                    continue
                text = path.read_bytes().decode("utf-8", "replace")
                try:
                    before[path.name] = data(text)
                    comments(text)
                except Exception as error:
                    counts["unread"] += 1
                    print(f"not judged: {path}: {str(error).splitlines()[0]}", file=sys.stderr)
                    continue
                texts[path.name] = text
                shutil.copyfile(path, mended / path.name)
            if not texts:
                continue
            counts["folders"] += 1
            fix = [binary, "fix", "--unsafe", "--quiet", "."]
            subprocess.run(fix, cwd=mended, capture_output=True, timeout=120)
            after = {name: (mended / name).read_bytes().decode("utf-8", "replace") for name in texts}
            want = expected(binary, before, scratch)
            for name, text in texts.items():
                counts["files"] += 1
                counts["mended"] += after[name] != text
                said = comments(text)
                counts["comments"] += len(said)
                if comments(after[name]) != said:
                    wrong.append(f"{place / name}: comments differ")
                if data(after[name]) != want[name]:
                    wrong.append(f"{place / name}: data differs")
            subprocess.run(fix, cwd=mended, capture_output=True, timeout=120)
            for name in texts:
                if (mended / name).read_bytes().decode("utf-8", "replace") != after[name]:
                    wrong.append(f"{place / name}: mended again")
    print("\n".join(wrong))
    print(", ".join(f"{count} {word}" for word, count in counts.items()) + f", {len(wrong)} wrong")
    return bool(wrong)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
