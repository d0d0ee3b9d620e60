#!/bin/sh
# Gives the recorded SARIF log to the format's own validator, with the rules for code scanning.
# Needs npm. Last seen with sarif-multitool 5.7.0: one warning, SARIF2005 (no `informationUri`).
set -eu
log=$(cd "$(dirname "$0")" && pwd)/full.sarif
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cd "$box"
npm install --silent --no-save @microsoft/sarif-multitool
# The launcher hands its arguments to a shell, so the semicolon is quoted twice.
./node_modules/.bin/sarif-multitool validate "$log" --rule-kind "'Sarif;Ghas'" --output "$box/seen.sarif" | tee seen.txt
! grep -q ': error ' seen.txt
