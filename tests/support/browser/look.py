"""Looks at a page in a browser without a screen, and prints what is wrong with it, a line each.

    look.py [--screenshots FOLDER] [--widths 400,1000,1600] [--dark] PAGE

Checked: nothing is asked of a network, the console has no error, every figure is drawn, tables sort and filter, no part
is wider than the window, and what the accessibility engine axe finds against WCAG 2.1 A and AA and its best practices.
Exit status 1 where anything is wrong. Needs the packages selenium and axe-core-python, chromium and its driver.
"""
import argparse
import json
import pathlib
import time

import axe_core_python
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

parser = argparse.ArgumentParser()
parser.add_argument("page", type=pathlib.Path)
parser.add_argument("--screenshots", type=pathlib.Path)
parser.add_argument("--widths", default="400,1000,1600")
parser.add_argument("--dark", action="store_true")
parser.add_argument("--no-axe", action="store_true", help="for a page so large that it takes minutes")
parser.add_argument("--seconds", type=float, default=None, help="all must be drawn within this time")
arguments = parser.parse_args()
faults = []


def check(holds, text):
    if not holds:
        faults.append(text)


def start():
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


def wait(driver, script, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        if driver.execute_script(f"return {script}"):
            return True
        time.sleep(0.05)
    return False


ALL_DRAWN = "[...document.querySelectorAll('.chart')].every((c) => c.dataset.drawn === 'yes')"


def look(driver, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if arguments.dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    driver.get(arguments.page.resolve().as_uri())
    began = time.time()
    driver.execute_script("drawAll()")
    check(wait(driver, ALL_DRAWN), f"{width} px: some figures are not drawn")
    took = time.time() - began
    if arguments.seconds is not None:
        check(took < arguments.seconds, f"{width} px: drawing took {took:.2f} s")
    empty = driver.execute_script(
        "return [...document.querySelectorAll('.chart')].filter((c) => !c.querySelector('svg *, canvas')"
        " || c.textContent.includes('could not be drawn')).map((c) => c.dataset.spec)")
    check(not empty, f"{width} px: nothing is drawn in {empty}")
    wide = driver.execute_script("""
        const wide = document.documentElement.scrollWidth > innerWidth + 1;
        return wide ? [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right >
            innerWidth + 1 && !e.closest('.scroll, pre, .chart')).slice(0, 5).map((e) => e.tagName + '.' + e.className)
            : []""")
    check(not wide, f"{width} px: wider than the window: {wide}")
    cut = driver.execute_script("""
        return [...document.querySelectorAll('.chart')].filter((c) => c.scrollWidth > c.clientWidth + 1)
            .map((c) => `${c.dataset.spec} ${c.scrollWidth} > ${c.clientWidth}`)""")
    check(not cut, f"{width} px: figures wider than their place: {cut}")
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
        height = driver.execute_script("return document.documentElement.scrollHeight")
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**size, "height": min(height, 16000)})
        time.sleep(0.4)
        name = f"{arguments.page.parent.name}-{width}{'-dark' if arguments.dark else ''}.png"
        driver.save_screenshot(str(arguments.screenshots / name))
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    return took


def look_at_tables(driver):
    tables = driver.execute_script("return [...document.querySelectorAll('table.whole')].map((t) => t.id)")
    check(tables or not driver.execute_script("return document.querySelector('.verdicts')"), "there is no whole table")
    for table in tables:
        faulty = driver.execute_script("""
            const table = document.getElementById(arguments[0]), faults = [];
            for (const button of table.querySelectorAll('button.sort')) {
              const column = Number(button.dataset.column);
              if (column > 1 && table.querySelector('button.sort[data-column="1"]')?.textContent !== 'verdict') break;
              for (const direction of [1, -1]) {
                button.click();
                const values = [...table.tBodies[0].rows].map((row) => row.cells[column])
                    .filter((cell) => cell.dataset.value !== '')
                    .map((cell) => cell.dataset.value === undefined ? cell.textContent.trim().toLowerCase()
                                                                    : Number(cell.dataset.value));
                const sorted = values.every((v, i) => i === 0 || (direction > 0 ? values[i - 1] <= v : values[i - 1] >= v));
                if (!sorted) faults.push(`${button.textContent} ${direction}`);
              }
              const rows = [...table.tBodies[0].rows], missing = rows.map((r) => r.cells[column].dataset.value === '');
              if (missing.some((m, i) => m && missing.slice(i).includes(false))) faults.push(button.textContent);
            }
            return faults""", table)
        check(not faulty, f"{table}: not sorted by {faulty}")
        seen = driver.execute_script("""
            const table = document.getElementById(arguments[0]);
            const filter = document.querySelector(`input.filter[data-table="${arguments[0]}"]`);
            const shown = () => [...table.tBodies[0].rows].filter((row) => row.offsetParent !== null).length;
            const all = shown();
            const name = table.tBodies[0].rows[0].cells[0].textContent;
            filter.value = name;
            filter.dispatchEvent(new Event('input'));
            const some = shown();
            filter.value = '';
            filter.dispatchEvent(new Event('input'));
            const box = document.querySelector(`input.group[data-table="${arguments[0]}"]`);
            const columns = () => [...table.tBodies[0].rows[0].cells].filter((c) => c.offsetParent !== null).length;
            const before = columns();
            box.click();
            const after = columns();
            box.click();
            return {all, some, again: shown(), before, after, back: columns()}""", table)
        check(seen["all"] >= seen["some"] >= 1 and seen["again"] == seen["all"], f"{table}: the filter fails: {seen}")
        check(seen["after"] < seen["before"] == seen["back"], f"{table}: groups of columns fail: {seen}")
        check(seen["all"] == 1 or seen["some"] < seen["all"], f"{table}: the filter hides nothing: {seen}")


def ask_axe(driver):
    folder = pathlib.Path(axe_core_python.__file__).parent
    driver.execute_script((folder / "axe.min.js").read_text())
    found = driver.execute_async_script("axe.run().then(arguments[0], (e) => arguments[0]({error: String(e)}))")
    check("error" not in found, f"axe failed: {found.get('error')}")
    for violation in found.get("violations", []):
        nodes = [node["target"] for node in violation["nodes"][:3]]
        why = violation["nodes"][0].get("failureSummary", "").replace("\n", " ")
        faults.append(f"axe {violation['id']} ({violation['impact']}): {violation['help']}: {nodes} {why[:300]}")


driver = start()
try:
    times = [look(driver, int(width)) for width in arguments.widths.split(",")]
    if not arguments.no_axe:
        ask_axe(driver)
    look_at_tables(driver)
    for entry in driver.get_log("browser"):
        if entry["level"] in ("SEVERE", "WARNING"):
            faults.append(f"console: {entry['message'][:400]}")
    own = arguments.page.resolve().as_uri()
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            check(url.split("#")[0] == own or url.startswith("data:"), f"asked for {url[:200]}")
finally:
    driver.quit()
for fault in faults:
    print(fault)
print(f"drawn in {', '.join(f'{t:.2f}' for t in times)} s")
raise SystemExit(1 if faults else 0)
