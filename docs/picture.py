#!/usr/bin/env python3
"""Draws docs/picture.svg: what a terminal shows of `crashlint demo/catalog.yaml demo/migrate.yaml`, from its real escape sequences.

usage: docs/picture.py CRASHLINT        (from the repository's folder; a test holds that the picture still says what the program does)
"""
import re, subprocess, sys
from html import escape

ARGUMENTS = ["demo/catalog.yaml", "demo/migrate.yaml"]
WIDTH, LINE, LEFT, TOP, CHARACTER = 1240, 20, 20, 58, 8.43
COLOURS = {30: "#484f58", 31: "#ff7b72", 32: "#3fb950", 33: "#d29922", 34: "#58a6ff", 35: "#bc8cff", 36: "#39c5cf", 37: "#b1bac4",
           90: "#6e7681", 91: "#ffa198", 92: "#56d364", 93: "#e3b341", 94: "#79c0ff", 95: "#d2a8ff", 96: "#56d4dd", 97: "#ffffff"}
FOREGROUND, BACKGROUND = "#e6edf3", "#0d1117"


def spans(line, style):
    """Texts of a line with the styles in force, and the style at its end."""
    parts = re.split(r"\x1b\[([0-9;]*)m", line)
    found = [(parts[0], dict(style))] if parts[0] else []
    for codes, text in zip(parts[1::2], parts[2::2]):
        codes = [int(code or 0) for code in codes.split(";")]
        while codes:
            code = codes.pop(0)
            if code == 0:
                style = {}
            elif code == 1:
                style = {**style, "font-weight": "bold"}
            elif code == 2:
                style = {**style, "opacity": ".6"}
            elif code in COLOURS:
                style = {**style, "fill": COLOURS[code]}
            elif code == 38 and codes[:1] == [5]:
                bright = {n: n + 30 for n in range(8)} | {n + 8: n + 90 for n in range(8)}
                style = {**style, "fill": COLOURS[bright[codes[1]]]}
                codes = codes[2:]
        if text:
            found.append((text, dict(style)))
    return found, style


def main(binary):
    run = subprocess.run([binary, "--color", "always", "--quiet", *ARGUMENTS], capture_output=True, text=True)
    lines, style, body = run.stdout.rstrip().split("\n"), {}, []
    title = "$ crashlint " + " ".join(ARGUMENTS)
    longest = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines)
    width = max(WIDTH, int(longest * CHARACTER) + 2 * LEFT)
    for number, line in enumerate(lines):
        texts, style = spans(line, style)
        inner = "".join(
            "<tspan" + "".join(f' {key}="{value}"' for key, value in sorted(look.items())) + f">{escape(text, quote=False)}</tspan>"
            for text, look in texts)
        body.append(f'<text x="{LEFT}" y="{TOP + (number + 1) * LINE}">{inner}</text>')
    height = TOP + (len(lines) + 1) * LINE
    print(f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="what crashlint prints">
<rect width="{width}" height="{height}" rx="10" fill="{BACKGROUND}"/>
<g fill="{FOREGROUND}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" xml:space="preserve">
<text x="{LEFT}" y="34" fill="#8b949e">{escape(title)}</text>
{chr(10).join(body)}
</g>
</svg>""")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
