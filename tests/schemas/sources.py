"""The schemas that a folder holds, and how each gets into a database of its own."""
import re
import subprocess

# A schema's own statements may wait for nobody: whatever takes longer than this is given up.
FILE_SECONDS = 600


def sources(folder):
    """(name, files) of each: a file NAME.sql, or a folder NAME whose files are loaded in the order of their paths."""
    for path in sorted(folder.iterdir()):
        files = sorted(path.rglob("*.sql")) if path.is_dir() else [path] if path.suffix == ".sql" else []
        if files:
            yield path.stem if path.is_file() else path.name, files


def load(cluster, database, files):
    """Loads them as a superuser; the errors, which end nothing: dumps have roles and extensions of elsewhere."""
    psql = [str(cluster.programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=0", "-d", cluster.url(database), "-f"]
    errors = []
    for file in files:
        done = subprocess.run(psql + [str(file)], cwd=file.parent, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=FILE_SECONDS, check=False)
        lines = done.stderr.decode(errors="replace").splitlines()
        errors += [f"{file.name}: {line}" for line in lines if re.search(r"\b(ERROR|FATAL):|psql: error", line)]
    return errors
