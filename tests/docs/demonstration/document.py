"""A manual whose console blocks can be run.

    <!-- scene: mail server refuses -->        something happens in the world; readers do not see the line
    <!-- file: new.conf -->                    the ```ini block that follows changes a copy of the configuration
    ```console
    $ quarantinectl list                       a command; the lines below it are what it printed
    ```
"""
import dataclasses
import re


@dataclasses.dataclass
class Text:
    line: str

    def lines(self):
        return [self.line]


@dataclasses.dataclass
class Scene(Text):
    name: str


@dataclasses.dataclass
class Step:
    command: str
    output: list
    number: int  #: of its line

    def lines(self):
        return ["$ " + self.command, *self.output]


@dataclasses.dataclass
class Console:
    steps: list

    def lines(self):
        return ["```console", *(line for step in self.steps for line in step.lines()), "```"]


@dataclasses.dataclass
class File:
    """A file that the reader is told to write."""
    name: str
    content: list

    def lines(self):
        return [f"<!-- file: {self.name} -->", "```ini", *self.content, "```"]


class Malformed(Exception):
    """The manual is not written as this program reads it."""


def _until_fence(lines, begin):
    for end in range(begin, len(lines)):
        if lines[end] == "```":
            return end
    raise Malformed(f"line {begin}: the block never ends")


def _console(lines, begin):
    block = Console([])
    end = _until_fence(lines, begin)
    for number in range(begin, end):
        if lines[number].startswith("$ "):
            block.steps.append(Step(lines[number][2:], [], number + 1))
        elif not block.steps:
            raise Malformed(f"line {number + 1}: a console block begins with a command")
        else:
            block.steps[-1].output.append(lines[number])
    return block, end


def parse(text):
    """The parts of the manual, in order."""
    lines = text.splitlines()
    parts = []
    number = 0
    while number < len(lines):
        line = lines[number]
        scene = re.fullmatch(r"<!-- scene: (.+) -->", line)
        file = re.fullmatch(r"<!-- file: (\S+) -->", line)
        if scene:
            parts.append(Scene(line, scene.group(1)))
        elif file:
            if lines[number + 1:number + 2] != ["```ini"]:
                raise Malformed(f"line {number + 2}: expected ```ini")
            end = _until_fence(lines, number + 2)
            parts.append(File(file.group(1), lines[number + 2:end]))
            number = end
        elif line == "```console":
            block, number = _console(lines, number + 1)
            parts.append(block)
        else:
            parts.append(Text(line))
        number += 1
    return parts


def written(parts):
    return "\n".join(line for part in parts for line in part.lines()) + "\n"


def commands(parts):
    return [step for part in parts if isinstance(part, Console) for step in part.steps]
