#!/usr/bin/env python3
"""What `cmake --install` puts where: a program that runs, stripped, a sample configuration, completion for shells.

Usage: install.py BUILD_DIRECTORY. Exit status 1 when anything is otherwise.
"""
import pathlib
import subprocess
import sys
import tempfile


COMPLETIONS = {
    "bash": "bash-completion/completions/trashd",
    "zsh": "zsh/site-functions/_trashd",
    "fish": "fish/vendor_completions.d/trashd.fish",
}


def faults_of(prefix):
    program, sample = prefix / "bin/trashd", prefix / "share/doc/trashd/trashd.toml"
    if not subprocess.run([program, "--version"], capture_output=True, check=True).stdout.startswith(b"trashd "):
        yield "the program does not say its version"
    if b".symtab" in subprocess.run(["readelf", "-S", program], capture_output=True, check=True).stdout:
        yield "the program is not stripped"
    if subprocess.run([program, "config", "--config", sample], capture_output=True, check=False).returncode:
        yield "the sample configuration cannot be used"
    for shell, place in COMPLETIONS.items():
        made = subprocess.run([program, "completion", shell], capture_output=True, check=True).stdout
        if (prefix / "share" / place).read_bytes() != made:
            yield f"the completion for {shell} is another than the program's"


def main():
    with tempfile.TemporaryDirectory(prefix="trashd-install-") as folder:
        subprocess.run(["cmake", "--install", sys.argv[1], "--prefix", folder], check=True, stdout=subprocess.DEVNULL)
        faults = list(faults_of(pathlib.Path(folder)))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
