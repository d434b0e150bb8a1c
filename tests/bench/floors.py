"""The hand-written statements that trashd is measured against; no part is slower than need be.

plain: locks from the top down, then one statement that deletes and captures the same values in the
same form, into one trash table with the same two look-ups. books: the same, and a row per group and
one in a ledger, as trashd writes them. cascade: ON DELETE CASCADE alone, nothing captured.

They lack what trashd does besides: the fingerprint of the schema, the guard that counts what
vanished, fixed output settings, limits on waits, HTTP.
"""

RECORD = (
    "ARRAY[id::text, task_id::text, impulse_id::text, person, day::text, minutes::text, "
    "rate::text, billed::text, note, tags::text, created::text, changed::text]"
)
TASK = "ARRAY[id::text, project_id::text, name, billable::text, created::text]"
MEMBER = "ARRAY[project_id::text, person_id::text, role]"
PROJECT = "ARRAY[id::text, client_id::text, name, budget::text, created::text]"

BOOKS = (
    ", g AS (INSERT INTO floor.trash_group SELECT {group}, gen_random_uuid(), now(), 'bench', "
    "'{{id}}', {size} RETURNING uuid), l AS (INSERT INTO floor.ledger (at, by, table_name, "
    "object_id, "
    "group_uuid, counts) SELECT now(), 'bench', '{table}', '{{id}}', uuid, "
    "jsonb_build_object({counts}) FROM g)"
)

SINGLE = (
    "WITH d AS (DELETE FROM time_record WHERE id = {{id}} RETURNING *){books} "
    "INSERT INTO floor.item SELECT {group}, 1, 4, id::text, " + RECORD + ", now(), 'bench' FROM d"
)

GROUP = (
    "WITH r AS (DELETE FROM time_record WHERE task_id = ANY (ARRAY(SELECT id FROM task "
    "WHERE project_id = {{id}})) RETURNING *), "
    "m AS (DELETE FROM member WHERE project_id = {{id}} RETURNING *), "
    "t AS (DELETE FROM task WHERE project_id = {{id}} RETURNING *), "
    "p AS (DELETE FROM project WHERE id = {{id}} RETURNING *){books} "
    "INSERT INTO floor.item SELECT currval('floor.group_id'), row_number() OVER (), k, o, v, "
    "now(), "
    "'bench' FROM (SELECT 1 AS k, id::text AS o, " + PROJECT + " AS v FROM p "
    "UNION ALL SELECT 2, id::text, " + TASK + " FROM t "
    "UNION ALL SELECT 3, project_id || ',' || person_id, " + MEMBER + " FROM m "
    "UNION ALL SELECT 4, id::text, " + RECORD + " FROM r) x"
)

LOCKS = [
    "SELECT nextval('floor.group_id') FROM project WHERE id = {id} FOR UPDATE",
    "SELECT FROM task WHERE project_id = {id} ORDER BY id FOR UPDATE",
]

CASCADE = "DELETE FROM project WHERE id = {id}"
RESTORE = [
    "INSERT INTO project SELECT payload[1]::bigint, payload[2]::bigint, payload[3], "
    "payload[4]::numeric, payload[5]::timestamptz "
    "FROM floor.item WHERE group_id = {id} AND kind = 1",
    "INSERT INTO task SELECT payload[1]::bigint, payload[2]::bigint, payload[3], "
    "payload[4]::boolean, payload[5]::timestamptz "
    "FROM floor.item WHERE group_id = {id} AND kind = 2",
    "INSERT INTO member SELECT payload[1]::bigint, payload[2]::bigint, payload[3] "
    "FROM floor.item WHERE group_id = {id} AND kind = 3",
    "INSERT INTO time_record SELECT payload[1]::bigint, payload[2]::bigint, payload[3]::bigint, "
    "payload[4], payload[5]::date, payload[6]::int, payload[7]::numeric, payload[8]::boolean, "
    "payload[9], "
    "payload[10]::text[], payload[11]::timestamptz, payload[12]::timestamptz "
    "FROM floor.item WHERE group_id = {id} AND kind = 4",
    "DELETE FROM floor.item WHERE group_id = {id}",
]
PURGE = ["DELETE FROM floor.item WHERE group_id = {id}"]
RESTORE_SINGLE = [
    "WITH d AS (DELETE FROM floor.item WHERE group_id = {id} RETURNING payload) "
    "INSERT INTO time_record SELECT payload[1]::bigint, payload[2]::bigint, payload[3]::bigint, "
    "payload[4], payload[5]::date, payload[6]::int, payload[7]::numeric, payload[8]::boolean, "
    "payload[9], "
    "payload[10]::text[], payload[11]::timestamptz, payload[12]::timestamptz FROM d"
]
READ = ["SELECT row_to_json(r) FROM time_record r WHERE id = {id}"]
LIST = [
    "SELECT object_id, payload, deleted_at, deleted_by FROM floor.item WHERE kind = 4 "
    "ORDER BY group_id DESC LIMIT 50"
]


def single(books=False):
    text = (
        BOOKS.format(
            group="currval('floor.group_id')",
            size=1,
            table="time_record",
            counts="'public.time_record', 1",
        )
        if books
        else ""
    )
    group = "currval('floor.group_id')" if books else "nextval('floor.group_id')"
    statement = SINGLE.format(books=text, group=group)
    return ["SELECT nextval('floor.group_id')", statement] if books else [statement]


def group(books=False):
    counts = ", ".join(
        f"'public.{table}', (SELECT count(*) FROM {name})"
        for table, name in (("project", "p"), ("task", "t"), ("member", "m"), ("time_record", "r"))
    )
    size = "(SELECT count(*) FROM r) + (SELECT count(*) FROM m) + (SELECT count(*) FROM t) + 1"
    text = (
        BOOKS.format(group="currval('floor.group_id')", size=size, table="project", counts=counts)
        if books
        else ""
    )
    return LOCKS + [GROUP.format(books=text)]


def pgbench_script(statements, span=None):
    """A transaction takes the next id of its client; several statements go in one pipeline."""
    place = ":client_id + :n * :clients"
    place = f"({place}) % {span}" if span else place
    lines = [f"\\set id :base + {place}", "\\set n :n + 1"]
    lines_sql = [
        statement.format(id=":id").replace("':id'", ":id::text") + ";" for statement in statements
    ]
    if len(lines_sql) == 1:
        return "\n".join(lines + lines_sql) + "\n"
    return (
        "\n".join(lines + ["\\startpipeline", "BEGIN;", *lines_sql, "COMMIT;", "\\endpipeline"])
        + "\n"
    )


def prepared(name, statements):
    """SQL that prepares them for an id, and SQL that runs them as one transaction of %(id)s."""
    texts = [statement.format(id="$1").replace("'$1'", "$1::text") for statement in statements]
    prepare = "".join(f"PREPARE {name}{i} (bigint) AS {text};" for i, text in enumerate(texts))
    execute = "".join(f"EXECUTE {name}{i} (%(id)s);" for i in range(len(texts)))
    return prepare, "BEGIN;" + execute + "COMMIT"
