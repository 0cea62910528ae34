"""What was measured against what: rows of one table."""
import dataclasses
import json
import platform
import statistics
import subprocess


@dataclasses.dataclass
class Figure:
    name: str
    where: str              #: transport, connections, ...
    value: float
    unit: str = "ratio"
    goal: float = None      #: None: shown, not judged
    at_least: bool = False  #: the goal is the least, not the most
    spread: tuple = ()      #: the smallest and the largest of the rounds
    detail: str = ""        #: the absolute numbers behind it

    @property
    def met(self):
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def ratio(name, where, pairs, goal=None, at_least=False, detail=""):
    """The median of ours / floor over the rounds."""
    ratios = sorted(ours / floor for ours, floor in pairs)
    return Figure(name, where, statistics.median(ratios), goal=goal, at_least=at_least,
                  spread=(ratios[0], ratios[-1]), detail=detail)


def _number(value):
    return f"{value:.3f}" if value < 10 else f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def table(figures):
    lines = [("figure", "where", "measured", "rounds", "goal", "", "numbers behind it")]
    for figure in figures:
        spread = f"{_number(figure.spread[0])}-{_number(figure.spread[1])}" if figure.spread else ""
        goal = "" if figure.goal is None else f"{'>=' if figure.at_least else '<='} {figure.goal:g}"
        verdict = {None: "", True: "met", False: "MISSED"}[figure.met]
        unit = "" if figure.unit == "ratio" else " " + figure.unit
        lines.append((figure.name, figure.where, _number(figure.value) + unit, spread, goal, verdict, figure.detail))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    rows = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]
    rows.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(rows)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine())
    cores = len(__import__("os").sched_getaffinity(0))
    return f"{cores} cores of {model}, Linux {platform.release()}"


def file_system(folder):
    done = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def as_json(figures, about):
    rows = [{**dataclasses.asdict(figure), "met": figure.met} for figure in figures]
    return json.dumps({**about, "figures": rows}, indent=1)
