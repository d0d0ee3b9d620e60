#!/usr/bin/env python3
"""Writes golden.json: which of dash, bash and busybox refuse each script, without running any of it.

The scripts are those of cases.txt; those of sound.txt; and damaged ones of these: a word, sign or line break left out,
doubled, or in place of its neighbour; lines folded into one as a YAML scalar in `>` has them; and CRLF line ends. Each is
given to `SHELL -n -c SCRIPT`, as a container gives it to its shell. Needs Debian's packages dash, bash and busybox
(or DASH, BASH, BUSYBOX in the environment).
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SHELLS = {
    "d": [shutil.which(os.environ.get("DASH", "dash"))],
    "b": [shutil.which(os.environ.get("BASH", "bash"))],
    "a": [shutil.which(os.environ.get("BUSYBOX", "busybox")), "sh"],
}
PART = re.compile(r"[A-Za-z0-9_./=-]+|\n|;;|&&|\|\||\$\(\(|\$\(|\$\{|<<-?|>>|2>&1|[^\sA-Za-z0-9_]")
KEYWORDS = {"if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while", "until", "case", "esac", "EOF", "SQL"}


def damaged(script: str):
    """A script with one fault more, in every way that this module knows."""
    yield script.replace("\n", " ")
    yield script.replace("\n", "\r\n")
    for match in PART.finditer(script):
        part, start, end = match.group(), match.start(), match.end()
        if part[0].isalnum() and part not in KEYWORDS:
            continue
        yield script[:start] + script[end:]
        yield script[:start] + part + " " + script[start:]
        if part != "\n":
            yield script[:start]
        if part in KEYWORDS:
            yield script[:start] + "x" + script[start:]
            yield script[:end] + "x" + script[end:]
        if part == "\n":
            yield script[:start] + " " + script[end:]
            yield script[:start] + " ; " + script[end:]


def refused(script: str) -> str:
    """The shells that refuse a script, by their letters."""
    found = ""
    with tempfile.TemporaryDirectory() as folder:
        for letter, shell in SHELLS.items():
            run = subprocess.run(
                [*shell, "-n", "-c", script],
                cwd=folder, env={"PATH": "/nowhere", "LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True, timeout=20,
            )
            # Of a test within `[[` bash complains, and ends with 0 nevertheless.
            complains = re.search(rb"syntax error|unexpected|[Uu]nterminated|expected", run.stderr)
            found += letter if run.returncode or complains else ""
    return found


def main() -> None:
    def read(name: str) -> list[str]:
        return (HERE / name).read_text().rstrip("\n").split("\n====\n")

    sound = [script + "\n" for script in read("sound.txt")]
    scripts = read("cases.txt") + sound + [other for script in sound for other in damaged(script)]
    scripts = list(dict.fromkeys(script for script in scripts if script.strip()))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        golden = list(zip(scripts, pool.map(refused, scripts)))
    lines = ",\n".join(json.dumps(pair, ensure_ascii=True) for pair in golden)
    (HERE / "golden.json").write_text(f"[\n{lines}\n]\n")
    counts = {letter: sum(letter in refused for _, refused in golden) for letter in SHELLS}
    print(f"{len(golden)} scripts; refused by dash {counts['d']}, bash {counts['b']}, busybox {counts['a']}")


if __name__ == "__main__":
    main()
