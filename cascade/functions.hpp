// Plan -> SQL text. The text is tested as text and run by trash/; nothing here has a connection.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/object_name.hpp"

namespace trashd::schema {
class Catalog;
struct Table;
}  // namespace trashd::schema

namespace trashd::cascade {

struct Plan;

// Statements on the tables in which the trash keeps what it takes, as their owner
// (trash/store/own_statements.hpp) writes them: texts for schema::filled(). {schema} is the quoted
// trash schema; {group}, {uuid}, {by}, {reason}, {request} and {address} are SQL of what the
// columns of that name hold; what else each wants filled stands beside it.
struct OwnStatements {
    std::string group_ids, row_ids;  // names of sequences: of groups, of rows without a key
    // INSERTs up to their FROM. As a role: what {access}, the schema of the role, lets it write to.
    std::string insert_items, insert_items_as_role;  // {ordinal} {shape} {object} {payload}
    std::string insert_group;    // {root_shape} {object} {shapes} {counts} {size} {links}
    std::string insert_entry;    // {action} {table_schema} {table} {object} {counts} {tenant}; AS l
    std::string items_of_group;  // stands in FROM, as s(shape, p)
    // CTEs of references that were set, behind u(object, key, attnums, was, left_as, before): w is
    // u and its row_id. Those of rows without a key belong together, {row_ids} the sequence;
    // o has a row for each link whose key was changed for that.
    std::string rows_by_key, rows_without_key;  // {shape}
    std::string insert_links;                   // of w; {shape} {row_was} {row_left} {kept}
    std::string first_row_was;                  // of the row of w; {shape}
    std::string set_row_left;  // to {row}, of the row t in {table}, {shape}, where {same}
    std::string link_key;      // of the row that {same} is about
    std::string still;         // {query} gives {fingerprint} yet
    std::string note_oids;     // {shape} {places} {kinds}
    std::string refuse_held;   // {raise}: where rows must be looked at before they go for good
};

struct Names {
    OwnStatements own;
    std::string trash_schema;                // unquoted
    std::vector<int> shapes;                 // shape id of each node's table
    std::map<schema::Oid, int> link_shapes;  // of each table that a reference is nulled in
    std::string fingerprint;                 // expected, of the tables of the plan
    std::vector<schema::Oid> types = {};     // of users, in those tables
    std::string types_fingerprint = {};      // expected
    // Unquoted; where rows are deleted as the role of the setting trashd.role: the schema that this
    // role puts them into. Empty: as the role that calls.
    std::string access_schema = {};
};

// Tables whose catalog the plan hangs on: nodes and the children of every edge.
std::vector<schema::Oid> tables_of(const Plan& plan);

// Triggers of the database's users run when such rows are deleted or references to them are cut.
bool runs_triggers(const schema::Catalog& catalog, const Plan& plan);
// Code of the database's users may run: those, or what an update of references evaluates (defaults,
// checks, generated columns).
bool runs_code(const schema::Catalog& catalog, const Plan& plan);

// CREATE FUNCTION move(key text[], group_uuid uuid, by text, reason text, request text, hard bool,
// etags text[], most bigint) RETURNS bigint[]: {group id, rows moved (with hard: deleted), rows
// nulled, id of the ledger's entry, then rows per node, those that went for good too, then where
// triggers run pairs of a table's oid and the rows that they put into it}. Raises TD404 root not
// there, TD412 etag, TD001 catalog changed, TD002 guard, TD409 blocked by configuration, TD413 more
// rows than most (before anything is deleted; NULL: any number), TD403 a row is another tenant's,
// TD405 the role may not see or delete a row. Locks from the top down (docs/architecture.md),
// captures, deletes, proves it with the guard. With a tenant column a root of another tenant is not
// there.
std::string move_function_sql(const schema::Catalog& catalog, const Plan& plan, const Names& names,
                              const std::string& function);

// Whether deletes of such rows may share a statement: each goes by itself alone, and nothing but
// trashd's own runs. Where it may, for rows of no tenant and as no role:
// CREATE FUNCTION batch(keys text[], group_uuids uuid[], by text[], reasons text[], requests
// text[], addresses text[]) RETURNS TABLE (of_group uuid, entry bigint): of each key, written as
// the text of its array, and what stands at its place in the others, what move() would do; of those
// that it did the group's uuid and the ledger's entry. It leaves out what is not there, what others
// hold locked, and of one row that is named twice the one or the other; it waits for no row, and
// for no table longer than a moment. Raises TD002.
bool may_share(const schema::Catalog& catalog, const Plan& plan, const Names& names);
std::string batch_function_sql(const schema::Catalog& catalog, const Plan& plan, const Names& names,
                               const std::string& function);

// CREATE FUNCTION impact(keys text[]) RETURNS TABLE (kind text, place int, part int, amount
// bigint, ids text[]): of all these roots together, each a key array written as text; kind 'trash'
// per node, 'set' per nulling edge, 'block' per refusing edge (count and up to five ids; count -1
// where the role may not look); place is that node or edge, part the position among its keys. Locks
// nothing. Raises TD403 as well.
std::string impact_function_sql(const schema::Catalog& catalog, const Plan& plan,
                                const Names& names, const std::string& function);

// CREATE FUNCTION owners(keys text[], ids text[]) RETURNS int[]: for each root (a key array written
// as text, and its object id) 0, or the position of another one that takes it along. The first of
// several that take each other along owns them. For plans whose root is in a loop. Locks nothing.
std::string owners_function_sql(const schema::Catalog& catalog, const Plan& plan,
                                const Names& names, const std::string& function);

// The ETag of a row as SQL over the alias, quoted as HTTP wants it.
// Of what is shown: columns that are hidden make no other version, and cannot be guessed by it.
std::string etag_sql(const schema::Table& table, const std::string& alias);

}  // namespace trashd::cascade
