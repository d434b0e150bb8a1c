"""The figures as SVG: throughput by clients, groups by their size, pages by size of the trash, peers."""
import matplotlib

import report

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "trashd"})
import matplotlib.pyplot as plt  # noqa: E402

NAMES = {
    "trashd": "trashd over HTTP",
    "plain": "hand-written SQL",
    "cascade": "ON DELETE CASCADE, no trash",
    "trashd_restore": "trashd restore",
    "trashd_purge": "trashd purge",
    "singles": "1 row",
    "groups": "56 rows in 4 tables",
}
COLOURS = {
    "trashd": "#0b6e4f",
    "plain": "#c84630",
    "cascade": "#8d99ae",
    "trashd_restore": "#3a86c8",
    "trashd_purge": "#b08900",
    "floor": "#c84630",
    "classic": "#3a86c8",
    "orm": "#b08900",
}


def caption(result):
    about = result["machine"]
    return (
        f"{about['cores']} cores ({about['cpu']}), {about['system']}, "
        f"PostgreSQL {about['postgresql']}\n"
        "fsync and synchronous_commit on; medians of alternating rounds; "
        f"trashd {result['revision']}; load at the start {result['load'][0]:.1f}"
    )


def save(figure, result, path):
    figure.text(0.01, 0.01, caption(result), fontsize=6, color="#555555")
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def clients(result, path):
    found = result["by_clients"]
    figure, axes = plt.subplots(1, len(found), figsize=(9, 3.6))
    for axis, (kind, by_clients) in zip(axes, found.items()):
        numbers = sorted(by_clients, key=int)
        for side in ("plain", "trashd"):
            axis.plot(
                numbers,
                [by_clients[n][side]["rate"] for n in numbers],
                "o-",
                color=COLOURS[side],
                label=NAMES[side],
            )
        axis.set(
            title=f"delete of {NAMES[kind]}",
            xlabel="clients",
            ylabel="deletes a second",
            ylim=(0, None),
        )
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7)
    save(figure, result, path)


def sizes(result, path):
    figure, axis = plt.subplots(figsize=(7, 4.2))
    numbers = sorted(result["groups"], key=int)
    for side in ("cascade", "plain", "trashd", "trashd_restore", "trashd_purge"):
        axis.loglog(
            [int(n) for n in numbers],
            [result["groups"][n][side]["ms"] for n in numbers],
            "o-",
            color=COLOURS[side],
            label=NAMES[side],
        )
    axis.set(title="time of one group, one client", xlabel="rows in the group", ylabel="ms")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    save(figure, result, path)


def pages(result, path):
    found = result["pages"]
    sizes_seen = sorted({size for kind in found.values() for size in kind}, key=int)
    figure, axis = plt.subplots(figsize=(7, 3.6))
    width = 0.8 / len(sizes_seen)
    for place, size in enumerate(sizes_seen):
        axis.bar(
            [n + place * width for n in range(len(found))],
            [kind[size]["p50_ms"] for kind in found.values()],
            width,
            label=f"{int(size):,} items in the trash",
        )
    axis.set_xticks([n + width / 2 for n in range(len(found))], list(found), fontsize=7)
    axis.set(title="a page of 50", ylabel="ms (median)")
    axis.legend(fontsize=8)
    save(figure, result, path)


def peers(result, path):
    found = result["peers"]["rates"]
    figure, axes = plt.subplots(len(found), 1, figsize=(9, 3.6 * len(found)), squeeze=False)
    for axis, (number, operations) in zip(axes[:, 0], found.items()):
        names = [name for name in report.PEER_SIDES if name in operations["read"]]
        width = 0.8 / len(names)
        for place, name in enumerate(names):
            axis.bar(
                [n + place * width for n in range(len(operations))],
                [sides[name]["rate"] / sides["floor"]["rate"] for sides in operations.values()],
                width,
                color=COLOURS[name],
                label=report.PEER_SIDES[name],
            )
        ticks = [n + width * (len(names) - 1) / 2 for n in range(len(operations))]
        labels = [report.PEER_OPERATIONS[each].replace(" ", "\n", 1) for each in operations]
        axis.set_xticks(ticks, labels, fontsize=7)
        axis.set(title=f"{number} client{'s' if number != '1' else ''}", ylabel="part of the floor's rate")
        axis.grid(alpha=0.3, axis="y")
        axis.legend(fontsize=7)
    save(figure, result, path)


def write(result, folder):
    if "rates" in result:
        clients(result, folder / "throughput.svg")
        sizes(result, folder / "groups.svg")
        pages(result, folder / "pages.svg")
    if "peers" in result:
        peers(result, folder / "peers.svg")
