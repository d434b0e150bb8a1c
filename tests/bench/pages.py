"""Time of a page of 50 by the size of the trash, filled by SQL with copies of real items."""
import random
import statistics

from cluster import rows, value
from supply import GROUP_SIZE

# Copies of one real group, whatever columns the tables have, with keys and times of their own.
GROUPS = """
INSERT INTO trashd.trash_group OVERRIDING SYSTEM VALUE
SELECT (jsonb_populate_record(g, jsonb_build_object('id', g.id + i, 'taken', g.taken + i,
    'uuid', (lpad(to_hex(i), 12, '0') || '7000800000000000' || right(g.uuid::text, 4))::uuid,
    'created_at', g.created_at - i * interval '1 second', 'root_object', 1000000000 + i))).*
FROM trashd.trash_group g, generate_series(1, %(groups)s) i WHERE g.id = %(like)s
"""
ITEMS = """
INSERT INTO trashd.item (group_id, ordinal, shape, object_id, payload)
SELECT i.group_id + n, i.ordinal, i.shape,
    x.key || CASE WHEN s.table_name = 'member' THEN ',' || i.payload[2] ELSE '' END,
    array_prepend(x.key, i.payload[2:])
FROM generate_series(%(first)s, %(last)s) n, trashd.item i JOIN trashd.shape s ON s.id = i.shape,
    LATERAL (SELECT CASE WHEN s.table_name IN ('project', 'member') THEN 1000000000 + n
        ELSE 1000000000 + n * 100 + i.ordinal END::text AS key) x
WHERE i.group_id = %(like)s
"""
STEP = 20000  # groups a transaction


def real_group(connection, service, size):
    """Deletes one group of that size over HTTP; its id in the trash."""
    number = value(connection, "SELECT supply.groups(1, %s)", (size,))
    service.delete("project", number)
    return value(connection, "SELECT max(id) FROM trashd.trash_group")


def fill(connection, service, items):
    """Adds that many items in groups of 56, then lets VACUUM and ANALYZE see them."""
    like = real_group(connection, service, GROUP_SIZE)
    groups = items // GROUP_SIZE
    rows(connection, GROUPS, {"groups": groups, "like": like})
    rows(
        connection,
        "SELECT setval('trashd.trash_group_id_seq', (SELECT max(id) FROM trashd.trash_group))",
    )
    for first in range(1, groups + 1, STEP):
        rows(
            connection, ITEMS, {"first": first, "last": min(first + STEP - 1, groups), "like": like}
        )
    rows(connection, "VACUUM ANALYZE trashd.trash_group, trashd.item")


def next_page(service, path):
    link = service.call("GET", path)[1]["Link"]
    if not link or 'rel="next"' not in link:
        raise SystemExit(f"{path} has no next page")
    return link[link.index("<") + 1 : link.index(">")]


def follow(service, path, pages):
    for _ in range(pages):
        path = next_page(service, path)
    return path


def look(service, path, rows_expected):
    seconds, _, body = service.call("GET", path)
    if body.count(b'"deletedBy"') != rows_expected:
        raise SystemExit(f"{path} gave another page than {rows_expected} items")
    return 1000 * seconds


def measure(services, repeats):
    """services: by size of the trash, asked in random order; medians and p99 in milliseconds."""
    kinds = {
        "@deleted": ("/v1/time_record/@deleted", 0),
        "@deleted, 10 pages on": ("/v1/time_record/@deleted", 10),
        "trash": ("/v1/trash", 0),
        "trash, 10 pages on": ("/v1/trash", 10),
        "trash with objects": ("/v1/trash?expand=object", 0),
    }
    result = {}
    for kind, (path, pages) in kinds.items():
        paths = {size: follow(service, path, pages) for size, service in services.items()}
        seen = {size: [] for size in services}
        for _ in range(repeats):
            for size in random.sample(list(services), len(services)):
                seen[size].append(look(services[size], paths[size], 50))
        result[kind] = {
            str(size): {
                "p50_ms": statistics.median(times),
                "p99_ms": sorted(times)[len(times) * 99 // 100],
            }
            for size, times in seen.items()
        }
    return result
