"""Fills every table of a database with rows that its constraints and triggers take.

Each row is made, tried, and mended by what PostgreSQL says about it, some dozen times. What triggers go on refusing is
put in with triggers off, and counted as forced.
"""
import contextlib
import random

import psycopg2

from catalog import escaped, identifier
from cluster import rows
from made_values import Values

ATTEMPTS = 60
OFF = "SET session_replication_role = replica"
ON = "SET session_replication_role = origin"


class NoRow(Exception):
    """The row cannot be made."""


def column(name):
    return escaped(identifier(name))


def by_trigger(error):
    return "function" in (error.diag.context or "")


class Filler:
    def __init__(self, connection, catalog, seed, wanted):
        self.connection, self.catalog, self.wanted = connection, catalog, wanted
        self.chance = random.Random(seed)
        self.values = Values(catalog, self.chance)
        self.number, self.forced, self.refused = 0, set(), {}

    def fill(self):
        rows(self.connection, "SET statement_timeout = '10s'")
        for table in self.ordered():
            added = [self.add(table) for _ in range(min(2, self.wanted))]
            for _ in range(self.wanted - len(added) if any(added) else 0):
                self.add(table)
        for table in self.catalog.tables.values():
            self.link(table)

    def ordered(self):
        """Parents before the tables that must refer to them, as far as that can be."""
        left, done = dict(self.catalog.tables), set()
        while left:
            ready = [table for table in left.values() if not self.required(table) - done] or [next(iter(left.values()))]
            for table in ready:
                done.add(table.oid)
                yield left.pop(table.oid)

    def required(self, table):
        return {key.parent for key in table.foreign_keys if key.parent != table.oid
                and any(table.columns[name].not_null for name in key.columns)}

    def add(self, table):
        try:
            self.attempt(table)
            return True
        except psycopg2.Error as error:
            if not by_trigger(error):
                self.refused[table.path] = str(error).splitlines()[0]
                return False
        except NoRow as reason:
            self.refused[table.path] = str(reason)
            return False
        return self.force(table)

    def force(self, table):
        rows(self.connection, OFF)
        try:
            self.attempt(table, forced=True)
            self.forced.add(table.path)
            return True
        except (psycopg2.Error, NoRow) as error:
            self.refused[table.path] = str(error).splitlines()[0]
            return False
        finally:
            rows(self.connection, ON)

    def attempt(self, table, forced=False):
        """Raises the last error; with triggers off nothing looks whether a parent is there, so it must be."""
        row = self.row(table, nasty=not forced, forced=forced)
        for turn in range(ATTEMPTS):
            try:
                return self.insert(table, row)
            except psycopg2.DataError as error:
                last = error
                row = self.row(table, nasty=False, forced=forced)
            except psycopg2.Error as error:
                last = error
                if by_trigger(error) and turn > ATTEMPTS / 4:
                    break
                row = self.mended(table, row, error, forced)
        raise last

    def insert(self, table, row):
        target = escaped(table.sql)
        if not row:
            return rows(self.connection, f"INSERT INTO {table.sql} DEFAULT VALUES")
        columns, places = ", ".join(map(column, row)), ", ".join(["%s"] * len(row))
        text = f"INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({places})"
        return rows(self.connection, text, list(row.values()))

    def row(self, table, nasty, forced=False):
        self.number += 1
        row = {}
        for key in table.foreign_keys:
            self.refer(table, key, row, forced)
        for each in table.columns.values():
            if each.name not in row and not each.generated and not self.left_out(each):
                row[each.name] = self.value(each, nasty)
        if table.bounds:
            row.update(self.chance.choice(table.bounds))
        return row

    def left_out(self, each):
        return each.numbered or each.default is not None and self.chance.random() < 0.4

    def value(self, each, nasty):
        if not each.not_null and self.chance.random() < 0.2:
            return None
        return self.values.make(each.type, each.modifier, self.number, nasty)

    def refer(self, table, key, row, forced=False):
        """Sets the columns of a foreign key to those of some parent, beside what other keys have set already."""
        parents = self.parents(key, row)
        if parents and not (self.may_be_null(table, key, row) and self.chance.random() < 0.15):
            row.update(zip(key.columns, self.chance.choice(parents)))
        elif self.may_be_null(table, key, row):
            row.update({name: None for name in key.columns if not table.columns[name].not_null})
        elif key.parent == table.oid:
            self.refer_to_itself(table, key, row)
        elif forced:
            raise NoRow(f"no parent for {key.name}")

    def may_be_null(self, table, key, row):
        return any(not table.columns[name].not_null and row.get(name) is None for name in key.columns)

    def refer_to_itself(self, table, key, row):
        for name, parent in zip(key.columns, key.parent_columns):
            target = table.columns[parent]
            own = row.get(parent) or self.values.make(target.type, target.modifier, 100000 + self.number)
            row[name] = row[parent] = own

    def parents(self, key, row):
        pairs = zip(key.columns, key.parent_columns)
        fixed = [(parent, row[name]) for name, parent in pairs if row.get(name) is not None]
        parts = [f"{column(name)} IS NOT NULL" for name in key.parent_columns]
        parts += [f"{column(name)} = %s" for name, _ in fixed]
        texts = ", ".join(f"format('%%s', {column(name)})" for name in key.parent_columns)
        parent = escaped(self.catalog.tables[key.parent].sql)
        query = f"SELECT {texts} FROM {parent} WHERE {' AND '.join(parts)} ORDER BY {texts} LIMIT 200"
        try:
            return rows(self.connection, query, [own for _, own in fixed])
        except psycopg2.Error:  # a key of another type may not read the value
            return []

    def mended(self, table, row, error, forced):
        """The row with other values where the error says so, else another row."""
        self.number += 1
        name = error.diag.constraint_name
        if error.pgcode == "23502" and error.diag.column_name in table.columns and not by_trigger(error):
            return self.again(table, row, [error.diag.column_name])
        if error.pgcode == "23514" and name in table.checks:
            return self.again(table, row, table.checks[name].columns)
        if error.pgcode == "23514" and error.diag.datatype_name:
            return self.again(table, row, self.of_domain(table, error.diag.datatype_name))
        if error.pgcode in ("23505", "23P01") and name in table.unique:
            return self.differing(table, row, table.unique[name])
        return self.fresh(table, forced)

    def of_domain(self, table, name):
        return [each.name for each in table.columns.values() if self.catalog.types[each.type].name == name]

    def again(self, table, row, columns):
        """One of them at least gets another value."""
        referring = {name for key in table.foreign_keys for name in key.columns}
        for name in self.chance.sample(columns, self.chance.randint(1, max(1, len(columns)))) if columns else []:
            each = table.columns[name]
            if each.generated or name in referring and self.chance.random() < 0.7:
                continue
            checks = [check.text for check in table.checks.values() if name in check.columns]
            row[name] = self.values.wanted(each, checks, self.number)
        return row

    def differing(self, table, row, columns):
        for key in table.foreign_keys:
            if set(key.columns) & set(columns):
                for name in key.columns:
                    row.pop(name, None)
                self.refer(table, key, row)
        referring = {name for key in table.foreign_keys for name in key.columns}
        for name in set(columns) - referring:
            each = table.columns[name]
            if not each.generated:
                row[name] = self.values.make(each.type, each.modifier, self.number + 1000)
        return row

    def fresh(self, table, forced):
        """Another row; sometimes with a key of its own, since triggers of subtypes make the parent themselves."""
        row = self.row(table, nasty=False, forced=forced)
        if not forced and self.chance.random() < 0.3:
            for name in (name for key in table.foreign_keys[:1] for name in key.columns):
                row[name] = self.values.wanted(table.columns[name], [], self.number)
        return row

    def link(self, table):
        """References that could be null when their row was made, since the parent came later, and those in a circle."""
        for key in table.foreign_keys:
            if table.kind != "r" or not all(not table.columns[name].not_null for name in key.columns):
                continue
            parents = self.parents(key, {})
            null = f"{identifier(key.columns[0])} IS NULL"
            query = f"SELECT ctid::text FROM ONLY {table.sql} WHERE {null} ORDER BY ctid LIMIT 3"
            for (place,) in rows(self.connection, query) if parents else []:
                self.set_reference(table, key, place, self.chance.choice(parents))

    def set_reference(self, table, key, place, parent):
        pairs = ", ".join(f"{column(name)} = %s" for name in key.columns)
        text = f"UPDATE ONLY {escaped(table.sql)} SET {pairs} WHERE ctid = %s"
        with contextlib.suppress(psycopg2.Error):  # a check or a trigger wants it to be null
            rows(self.connection, text, [*parent, place])
