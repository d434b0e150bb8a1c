#!/usr/bin/env python3
"""What `cmake --install` puts where: a program that runs, stripped, a sample configuration, completion for shells, the
manual where it was made, and the library, with which examples/library is built and run against a PostgreSQL.

Usage: install.py BUILD_DIRECTORY SOURCE_DIRECTORY. Exit status 1 when anything is otherwise.
"""
import contextlib
import pathlib
import subprocess
import sys
import tempfile

COMPLETIONS = {
    "bash": "bash-completion/completions/trashd",
    "zsh": "zsh/site-functions/_trashd",
    "fish": "fish/vendor_completions.d/trashd.fish",
}
TABLES = """
CREATE TABLE project (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE task (id bigint PRIMARY KEY, project_id bigint NOT NULL REFERENCES project ON DELETE CASCADE);
CREATE TABLE bill (id bigint PRIMARY KEY, project_id bigint NOT NULL CONSTRAINT bill_project REFERENCES project);
INSERT INTO project VALUES (1, 'Website'), (2, 'Shop');
INSERT INTO task SELECT i, 1 FROM generate_series(1, 4) i;
INSERT INTO bill VALUES (7, 2), (8, 2);
"""
TAKEN_BACK = """deleted 5 rows
in the trash: {"id":1,"name":"Website"}, by take_back
restored 5 rows
"""
BLOCKED = "  2 rows of bill by bill_project\n"


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def program_faults(prefix):
    program, sample = prefix / "bin/trashd", prefix / "share/doc/trashd/trashd.toml"
    if not run(program, "--version").stdout.startswith("trashd "):
        yield "the program does not say its version"
    if ".symtab" in run("readelf", "-S", program).stdout:
        yield "the program is not stripped"
    if run(program, "config", "--config", sample).returncode:
        yield "the sample configuration cannot be used"
    for shell, place in COMPLETIONS.items():
        if (prefix / "share" / place).read_text(encoding="utf-8") != run(program, "completion", shell).stdout:
            yield f"the completion for {shell} is another than the program's"


def built(source, prefix, folder, target):
    """The program of a project that finds trashd where it was installed; what the compiler says is an exception."""
    for command in (["cmake", "-S", source, "-B", folder, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_CXX_FLAGS=-O0"],
                    ["cmake", "--build", folder]):
        made = run(*command)
        if made.returncode:
            raise SystemExit(f"{' '.join(map(str, command))}:\n{made.stdout}{made.stderr}")
    return folder / target


def header_faults(prefix, folder):
    """Each header that is installed can be included by itself, from nothing but what is installed."""
    headers = sorted((prefix / "include/trashd").rglob("*.hpp"))
    (folder / "headers.cpp").write_text("".join(
        f'#include "{header.relative_to(prefix / "include/trashd")}"\n' for header in headers) + "int main() {}\n")
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(headers LANGUAGES CXX)\nfind_package(trashd 0.1 REQUIRED)\n"
        "add_executable(headers headers.cpp)\ntarget_link_libraries(headers trashd::trash trashd::cascade trashd::schema)\n")
    built(folder, prefix, folder / "build", "headers")
    if not any(header.name == "trash.hpp" for header in headers):
        yield "the local API is not installed"


def library_faults(prefix, source, folder):
    sys.path.insert(0, str(source / "tests/bench"))
    from cluster import Cluster

    program = built(source / "examples/library", prefix, folder, "take_back")
    with Cluster(prefix="trashd-install-", settings={"shared_buffers": "'32MB'"}) as cluster:
        database = cluster.url("postgres")
        with contextlib.closing(cluster.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(TABLES)
        first = run(program, database, "project", "1")
        if (first.returncode, first.stdout) != (0, TAKEN_BACK):
            yield f"the example did not take back what it deleted: {first.stdout}{first.stderr}"
        second = run(program, database, "project", "2")
        if second.returncode != 1 or not second.stderr.endswith(BLOCKED):
            yield f"the example does not say what blocks a delete: {second.stderr}"
        third = run(program, database, "project", "3")
        if third.returncode != 1 or not third.stderr.startswith("not-found: "):
            yield f"the example does not say what is not there: {third.stderr}"


def faults_of(build, source, folder):
    prefix = folder / "prefix"
    subprocess.run(["cmake", "--install", build, "--prefix", prefix, "--strip"], check=True, stdout=subprocess.DEVNULL)
    yield from program_faults(prefix)
    (folder / "headers").mkdir()
    yield from header_faults(prefix, folder / "headers")
    yield from library_faults(prefix, source, folder / "example")


def main():
    with tempfile.TemporaryDirectory(prefix="trashd-install-") as folder:
        faults = list(faults_of(sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(folder)))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
