#!/usr/bin/env python3
"""The life of the package on a clean Debian: installed, upgraded from an earlier one with a full trash, downgraded,
removed and purged; and its unit, which no systemd runs here.

Usage: package.py FOLDER EARLIER: folders with the packages of now and of before. Needs root. Exit status 1 when
anything is otherwise.
"""
import pathlib
import subprocess
import sys

import image
from root import Root, must
from service import PROJECTS, SOCKET, Service

# `systemd-analyze security` counts from 0, nothing is open, to 10; tenfold here.
MOST_EXPOSED = 15
CONFIGURATION = "etc/trashd/trashd.toml"
FULL = f"0|0|{6 * PROJECTS}"
NEWER = "INSERT INTO trashd.migration (version) SELECT max(version) + 1 FROM trashd.migration"
OLDER = "DELETE FROM trashd.migration WHERE version = (SELECT max(version) FROM trashd.migration)"

faults = []


def check(holds, what):
    print("ok  " if holds else "FAIL", what, flush=True)
    if not holds:
        faults.append(what)


def packaged(folder):
    found = sorted(pathlib.Path(folder).glob("trashd_*.deb"))
    if len(found) != 1:
        raise SystemExit(f"{folder} has {len(found)} packages trashd_*.deb")
    return found[0]


def version(package):
    return must(["dpkg-deb", "-f", package, "Version"]).strip()


def check_unit(root):
    root.install(["systemd"])  # whose units this one names
    unit = root.folder / "lib/systemd/system/trashd.service"
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--root={root.folder}", "trashd.service"],
                              capture_output=True, text=True, check=False)
    said = [line for line in verified.stderr.splitlines() if "trashd" in line]
    check(not said, f"systemd-analyze verify has nothing to say of the unit {said}")
    judged = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", unit],
                            capture_output=True, text=True, check=False)
    last = (judged.stdout.strip().splitlines() or [judged.stderr])[-1]
    check(judged.returncode == 0, f"the unit is exposed by at most {MOST_EXPOSED / 10}: {last}")


def check_installed(root):
    check(root.try_to("trashd", "--version").returncode == 0, "the program runs")
    check(root.read(CONFIGURATION) == (pathlib.Path(__file__).parents[2] / "docs/trashd.toml").read_text("utf-8"),
          "/etc/trashd has the sample configuration")
    check(root.run("stat", "-c", "%U:%G %a", "/var/lib/trashd").strip() == "trashd:trashd 750",
          "/var/lib/trashd is the service's alone")
    for page in ("man1/trashd.1", "man5/trashd.toml.5"):
        check(root.has(f"usr/share/man/{page}.gz"), f"there is {page}")
    for place in ("bash-completion/completions/trashd", "zsh/vendor-completions/_trashd",
                  "fish/vendor_completions.d/trashd.fish"):
        check(root.has(f"usr/share/{place}"), f"there is {place}")


def check_serves(root):
    """Makes the tables, deletes all of them and takes all back; how they are then."""
    with Service(root) as service:
        service.fill()
    with Service(root) as service:
        before = service.rows()
        check(service.trash_all() == FULL, "all rows are deleted over HTTP, into the trash")
        service.restore_all()
        check(service.rows() == before, "all rows are back over HTTP, as they were")
        check(service.told_on_hangup() == {"status": "ready"}, "SIGHUP does not end it")
        other = root.try_to("psql", "-XAtc", "SELECT 1", "-d", SOCKET, user="nobody")
        check(other.returncode != 0 and "Permission denied" in other.stderr,
              "another user does not reach the private PostgreSQL")
    return before


def check_upgrade(root, now, before):
    with Service(root) as service:
        rows = service.rows()
        check(service.trash_all() == FULL, f"version {version(before)} fills the trash")
        listed = root.run("env", "-C", service.folder, "trashd", "trash", "list", "--limit", str(2 * PROJECTS),
                          "--config", "/" + CONFIGURATION, user=service.user)
        check(len(listed.splitlines()) == PROJECTS, "the command line lists it beside the service")
    changed = root.read(CONFIGURATION) + "\n# changed by hand\n"
    root.write(CONFIGURATION, changed)
    root.install([now], "-o", "Dpkg::Options::=--force-confold")
    check(root.read(CONFIGURATION) == changed, "an upgrade leaves the configuration that was changed")
    with Service(root) as service:
        service.restore_all()
        check(service.rows() == rows, f"version {version(now)} restores what the one before has trashed, as it was")
        check(service.trash_all() == FULL, "and trashes it again")
    return rows


def check_downgrade(root, now, before, rows):
    """The schema is as a newer program leaves it, whether or not this one has made it newer than the one before."""
    root.install([before], "--allow-downgrades", "-o", "Dpkg::Options::=--force-confold")
    at_rest(root, NEWER)
    said, status = Service(root).refusal()
    check(status == 5 and "[critical] the trash schema " in said and "install" in said and "newer" in said,
          f"a program that is older than the trash schema does not start: {said.strip()}")
    at_rest(root, OLDER)
    root.install([now], "-o", "Dpkg::Options::=--force-confold")
    with Service(root) as service:
        service.restore_all()
        check(service.rows() == rows, "after the upgrade back all is restored, as it was")
        check(service.trash_all() == FULL, "and trashed again")


def at_rest(root, sql):
    """Runs SQL on the private PostgreSQL while no service does."""
    bin_folder = root.run("sh", "-c", "ls -d /usr/lib/postgresql/*/bin").strip()
    data = ["-D", "/var/lib/trashd/trashd-data/data"]
    root.run(f"{bin_folder}/pg_ctl", "-s", "-w", *data, "-l", "/tmp/log", "start", user="trashd")
    root.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", SOCKET, "-c", sql, user="trashd")
    root.run(f"{bin_folder}/pg_ctl", "-s", "-w", *data, "stop", user="trashd")


def check_gone(root, now, rows):
    root.apt("remove", "trashd")
    check(not root.has("usr/bin/trashd"), "removed, the program is gone")
    check(root.has(CONFIGURATION) and root.has("var/lib/trashd/trashd-data"), "configuration and data stay")
    root.run("dpkg", "--purge", "trashd")
    check(not root.has("etc/trashd") and not root.has("etc/default/trashd"), "purged, the configuration is gone")
    check(root.has("var/lib/trashd/trashd-data/data/PG_VERSION"), "the database stays")
    root.install([now])
    with Service(root) as service:
        service.restore_all()
        check(service.rows() == rows, "installed again, it restores what lay in the trash")


def check_image(root, now):
    text = (pathlib.Path(__file__).parents[2] / "Dockerfile").read_text("utf-8")
    built, final = image.stages(text)
    check(("RUN", "script/package") in built, "the image is made of the package")
    said = image.follow(root, final, now)
    check(not image.is_healthy(root, said), "a container in which nothing listens is not healthy")
    process = image.container(root, said, "--demo")
    told = ""
    while "listening on" not in told and (line := process.stderr.readline()):
        told += line
    check("listening on" in told, f"the container serves: {told.strip().splitlines()[-1:]}")
    check(image.is_healthy(root, said), "and is healthy")
    process.terminate()
    process.communicate(timeout=60)
    # tini hands on the signal and then the status.
    check(process.returncode == 0, f"SIGTERM ends it with status 0, not {process.returncode}")


def main():
    now, before = packaged(sys.argv[1]), packaged(sys.argv[2])
    print(f"{version(before)} -> {version(now)}")
    cache = pathlib.Path(__file__).resolve().parents[2] / "build"
    with Root(cache) as root:
        root.install([now, "postgresql-15"])
        check_installed(root)
        check_unit(root)
        check_serves(root)
        root.run("dpkg", "--purge", "trashd")
        check(root.has("var/lib/trashd/trashd-data"), "the data outlives a purge")
        root.install([before])
        rows = check_upgrade(root, now, before)
        check_downgrade(root, now, before, rows)
        check_gone(root, now, rows)
    with Root(cache) as root:
        check_image(root, now)
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
