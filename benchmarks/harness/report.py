# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The results of a benchmark as text: a line of progress, a summary, a Markdown table."""

from __future__ import annotations

import math
from typing import Any

# The goals that the summary judges: name -> bound.
GEOMEAN_BOUND, RATIO_BOUND = 1.15, 1.5
COLD_BOUND_S, WARM_BOUND_S = 5.0, 0.5
MEMORY_FACTOR, MEMORY_EXTRA_MB = 2.0, 300.0


def progress(model: dict[str, Any]) -> str:
    parts = [f"{model['model']:<22}"]
    for threads, t in model["threads"].items():
        parts.append(f"{threads}t {t['orchestra_ms']:.3f} / {t['ort_ms']:.3f} ms = {t['ratio']:.2f}x ")
    if model["failed"]:
        parts.append("FAILED " + "; ".join(model["failed"]))
    return " ".join(parts)


def summarise(result: dict[str, Any]) -> dict[str, Any]:
    models = result["models"]
    summary: dict[str, Any] = {"models": len(models), "failed": [m["model"] for m in models if m["failed"]]}
    for threads in map(str, result["settings"]["threads"]):
        ratios = {m["model"]: m["threads"][threads]["ratio"] for m in models if threads in m["threads"]}
        if ratios:
            summary[f"geomean_{threads}t"] = round(math.exp(sum(map(math.log, ratios.values())) / len(ratios)), 4)
            summary[f"worst_{threads}t"] = max(ratios.items(), key=lambda item: item[1])
            summary[f"timed_{threads}t"] = len(ratios)
    over: list[str] = []
    for m in models:
        for threads, t in m["threads"].items():
            if t["ratio"] > RATIO_BOUND:
                over.append(f"{m['model']}, {threads} thread(s): ratio {t['ratio']:.2f}")
        if m.get("compile_cold_s", 0) > COLD_BOUND_S:
            over.append(f"{m['model']}: cold compile {m['compile_cold_s']:.1f} s")
        if m.get("compile_warm_s", 0) > WARM_BOUND_S:
            over.append(f"{m['model']}: warm compile {m['compile_warm_s']:.2f} s")
        if m.get("compile_peak_rss_mb", 0) > MEMORY_FACTOR * m.get("model_mb", 0) + MEMORY_EXTRA_MB:
            took, size = m["compile_peak_rss_mb"], m["model_mb"]
            over.append(f"{m['model']}: compile takes {took:.0f} MB, the model is {size:.0f} MB")
    for threads in map(str, result["settings"]["threads"]):
        if summary.get(f"geomean_{threads}t", 0) > GEOMEAN_BOUND:
            over.append(f"geometric mean, {threads} thread(s): {summary[f'geomean_{threads}t']:.3f}")
    summary["beyond_goals"] = over
    return summary


def share(model: dict[str, Any], ms: float, peak: dict[str, Any]) -> str:
    """What part of the machine's peak the model's products reach."""
    if not model.get("flops") or not peak.get("gflops"):
        return "-"
    return f"{model['flops'] / ms / 1e6 / peak['gflops']:.0%}"


def number(value: Any, form: str) -> str:
    return "-" if value is None else format(value, form)


def row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def header(*cells: str) -> list[str]:
    """Names left, figures right."""
    return [row(*cells), "|-|" + "-:|" * (len(cells) - 1)]


def markdown(result: dict[str, Any]) -> str:
    m, s, v = result["machine"], result["settings"], result["versions"]
    lines = [f"# Benchmark of {result['date']}", ""]
    if s.get("stand_in"):
        lines += ["**Made with the stand-in: ONNX Runtime on both sides. A test of the harness, no result.**", ""]
    lines += [
        f"{m['cpu']}, {m['cores']} cores, {m['memory_gb']} GB, Linux {m['kernel']}. "
        f"Orchestra {v['orchestra']} (commit {v['commit']}), ONNX Runtime {v['onnxruntime']}. "
        f"{'Tiny' if s['small'] else 'Full-size'} models, {s['rounds']} rounds of {s['seconds']:g} s, "
        "medians; both engines in turns.",
        "",
    ]
    for threads, peak in result["peak"].items():
        if "failed" in peak:
            lines.append(f"- {threads} thread(s): peak not measured: {peak['failed']}")
        else:
            lines.append(
                f"- {threads} thread(s), measured peak: {peak['gflops']:.0f} GFLOP/s f32 ({peak['isa']}), "
                f"read {peak['read_gb_s']:.1f} GB/s, copy {peak['copy_gb_s']:.1f} GB/s (read + write)"
            )
    summary = result["summary"]
    for threads in map(str, s["threads"]):
        if f"geomean_{threads}t" in summary:
            name, worst = summary[f"worst_{threads}t"]
            lines.append(
                f"- {threads} thread(s), Orchestra / ONNX Runtime: geometric mean "
                f"{summary[f'geomean_{threads}t']:.3f} over {summary[f'timed_{threads}t']} of "
                f"{summary['models']} models, worst {worst:.2f} ({name})"
            )
    start = result.get("digits_start_to_exit", {})
    if "median_ms" in start:
        lines.append(f"- `orchestra run` of the digits model, warm, start to exit: {start['median_ms']} ms")
    elif start:
        lines.append(f"- `orchestra run` of the digits model: failed: {start['failed']}")
    for name, size in result.get("runtime_library_mb", {}).items():
        lines.append(f"- {name}: {size:.3f} MB")
    lines += [
        "",
        "Share: of the measured peak, counting products and convolutions only. "
        "Error: largest, as a share of the output's scale.",
        "",
        *header(
            "model",
            "threads",
            "ONNX Runtime ms",
            "Orchestra ms",
            "ratio (rounds)",
            "of minima",
            "share ORT",
            "share Orchestra",
        ),
    ]
    for model in result["models"]:
        for threads in map(str, s["threads"]):
            t = model["threads"].get(threads)
            if t is None:
                lines.append(row(model["model"], threads, "-", "failed", "-", "-", "-", "-"))
                continue
            peak, (low, high) = result["peak"].get(threads, {}), t["ratio_rounds"]
            lines.append(
                row(
                    model["model"],
                    threads,
                    f"{t['ort_ms']:.3f}",
                    f"{t['orchestra_ms']:.3f}",
                    f"{t['ratio']:.2f} ({low:.2f}-{high:.2f})",
                    f"{t['ratio_of_minima']:.2f}",
                    share(model, t["ort_ms"], peak),
                    share(model, t["orchestra_ms"], peak),
                )
            )
    lines += [
        "",
        *header(
            "model",
            "size MB",
            "error",
            "compile cold s",
            "warm s",
            "compile peak MB",
            "run peak MB",
            "artefact MB",
            "without weights MB",
        ),
    ]
    for model in result["models"]:
        run_peak = max((t["run_peak_rss_mb"] for t in model["threads"].values()), default=None)
        lines.append(
            row(
                model["model"],
                number(model.get("model_mb"), ".1f"),
                number(model.get("error"), ".1e"),
                number(model.get("compile_cold_s"), ".2f"),
                number(model.get("compile_warm_s"), ".2f"),
                number(model.get("compile_peak_rss_mb"), ".0f"),
                number(run_peak, ".0f"),
                number(model.get("artefact_mb"), ".1f"),
                number(model.get("artefact_without_weights_mb"), ".2f"),
            )
        )
    failed = [m for m in result["models"] if m["failed"]]
    if failed:
        lines += ["", "## Failed", ""]
        lines += [f"- {m['model']}: {'; '.join(m['failed'])}" for m in failed]
    if summary["beyond_goals"]:
        lines += ["", "## Beyond the goals", ""] + [f"- {text}" for text in summary["beyond_goals"]]
    return "\n".join(lines) + "\n"
