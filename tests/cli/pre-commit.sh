#!/bin/sh
# Has a real pre-commit run this repository's hooks in a scratch repository: a commit that fails, one that mends, one that passes.
# usage: pre-commit.sh CRASHLINT      (pip install pre-commit; the hooks are those of HEAD, with CRASHLINT in place of a build)
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
bin=$(dirname "$(realpath "$1")")
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
export PATH="$bin:$PATH" PRE_COMMIT_HOME="$box/cache" GIT_CONFIG_GLOBAL="$box/gitconfig" GIT_CONFIG_NOSYSTEM=1
git config --global user.name a
git config --global user.email a@example.com
git config --global --add safe.directory '*'
git init --quiet --initial-branch=main "$box/shop"
cd "$box/shop"
cat > .pre-commit-config.yaml <<END
repos:
  - repo: $here
    rev: $(git -C "$here" rev-parse HEAD)
    hooks:
      - {id: crashlint-fix, language: system}
      - {id: crashlint, language: system}
      - {id: crashlint-files, language: system}
END
cat > pod.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: cart}
spec:
  containers:
    - name: main
      image: registry.example.com/shop/cart:1.4.2
      resources: {requests: {memory: 64Mi}, limits: {memory: 128Mi}}
      startupProbe: {httpGet: {path: /, port: 80}, failureThreshold: 30}
      livenessProbe: {httpGet: {path: /, port: 80}, failureThreshold: 1} # why
END
pre-commit install > /dev/null
git add -A
if git commit --quiet -m one > "$box/log" 2>&1; then cat "$box/log"; echo "BROKEN: a faulty manifest was committed"; exit 1; fi
grep -q 'crashlint fix.*Failed' "$box/log" && grep -q 'files were modified by this hook' "$box/log" || { cat "$box/log"; exit 1; }
grep -q 'failureThreshold: 3} # why' pod.yaml
echo "ok     a commit with what can be mended fails, and the file is mended"
sed -i 's/cart:1.4.2/cart/' pod.yaml
git add -A
if git commit --quiet -m two > "$box/log" 2>&1; then cat "$box/log"; echo "BROKEN: a faulty manifest was committed"; exit 1; fi
grep -q 'latest-image-tag' "$box/log" || { cat "$box/log"; exit 1; }
echo "ok     a commit with what can't be mended fails, and says why"
sed -i 's/shop\/cart/shop\/cart:1.4.2/' pod.yaml
git add -A
git commit --quiet -m three > "$box/log" 2>&1 || { cat "$box/log"; exit 1; }
echo "ok     a sound commit passes: $(grep -c Passed "$box/log") hooks"
