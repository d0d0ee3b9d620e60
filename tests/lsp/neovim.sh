#!/bin/sh
# Opens a faulty manifest in a real client: Neovim, without a screen. Its diagnostics, hover and code action are those of `crashlint lsp`.
# usage: neovim.sh CRASHLINT      (needs nvim 0.7 or newer)
set -eu
binary=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
cat > cart.yaml <<'END'
# The cart.
apiVersion: v1
kind: Pod
metadata: {name: cart}
spec:
  containers:
    - name: main
      image: registry.example.com/shop/cart:1.4.2
      resources: {requests: {memory: 64Mi}, limits: {memory: 128Mi}}
      startupProbe: {httpGet: {path: /, port: 80}, failureThreshold: 30}
      livenessProbe: {httpGet: {path: "/😀", port: 80}, failureThreshold: 1} # why
END
CRASHLINT="$binary" nvim --headless --clean -u NONE -n cart.yaml -c "luafile $here/neovim.lua" 2> log || { cat log; exit 1; }
cat log
echo
grep -q '# why' cart.yaml && grep -q 'failureThreshold: 3} # why' cart.yaml
echo "mended: $(grep livenessProbe cart.yaml)"
