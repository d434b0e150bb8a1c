"""Chooses what to work on: one row of a table, one group of the trash, at random."""
import contextlib
import itertools
import uuid

import psycopg2

from cluster import rows
from values import COLUMNS, TYPES, given

NEW = itertools.count(1)  # the identities of rows, for all who make some


def task_id(uid):
    return str(uuid.UUID(int=uid * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128)))


class Lost(Exception):
    """What others did kept this from being done, or nobody knows whether it was."""


class Database:
    """A connection that comes back after a crash."""

    RACES = ("08", "23", "40", "57", "25P02", "25P03", "55P03", "42P01", "53300", "XX000")

    def __init__(self, stand, counts):
        self.stand, self.counts = stand, counts
        self.connection = None

    @contextlib.contextmanager
    def transaction(self):
        """Commits at the end; raises Lost for what a race or a crash did to it."""
        try:
            if self.connection is None or self.connection.closed:
                self.connection = psycopg2.connect(self.stand.url())
            yield self.connection
            self.connection.commit()
        except psycopg2.Error as error:
            code = error.pgcode or "08006"  # it broke, and nobody said why
            self.counts[f"SQL error {code}"] += 1
            self.forget()
            if code.startswith(self.RACES):
                raise Lost(code) from error
            raise

    def forget(self):
        try:
            if self.connection is not None:
                self.connection.rollback()
        except psycopg2.Error:
            self.connection.close()

    def close(self):
        if self.connection is not None:
            self.connection.close()

    def one(self, sql, parameters=None):
        """The first row, or None."""
        with self.transaction() as connection:
            found = rows(connection, sql, parameters)
        return found[0] if found else None


def any_row(random, database, table, columns):
    """Columns of one row, more often of a new one."""
    return database.one(f"SELECT {columns} FROM {table} WHERE uid >= %s ORDER BY uid LIMIT 1", (near(random),))


def near(random):
    """An identity that was given before; one is used up by each question, which does no harm."""
    high = next(NEW)
    return random.randrange(high) if random.random() < 0.8 else high - random.randrange(min(high, 300))


def any_group(random, database):
    """Identity of the item that is the root of a group that waits."""
    found = database.one("SELECT uuid::text FROM trashd.trash_group WHERE state = 'trashed' AND id >= "
                         "(SELECT %s * max(id) FROM trashd.trash_group) ORDER BY id LIMIT 1", (random.random(),))
    return found and item_id(found[0], 1)


def item_id(group, ordinal):
    return group[:-8] + f"{int(group[-8:], 16) + ordinal:08x}"


def insert(connection, table, given_columns, uid):
    """One row of that identity, in version 1."""
    names = [*given_columns, "uid", "ver", *COLUMNS]
    types = ["%s"] * (len(given_columns) + 2) + [f"%s::{TYPES[name]}" for name in COLUMNS]
    rows(connection, f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(types)})",
         [*given_columns.values(), uid, 1, *given(uid, 1)])


def update(connection, table, uid, ver):
    values = ", ".join(f"{name} = %s::{TYPES[name]}" for name in COLUMNS)
    rows(connection, f"UPDATE {table} SET ver = %s, {values} WHERE uid = %s", [ver, *given(uid, ver), uid])
