#!/usr/bin/env python3
"""Whether the manual that script/manual makes has every command and option that shells complete, every key of the
sample configuration, and nothing that man complains about.

Usage: manual.py PROGRAM SOURCE_DIRECTORY. Exit status 1 when anything is otherwise.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True)


def shown(page):
    """The page as man shows it, each of its sections under its title, and what man complains about."""
    read = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True, check=True,
                          env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8", "GROFF_NO_SGR": "1"})
    text = re.sub(r".\x08", "", read.stdout)
    parts = re.split(r"^([A-Z][A-Z ]+)$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2])), read.stderr


def commands_of(program, command=()):
    """As the help of each names those below it."""
    yield " ".join(["trashd", *command])
    rows = run(program, *command, "--help").stdout.partition("Subcommands:\n")[2].partition("\n\n")[0]
    for name in re.findall(r"^  (\S+)", rows, re.M):
        yield from commands_of(program, [*command, name])


def program_faults(program, page):
    sections, complaints = shown(page)
    told = sections["COMMANDS"]
    commands = list(commands_of(program))
    if len(commands) < 20:
        yield f"the help names {len(commands)} commands"
    for command in commands[1:]:
        if not re.search(rf"^   {re.escape(command)}\b", told, re.M):
            yield f"trashd.1 lacks {command}"
    options = set(re.findall(r"^complete .* -l ([\w-]+)", run(program, "completion", "fish").stdout, re.M))
    if len(options) < 30:
        yield f"the completion has {len(options)} options"
    for option in options - {"help", "version"}:
        if not re.search(rf"(?<![\w-])--{re.escape(option)}(?![\w-])", told):
            yield f"trashd.1 lacks --{option}"
    yield from complaints.splitlines()


def configuration_faults(sample, page):
    sections, complaints = shown(page)
    told = " ".join(text for title, text in sections.items() if title != "EXAMPLE")
    # docs/rights.md has the keys of who may do what.
    keys = re.sub(r"(?m)^#\[(credentials|roles)\b.*\n(?:#.*\n)*", "", sample.read_text(encoding="utf-8"))
    for key in re.findall(r"^#? ?([a-z_]+) = ", keys, re.M):
        if not re.search(rf"\b{key}\b", told):
            yield f"trashd.toml.5 lacks {key}"
    if "[credentials]" not in sections["EXAMPLE"]:
        yield "trashd.toml.5 lacks the sample"
    yield from complaints.splitlines()


def main():
    program, source = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="trashd-manual-") as folder:
        run(source / "script/manual", program, folder)
        faults = [*program_faults(program, pathlib.Path(folder) / "trashd.1"),
                  *configuration_faults(source / "docs/trashd.toml", pathlib.Path(folder) / "trashd.toml.5")]
    for fault in faults:
        print(fault)
    print(f"manual: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
