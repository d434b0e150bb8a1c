#!/usr/bin/env python3
"""Whether the documentation leads somewhere.

Usage: documentation.py SOURCE_DIRECTORY. The packages have the project's version, and need nothing to be built that
script/install does not install. Every relative link and #anchor of a Markdown file leads to a file or a
heading; README.md has at most 200 lines; every file that a page or a comment names is there, and every function that
the pages on the code name, in the file that they say. Exit status 1 when anything is otherwise.
"""
import pathlib
import re
import sys

MOST_README_LINES = 200
SOURCES = ("schema", "cascade", "trash", "service", "tests", "script", "demo", "docs", "debian", "examples", ".ci")
FENCE = re.compile(r"^\s*```.*?^\s*```\s*$", re.M | re.S)
LINK = re.compile(r"\]\(([^()\s]+)\)")
FILE = re.compile(r"(?<![\w/.-])(?:[\w.-]+/)*[\w-]+\.(?:cpp|hpp|py|sql|md|toml|svg)\b")
FUNCTION = re.compile(r"`((?:\w+::)*\w+)\(\)`")
# "`one()` and `other()` in `some/file.cpp`"
PLACED = re.compile(r"((?:`(?:\w+::)*\w+\(\)`(?:,?\s+and\s+|,\s+|\s+))+)in\s+`([\w./-]+)`")


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def anchors(page):
    """The ids that GitHub gives to the headings of a page."""
    seen = {}
    for heading in re.findall(r"^#+ +(.*?)\s*$", FENCE.sub("", page.read_text(encoding="utf-8")), re.M):
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = seen[anchor] = seen.get(anchor, -1) + 1
        yield f"{anchor}-{number}" if number else anchor


def link_faults(root, page):
    for target in LINK.findall(without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        leads_to = page.parent / path if path else page
        if not leads_to.exists() or root not in leads_to.resolve().parents:
            yield f"the link {target} leads nowhere"
        elif anchor and (leads_to.suffix != ".md" or anchor not in set(anchors(leads_to))):
            yield f"the link {target} leads to no heading"


def files(root):
    for folder in SOURCES:
        yield from (path for path in (root / folder).rglob("*") if path.is_file() and "node_modules" not in path.parts)


def names_of(root):
    """Paths in full, and what the files are called."""
    paths = {str(path.relative_to(root)) for path in files(root)} | {path.name for path in root.iterdir()}
    return paths | {path.rsplit("/", 1)[-1] for path in paths}


def comments(source):
    for line in source.read_text(encoding="utf-8").splitlines():
        if "#include" not in line:
            yield from re.findall(r"(?:^|\s)(?:///?|--) (.*)", line)


def missing_files(text, known):
    for name in FILE.findall(text):
        yield from () if name in known or "NAME" in name else [f"there is no file {name}"]


def missing_functions(text, sources):
    for name in FUNCTION.findall(text):
        if not re.search(rf"(?<!\w){re.escape(name)}\(", sources):
            yield f"there is no function {name}()"


def misplaced_functions(root, text):
    for functions, path in PLACED.findall(text):
        source = (root / path).read_text(encoding="utf-8") if (root / path).is_file() else ""
        for name in FUNCTION.findall(functions):
            if not re.search(rf"(?<!\w){re.escape(name)}\(", source):
                yield f"{name}() is not in {path}"


def room_faults(root):
    """The rooms of script/check_layers that docs/architecture.md does not describe, and the other way round."""
    checked = set(re.findall(r"^room (\S+)", (root / "script/check_layers").read_text(encoding="utf-8"), re.M))
    rooms = (root / "docs/architecture.md").read_text(encoding="utf-8").split("\n## Rooms\n")[1].split("\n## ")[0]
    for room in checked ^ set(re.findall(r"^\| `([\w/]+)` \|", rooms, re.M)):
        yield f"docs/architecture.md and script/check_layers do not both have the room {room}"


def package_faults(root):
    def found(pattern, path):
        return re.search(pattern, (root / path).read_text(encoding="utf-8"), re.M | re.S)[1]

    version = found(r"^project\(trashd VERSION (\S+)", "CMakeLists.txt")
    if found(r"^trashd \((.*?)\)", "debian/changelog") != version:
        yield f"debian/changelog does not begin with the version {version} of CMakeLists.txt"
    installed = found(r"^packages=\((.*?)\)$", "script/install").split()
    for line in found(r"^Build-Depends:\n(.*?)^Standards", "debian/control").splitlines():
        name = line.strip(" ,").split(" ")[0].removesuffix(":any")
        if name not in installed and name not in ("debhelper-compat", "python3"):
            yield f"debian/control needs {name}, which script/install does not install"


def page_faults(root, page, known, sources):
    yield from link_faults(root, page)
    text = page.read_text(encoding="utf-8")
    if page.name == "CHANGELOG.md":
        return
    if page.name in ("architecture.md", "CONTRIBUTING.md") or page.parent.name == "decisions":
        yield from missing_functions(text, sources)
        yield from misplaced_functions(root, text)
    inline = " ".join(re.findall(r"`([^`\n]*)`", FENCE.sub("", text)))
    yield from missing_files(" ".join(word for word in inline.split() if "/" in word and "://" not in word
                                      and word.split("/")[0] in SOURCES), known)


def faults(root):
    known = names_of(root)
    code = [path for path in files(root) if path.suffix in (".cpp", ".hpp") and "corpus" not in path.parts]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in code)
    pages = sorted(root.glob("*.md")) + sorted(path for path in files(root) if path.suffix == ".md")
    for page in pages:
        for fault in page_faults(root, page, known, sources):
            yield f"{page.relative_to(root)}: {fault}"
    for source in code:
        for fault in missing_files(" ".join(comments(source)), known):
            yield f"{source.relative_to(root)}: {fault}"
    yield from room_faults(root)
    yield from package_faults(root)
    length = len((root / "README.md").read_text(encoding="utf-8").splitlines())
    if length > MOST_README_LINES:
        yield f"README.md has {length} lines, more than {MOST_README_LINES}"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    found = sorted(set(faults(root)))
    for fault in found:
        print(fault)
    print(f"documentation: {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
