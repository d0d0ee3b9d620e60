#!/usr/bin/env python3
"""Renders charts and kustomizations by the real helm, kustomize and kubectl, and looks at what crashlint makes of them.

usage: real-tools.py CRASHLINT FOLDER…       (folders of the tools, put before the PATH)
Last seen with helm 4.3.1, kustomize 5.7.1 and kubectl 1.32.4. Each line is one promise; exit 1 where one is broken.
"""
import json, os, pathlib, shutil, subprocess, sys, tempfile

BIN = str(pathlib.Path(sys.argv[1]).resolve())
TOOLS = sys.argv[2:]
PATH = os.pathsep.join([*(str(pathlib.Path(tool).resolve()) for tool in TOOLS), os.environ["PATH"]])
BOX = tempfile.TemporaryDirectory()
broken = 0


def run(*args, cwd, path=PATH, stdin=None):
    return subprocess.run([*map(str, args)], cwd=cwd, env={**os.environ, "PATH": path}, input=stdin, capture_output=True, text=True, timeout=300)


def lint(cwd, *args, path=PATH):
    done = run(BIN, "--format", "json", *args, cwd=cwd, path=path)
    return done.returncode, json.loads(done.stdout), done.stderr


def promise(name, good, seen=""):
    global broken
    broken += not good
    print(f"{'ok    ' if good else 'BROKEN'} {name}" + ("" if good else f": {str(seen)[:600]}"))


def folder(name, files):
    place = pathlib.Path(BOX.name, name)
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    return place


def line_of(place, finding):
    return (place / finding["file"]).read_text().splitlines()[finding["line"] - 1]


print("       " + "; ".join(run(tool, *args, cwd=".").stdout.strip().splitlines()[0] for tool, args in
      [("helm", ["version", "--short"]), ("kustomize", ["version"]), ("kubectl", ["version", "--client"])]))

# A chart as `helm create` makes it, with a probe that kills and a value that decides.
place = folder("helm", {})
place.mkdir(exist_ok=True)
run("helm", "create", "shop", cwd=place)
values = place / "shop/values.yaml"
values.write_text(values.read_text().replace("livenessProbe:\n", "livenessProbe:\n  failureThreshold: 1\n  periodSeconds: 2\n"))
rc, report, err = lint(place)
rules = {finding["rule"]: finding for finding in report["findings"]}
promise("a chart is rendered, nothing is left out", report["summary"]["notRendered"] == 0 and not err, (report["summary"], err))
finding = rules.get("aggressive-liveness-probe")
promise("a value's fault is found", finding is not None, list(rules))
if finding:
    promise("it stands in its template, at the probe", finding["file"] == "shop/templates/deployment.yaml" and "livenessProbe" in line_of(place, finding),
            (finding["file"], line_of(place, finding)))
rc, report, err = lint(place, "--helm-set", "livenessProbe.failureThreshold=5,livenessProbe.periodSeconds=10")
promise("--helm-set reaches it", "aggressive-liveness-probe" not in {f["rule"] for f in report["findings"]}, report["findings"])
(place / "prod.yaml").write_text("livenessProbe: {failureThreshold: 5, periodSeconds: 10}\n")
rc, report, err = lint(place, "--helm-values", "prod.yaml")
promise("--helm-values reaches it", "aggressive-liveness-probe" not in {f["rule"] for f in report["findings"]}, report["findings"])
rc, report, err = lint(place, "--helm-values", "nowhere.yaml")
promise("what helm complains of is one line", rc == 0 and err.startswith("not rendered: chart shop: ") and "nowhere.yaml" in err and err.count("\n") == 1, (rc, err))
piped = run(BIN, "--format", "json", "-", cwd=place, stdin=run("helm", "template", "shop", cwd=place).stdout)
promise("`helm template x | crashlint -`", "aggressive-liveness-probe" in piped.stdout, piped.stderr)
chart = place / "shop/Chart.yaml"
chart.write_text(chart.read_text() + "dependencies:\n  - {name: db, version: 1.0.0, repository: 'https://example.com/charts'}\n")
rc, report, err = lint(place)
promise("a dependency that is missing is not fetched, but told", err.startswith("not rendered: chart shop: ") and "db" in err, err)

# Base, two overlays, a prefix, a patch, a generator.
DEPLOYMENT = """# The cart.
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec:
      containers:
        - name: side
          image: registry.example.com/shop/side
          resources: {requests: {memory: 32Mi}, limits: {memory: 64Mi}}
        - name: shop
          image: registry.example.com/shop/cart
          envFrom: [{configMapRef: {name: settings}}]
          livenessProbe: {httpGet: {path: /, port: 80}, failureThreshold: 1}
"""
FILES = {
    "base/cart.yaml": DEPLOYMENT,
    "base/kustomization.yaml": "resources: [cart.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n",
    "overlays/dev/kustomization.yaml": "namePrefix: dev-\nnamespace: dev\nresources: [../../base]\nimages: [{name: registry.example.com/shop/side, newTag: '1'}]\n",
    "overlays/prod/kustomization.yaml": "namePrefix: prod-\nnamespace: prod\nresources: [../../base]\nimages: [{name: registry.example.com/shop/side, newTag: '1'}]\n"
    "patches: [{path: limit.yaml}]\n",
    "overlays/prod/limit.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart}\nspec: {template: {spec: {containers: [{name: shop, image: registry.example.com/shop/cart:1,\n"
    "  resources: {requests: {memory: 64Mi}, limits: {memory: 128Mi}}}]}}}\n",
}
only_kubectl = pathlib.Path(BOX.name, "only-kubectl")
only_kubectl.mkdir()
os.symlink(shutil.which("kubectl", path=PATH), only_kubectl / "kubectl")
for tool, path in [("kustomize", PATH), ("kubectl kustomize", str(only_kubectl))]:
    place = folder("kustomize-" + tool.split()[0], FILES)
    rc, report, err = lint(place, path=path)
    seen = {(finding["rule"], finding["container"], (finding["object"] or {}).get("namespace")) for finding in report["findings"]}
    promise(f"{tool}: nothing is left out, nothing fails", report["summary"]["notRendered"] == 0 and not err and not report["inputErrors"], (report["summary"], err))
    promise(f"{tool}: what a patch or image mends is not told", ("missing-memory-limit", "shop", "prod") not in seen and not any(c == "side" for _, c, _ in seen), seen)
    promise(f"{tool}: what only one overlay has is told", ("missing-memory-limit", "shop", "dev") in seen and ("latest-image-tag", "shop", "dev") in seen, seen)
    both = [finding for finding in report["findings"] if finding["rule"] == "aggressive-liveness-probe"]
    promise(f"{tool}: what both have is told once, at its line of the base", len(both) == 1 and both[0]["file"] == "base/cart.yaml"
            and "failureThreshold: 1" in line_of(place, both[0]), both)
    promise(f"{tool}: generated ConfigMaps are found", not any(rule.startswith("configmap") for rule, _, _ in seen), seen)
place = folder("remote", {"kustomization.yaml": "resources: ['https://example.com/x.yaml']\n"})
rc, report, err = lint(place)
promise("nothing is fetched", rc == 0 and "does not lie here" in err, err)
place = folder("broken", {"kustomization.yaml": "resources: []\nnoSuchField: 1\n"})
rc, report, err = lint(place)
promise("what kustomize complains of is one line", rc == 0 and err.startswith("not rendered: kustomization .: ") and err.count("\n") == 1, err)
print(f"{broken} broken")
sys.exit(broken > 0)
