"""The Dockerfile's last stage, followed on a clean Debian, where there is no engine: what it runs, what it starts and
how it asks whether that lives."""
import json
import re
import subprocess

LISTEN = "127.86.0.9:8080"


def stages(text):
    """[(instruction, words)] of each stage."""
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines()
    found = []
    for line in filter(None, map(str.strip, lines)):
        instruction, _, words = line.partition(" ")
        if instruction == "FROM":
            found.append([])
        found[-1].append((instruction, words.strip()))
    return found


def follow(root, stage, package):
    """Does what the stage does; what it says of the container, by instruction."""
    said = {}
    for instruction, words in stage:
        if instruction == "RUN":
            root.run("sh", "-ec", words)
        elif instruction == "COPY":
            target = words.split()[-1]
            if not words.startswith("--from=build /src/build/package/trashd_"):
                raise SystemExit(f"nobody knows how to follow: COPY {words}")
            root.write_bytes(target.strip("/") + "/" + package.name, package.read_bytes())
        else:
            said[instruction] = words
    return said


def container(root, said, *arguments):
    words = ["env", "-C", said["WORKDIR"], f"TRASHD_LISTEN={LISTEN}", *json.loads(said["ENTRYPOINT"]), *arguments]
    return subprocess.Popen(list(map(str, root.command(words, said["USER"]))), stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def is_healthy(root, said):
    words = json.loads(said["HEALTHCHECK"].split("CMD", 1)[1])
    return root.try_to("env", f"TRASHD_LISTEN={LISTEN}", *words, user=said["USER"]).returncode == 0
