"""The moving picture in a real browser: the button plays it, the slider moves it, and the end stands without either."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from plip_tutorial import widgets

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WATCH = """<script>addEventListener("load", () => {
  const [mark, slider, button] = [".plip-mark", "input", "button"].map((name) => document.querySelector(name));
  const seen = {}, note = (when) => { seen[when] = [mark.getAttribute("transform"), button.textContent]; };
  note("opened");
  slider.value = 0; slider.dispatchEvent(new Event("input")); note("first");
  button.click();
  setTimeout(() => note("playing"), 500);
  setTimeout(() => { note("over"); document.body.append(`SEEN${JSON.stringify(seen)}SEEN`); }, 4000);
});</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_button_plays_from_the_first_frame_to_the_last(tmp_path):
    frames = [np.array([[float(i), 0.0], [0.0, 1.0], [4.0, 4.0]]) for i in range(5)]
    page = tmp_path / "page.html"
    page.write_text(f"<html><body>{widgets.moving_points(frames, ['a', 'b', 'a'])._repr_html_()}{WATCH}</body></html>")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [CHROMIUM, *options, "--virtual-time-budget=8000", "--dump-dom", page.as_uri()]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search("SEEN({.*})SEEN", said.rpartition("</script>")[2])
    assert found, said[-500:]
    seen = json.loads(found[1].replace("&quot;", '"'))
    (opened, idle), (first, _), (playing, busy), (over, done) = seen.values()
    assert (idle, busy, done) == ("Play", "Pause", "Play")
    assert opened == over  # nothing is only in motion: the end is there from the beginning
    assert len({opened, first, playing}) == 3
