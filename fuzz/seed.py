#!/usr/bin/env python3
"""Fills a fuzzing corpus: seed.py CORPUS [FOLDER…]"""

import hashlib
import json
import pathlib
import sys

corpus, *folders = map(pathlib.Path, sys.argv[1:])
golden = pathlib.Path(__file__).resolve().parent.parent / "tests" / "kubectl" / "golden.json"
texts = [case["text"].encode() for case in json.loads(golden.read_text())]
for folder in folders:
    files = (file for file in sorted(folder.rglob("*.y*ml")) if file.is_file())
    texts += (file.read_bytes() for file in files if file.stat().st_size < 3000)


def reviews(text):
    """A manifest's objects as admission reviews: each created, and changed into the next."""
    try:
        import yaml
    except ImportError:  # the target itself makes reviews of manifests, only not such as differ in their envelopes
        return []
    made, old = [], None
    try:
        for thing in yaml.safe_load_all(text):
            if not isinstance(thing, dict) or not isinstance(thing.get("kind"), str):
                continue
            group, _, version = str(thing.get("apiVersion")).rpartition("/")
            request = {
                "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
                "kind": {"group": group, "version": version, "kind": thing["kind"]},
                "name": "a",
                "namespace": "shop",
                "operation": "UPDATE" if old else "CREATE",
                "object": thing,
                "oldObject": old,
                "dryRun": False,
            }
            review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
            made.append(json.dumps(review, default=str, skipkeys=True).encode())
            old = thing
    except Exception:  # PyYAML lets many kinds of errors through, and some of these texts were made to be odd
        pass
    return made


texts += [review for text in list(texts) for review in reviews(text)]
corpus.mkdir(parents=True, exist_ok=True)
for text in texts:
    (corpus / hashlib.sha256(text).hexdigest()[:16]).write_bytes(text)
