"""A clean Debian under a folder, in which programs run as on a machine of its own, but for the network."""
import contextlib
import os
import pathlib
import shutil
import subprocess

SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
# No service is started by an installation, and PostgreSQL's package makes no cluster.
POLICY = "#!/bin/sh\nexit 101\n"
CREATE_NO_CLUSTER = "create_main_cluster = false\n"


def must(command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **more)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def base(cache):
    """The system as debootstrap makes it, kept for the next time."""
    folder = cache / f"debian-{SUITE}"
    if not (folder / "etc/os-release").exists() or (folder / "debootstrap").exists():
        shutil.rmtree(folder, ignore_errors=True)
        must(["debootstrap", "--variant=minbase", SUITE, folder, MIRROR])
    return folder


class Root:
    """A copy of the base from `with` to its end."""

    def __init__(self, cache):
        self.base = base(cache)
        self.folder = cache / "try"
        self.mounts = contextlib.ExitStack()

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        must(["cp", "-a", self.base, self.folder])
        self.mount("proc", "proc")
        self.mount("tmpfs", "dev/shm")
        self.write("usr/sbin/policy-rc.d", POLICY, 0o755)
        self.write("etc/postgresql-common/createcluster.d/trashd.conf", CREATE_NO_CLUSTER)
        self.apt("update")
        return self

    def __exit__(self, *_):
        self.mounts.close()
        shutil.rmtree(self.folder)

    def mount(self, kind, place):
        (self.folder / place).mkdir(exist_ok=True)
        must(["mount", "-t", kind, kind, self.folder / place])
        self.mounts.callback(must, ["umount", self.folder / place])

    def write(self, path, text, mode=0o644):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)

    def write_bytes(self, path, content):
        (self.folder / path).write_bytes(content)

    def group_of(self, user):
        return next(line.split(":")[3] for line in self.read("etc/passwd").splitlines() if line.startswith(user + ":"))

    def command(self, words, user=None):
        as_user = ["setpriv", "--reuid", user, "--regid", self.group_of(user), "--init-groups"] if user else []
        return ["chroot", self.folder, *as_user, "env", "-i", "-C", "/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *words]

    def run(self, *words, user=None):
        return must(self.command(words, user))

    def try_to(self, *words, user=None):
        return subprocess.run([str(word) for word in self.command(words, user)], capture_output=True, text=True,
                              check=False)

    def apt(self, *words):
        return self.run("apt-get", "-q", "-y", "-o", "Acquire::Retries=3", *words)

    def install(self, packages, *options):
        """Files of packages, and packages by their names, with all that they depend on."""
        names = []
        for package in map(str, packages):
            if package.endswith(".deb"):
                shutil.copy(package, self.folder / "tmp")
                package = "/tmp/" + os.path.basename(package)
            names.append(package)
        return self.apt("install", "--no-install-recommends", *options, *names)

    def has(self, path):
        return os.path.lexists(self.folder / path)

    def read(self, path):
        return (pathlib.Path(self.folder) / path).read_text(encoding="utf-8")
