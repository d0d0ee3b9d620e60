#!/usr/bin/env python3
"""Opens `--format html` in a real browser: the filter and the search hide what they should, nothing is asked for elsewhere, and no script
of a manifest runs. Writes pictures at two widths, light and dark, for a person to look at.

usage: browser.py CRASHLINT FOLDER PICTURES      (pip install playwright; Debian's chromium, or CHROMIUM=PROGRAM)
"""
import os, pathlib, shutil, subprocess, sys, tempfile
from playwright.sync_api import sync_playwright

HOSTILE = """apiVersion: v1
kind: Pod
metadata: {name: "</script><img src=x onerror=alert(1)>", namespace: "<b>x</b>"}
spec:
  containers:
    - name: "'\\"><svg onload=alert(2)>"
      image: "busybox:latest"
      command: ["sh", "-c", "echo '<script>alert(3)</script>'"]
"""


def main(binary, folder, pictures):
    pictures = pathlib.Path(pictures)
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as box, sync_playwright() as playwright:
        page_file, bad = pathlib.Path(box, "report.html"), pathlib.Path(box, "hostile.yaml")
        bad.write_text(HOSTILE)
        run = subprocess.run([binary, "--format", "html", folder, bad], capture_output=True)
        page_file.write_bytes(run.stdout)
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        asked, alarms, complaints = [], [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(page_file.as_uri())

        shown = lambda selector="article": page.locator(f"{selector}:visible").count()
        every = page.locator("article").count()
        assert every > 5, "too few findings to look at"
        assert shown() == every and page.locator("form").is_visible()
        for severity in ["error", "warning", "info"]:
            page.locator(f"[value={severity}]").uncheck()
            assert shown(f"article.{severity}") == 0, severity
        assert shown() == 0 and shown("section") == 0 and page.locator("#none").is_visible()
        for severity in ["error", "warning", "info"]:
            page.locator(f"[value={severity}]").check()
        assert shown() == every and not page.locator("#none").is_visible()

        rule = page.locator("article").first.get_attribute("data-rule")
        of_rule = page.locator(f"article[data-rule={rule}]").count()
        page.select_option("select", rule)
        assert shown() == of_rule and f"{of_rule} of {every} shown" in page.locator("#shown").inner_text()
        page.select_option("select", "")
        title = page.locator("section h2").first.inner_text()
        page.fill("[type=search]", title.upper())
        assert 0 < shown() < every, "the search finds a workload by its name, whatever its case"
        assert all(title.lower() in section.lower() for section in page.locator("section:visible h2").all_inner_texts())
        page.fill("[type=search]", title + " nothing-has-this-word")
        assert shown() == 0
        page.fill("[type=search]", "")
        assert shown() == every

        assert asked == [page_file.as_uri()], asked
        assert not alarms and not complaints, (alarms, complaints)
        for width in [1280, 390]:
            for scheme in ["light", "dark"]:
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=pictures / f"{width}-{scheme}.png")
                overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert overflow <= 0, f"the page is {overflow} px wider than {width}"
        timelines = page.locator("svg")
        if timelines.count():
            page.set_viewport_size({"width": 1280, "height": 900})
            timelines.first.scroll_into_view_if_needed()
            page.screenshot(path=pictures / "timeline.png")
        # Without scripts, everything is there.
        plain = browser.new_context(java_script_enabled=False).new_page()
        plain.goto(page_file.as_uri())
        assert plain.locator("article:visible").count() == every and not plain.locator("form").is_visible()
        print(f"{every} findings, {page.locator('section').count()} objects, {timelines.count()} timelines; pictures in {pictures}")
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
