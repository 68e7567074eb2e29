# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`orchestra plan`: what docs/plans.md shows is what the program prints, and its figures agree."""

from __future__ import annotations

import json
import pathlib
import re
import xml.etree.ElementTree

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "plan"
PAGE = (ROOT / "docs" / "plans.md").read_text()


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [text for kind, text in fenced if kind == language]


def test_commands_print_what_the_page_shows(orchestra):
    shown = [block for block in blocks("") if block.startswith("$ ")]
    assert len(shown) == 2
    for block in shown:
        command, _, expected = block.partition("\n")
        words = command.removeprefix("$ orchestra ").split()
        words = [FOLDER / word if (FOLDER / word).exists() else word for word in words]
        assert orchestra(*words).stdout == expected


def test_edited_part_is_the_file(orchestra):
    (part,) = blocks("mlir")
    assert part in (FOLDER / "edited.mlir").read_text()


def test_forgotten_transfer_is_the_error_shown(orchestra, tmp_path):
    text = (FOLDER / "edited.mlir").read_text()
    assert text.count("ins(%left, %right0 ") == 1
    path = tmp_path / "edited.mlir"
    path.write_text(text.replace("ins(%left, %right0 ", "ins(%left, %right "))
    error = orchestra("plan", path, "--keep", code=1).stderr.replace(str(path), "edited.mlir")
    (shown,) = (block for block in blocks("") if block.startswith("edited.mlir:"))
    assert error.startswith(shown)


@pytest.fixture(scope="module")
def report(orchestra):
    done = orchestra("plan", FOLDER / "towers.mlir", "--topology", FOLDER / "machine.json", "--json")
    return json.loads(done.stdout)


def test_estimates_are_the_roofline(report):
    """Worked out by hand from machine.json: 100 GF/s, 10 GB/s, a link of 10 GB/s and 1 us."""
    size = 256 * 256 * 4
    for work in report["work"]:
        seconds = work["end_s"] - work["start_s"]
        if work["kind"] == "transfer":
            assert seconds == pytest.approx(1e-6 + size / 1e10)
        elif work["name"] in ("left", "right"):
            assert work["flops"] == 2 * 256**3
            assert seconds == pytest.approx(2 * 256**3 / 1e11 + 1e-6, rel=1e-2)
        else:
            assert seconds == pytest.approx(3 * size / 1e10 + 1e-6, rel=2e-2)


def test_schedule_is_consistent(report):
    """Nothing starts before its inputs are there; a device does one thing at a time."""
    assert report["latency_s"] == max(work["end_s"] for work in report["work"])
    assert report["latency_s"] <= report["single_device_s"]
    rows: dict[str, list[tuple[float, float]]] = {}
    for work in report["work"]:
        row = work["device"] if work["kind"] == "task" else f"{work['source']}>{work['device']}"
        rows.setdefault(row, []).append((work["start_s"], work["end_s"]))
    for times in rows.values():
        times.sort()
        assert all(before[1] <= after[0] * (1 + 1e-9) for before, after in zip(times, times[1:]))


@pytest.mark.parametrize("ending", ["svg", "html"])
def test_picture_has_every_piece_of_work(ending, orchestra, report, tmp_path):
    path = tmp_path / f"plan.{ending}"
    orchestra("plan", FOLDER / "towers.mlir", "--topology", FOLDER / "machine.json", "--gantt", path, "-q")
    text = path.read_text()
    svg = xml.etree.ElementTree.fromstring(text[text.index("<svg") : text.index("</svg>") + 6])
    name = "{http://www.w3.org/2000/svg}"
    bars = [(g.find(f"{name}rect"), g.find(f"{name}title")) for g in svg.iter(f"{name}g")]
    assert len(bars) == len(report["work"])
    scale = 1000 / report["latency_s"]
    for work in report["work"]:
        widths = [float(bar.get("width")) for bar, title in bars if title.text.startswith(work["name"])]
        assert any(abs(width - (work["end_s"] - work["start_s"]) * scale) < 0.1 for width in widths)


def test_hostile_names_are_escaped(orchestra, tmp_path):
    model = tmp_path / "model.mlir"
    model.write_text((FOLDER / "towers.mlir").read_text().replace('loc("left")', 'loc("<b>&\\22 left")'))
    path = tmp_path / "plan.svg"
    orchestra("plan", model, "--topology", FOLDER / "machine.json", "--gantt", path, "-q")
    xml.etree.ElementTree.fromstring(path.read_text())


def test_trace_of_a_run_is_read(orchestra, tmp_path):
    """What `run --profile` writes is what `plan --trace` reads."""
    trace, machine = tmp_path / "trace.json", FOLDER / "machine.json"
    orchestra("run", FOLDER / "towers.mlir", "--random=1", "--profile", trace, "-q")
    done = orchestra("plan", FOLDER / "towers.mlir", "--topology", machine, "--trace", trace, "--json")
    measured = {w["name"]: w for w in json.loads(done.stdout)["work"] if "measured_start_s" in w}
    assert "left" in measured
    assert all(0 <= work["measured_start_s"] < work["measured_end_s"] for work in measured.values())


def test_measured_machine(orchestra, tmp_path):
    """No narrow type is slower than the wider one that it can run as; a plan can be made of it."""
    machine = json.loads(orchestra("targets", "--emit-topology", "--measure").stdout)
    for device in machine["devices"]:
        if "core_count" not in device or device["arch"] not in ("x86_64", "aarch64"):
            continue
        rates = device["peak_flops"]
        assert rates["f32"] > 1e8 and device["memory_bandwidth"] > 1e8
        for narrow, wide in (("f16", "f32"), ("bf16", "f32"), ("i8", "i32")):
            assert rates.get(narrow, rates[wide]) >= rates[wide]
        tables = device["kernel_rates"]
        assert set(tables) == {"matmul", "convolution", "window", "rows", "elementwise", "copy", "read", "math"}
        for table in tables.values():
            assert [size for size, _ in table] == sorted({size for size, _ in table})
            assert all(rate > 0 for _, rate in table)
    path = tmp_path / "machine.json"
    path.write_text(json.dumps(machine))
    assert "latency_s" in json.loads(orchestra("plan", FOLDER / "towers.mlir", "--topology", path, "--json").stdout)


@pytest.fixture(scope="module")
def traced(orchestra, tmp_path_factory):
    """The edited plan of the page, run, and the plan with the times of that run."""
    folder = tmp_path_factory.mktemp("traced")
    kept, trace = folder / "kept.mlir", folder / "trace.json"
    orchestra("plan", FOLDER / "edited.mlir", "--keep", "-o", kept, "-q")
    orchestra("run", kept, "--random", "--warmup", "3", "--profile", trace)
    words = ["plan", kept, "--keep", "--trace", trace, "--gantt", folder / "plan.svg"]
    done = orchestra(*words, "--save-times", folder / "times.json", "--json")
    return folder, json.loads(done.stdout), json.loads(trace.read_text())


def test_a_run_gives_every_task_and_copy_its_time(traced):
    _, report, trace = traced
    slices = [event for event in trace["traceEvents"] if "task" in event.get("args", {})]
    assert len(slices) == len(report["work"])
    found = sorted((work["measured_start_s"], work["measured_end_s"]) for work in report["work"])
    ran = sorted((event["ts"] * 1e-6, (event["ts"] + event["dur"]) * 1e-6) for event in slices)
    for one, other in zip(found, ran, strict=True):
        assert one == pytest.approx(other)
    # What reads a value does not start before the value is there.
    ends = {(work["kind"], work["name"], work["device"]): work for work in report["work"]}
    join = ends["task", "join", "cpu0"]
    for before in (ends["task", "left", "cpu0"], ends["transfer", "right", "cpu0"]):
        assert before["measured_end_s"] <= join["measured_start_s"] + 1e-9
    assert all(work["measured_least_s"] <= work["measured_end_s"] - work["measured_start_s"] + 1e-9 for work in report["work"])


def test_the_picture_has_a_bar_for_each_time(traced):
    folder, report, _ = traced
    root = xml.etree.ElementTree.parse(folder / "plan.svg").getroot()
    bars = [rect.get("class") for rect in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert bars.count("measured") == len(report["work"])
    assert bars.count("task") + bars.count("transfer") == len(report["work"])


def test_measured_times_are_a_profile(orchestra, traced):
    folder, report, _ = traced
    times = json.loads((folder / "times.json").read_text())
    tasks = {work["name"]: work["measured_least_s"] for work in report["work"] if work["kind"] == "task"}
    assert times == {"x86_64": pytest.approx(tasks)}
    again = orchestra("plan", FOLDER / "edited.mlir", "--keep", "--profile", folder / "times.json", "--json")
    for work in json.loads(again.stdout)["work"]:
        if work["kind"] == "task":
            assert work["end_s"] - work["start_s"] == pytest.approx(tasks[work["name"]])
