// What the database is: an immutable value read whole from the catalog. No SQL here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schema/catalog/table_options.hpp"
#include "schema/object_name.hpp"

namespace trashd::schema {

// A column that is there: its type, as far as it matters for moving values, and what this role may
// do.
struct Column {
    int attnum = 0;
    std::string name;
    std::string type;  // format_type with typmod, qualified, ready to stand after ::
    Oid type_oid = 0;
    Oid base_oid = 0;        // the type under all domains
    std::string value_type;  // the base type without typmod: a cast to it neither cuts nor rounds
    std::string collation;   // "schema"."name" where it is not the database's
    bool deterministic = true;             // the collation
    std::vector<std::string> comparisons;  // OPERATOR(schema.x) for < <= = >= >; empty: none
    bool user_type =
        false;           // base type, its elements or members are not built in, or it is a domain
    bool array = false;  // base type is an array (or int2vector, oidvector)
    bool reg = false;    // base type is regclass and the like: written by oid
    bool cast_to_text =
        false;  // base type has, or may get, a cast function to text: not its output function
    bool cast_from_text = false;  // there is a cast function from text to the (base) type
    std::string makeup;           // what its values are made of, as Makeup writes it; empty: fixed
    bool not_null = false;        // of the column or of its domain
    bool has_default = false;     // default, identity, or generated
    bool generated = false;       // GENERATED ALWAYS AS (...), STORED or VIRTUAL
    std::string identity;         // GENERATED ... AS IDENTITY: "always" or "by-default"; else empty
    bool selectable = true, insertable = true, updatable = true;  // by this role
    bool hidden = false;   // by the configuration: nobody is shown it or may ask for it
    bool omitted = false;  // by the configuration: it is not kept with a trashed row
};

// attnums, expressions and operators are of the same length, a position for each column of the
// index.
struct UniqueIndex {
    std::string name;  // of the constraint where it has one, else of the index
    bool primary = false, constraint = false, deferrable = false, nulls_not_distinct = false;
    bool replica_identity = false;
    bool as_columns = true;    // tells apart whatever the columns' own equality tells apart
    std::vector<int> attnums;  // 0 for an expression
    std::vector<std::string> expressions;  // per position: quoted column or (expression)
    std::vector<std::string> operators;    // per position: equality, as OPERATOR(schema.=)
    std::string predicate;                 // empty: none
    bool temporal = false;  // WITHOUT OVERLAPS: the last operator is that of overlapping

    // What says that two rows have the same key, not only that they exclude each other.
    std::vector<std::string> equality() const;
};

// EXCLUDE: no two rows may be there of which all operators, expression by expression, say yes.
struct Exclusion {
    std::string name;
    std::vector<std::string> expressions, operators;
    std::string predicate;
};

struct Check {
    std::string name, expression;  // expression as pg_get_expr says it, columns unqualified
};

// A trigger that fires: when, at which events, and whether for each row.
struct Trigger {
    std::string name;
    bool before = false, on_insert = false, on_update = false, on_delete = false, row = false;
    QualifiedName function = {};  // that it runs
    // The function is the table's owner's, a superuser's or this role's; what another role owns
    // that role may change.
    bool trusted = true;
};

// What a foreign key says ON DELETE.
enum class Action { kNoAction, kRestrict, kCascade, kSetNull, kSetDefault };

// That a column has this value, an SQL literal.
struct Constant {
    int attnum = 0;
    std::string literal;
};

// A foreign key as it was declared. The copies of it that PostgreSQL makes for partitions are no
// keys of their own here. One that the configuration declares is of the same kind, but the database
// neither checks it nor does anything for it.
struct ForeignKey {
    Oid oid = 0;
    std::string name;
    Oid child = 0, parent = 0;  // the tables it stands on and refers to; of a partition tree
                                // the root, with child_part/parent_part where only a part
    Oid child_part = 0, parent_part = 0;  // 0: the whole; else the partition it is declared on
    std::vector<Oid> child_leaves, parent_leaves;    // of that partition; empty for the whole
    std::vector<int> child_columns, parent_columns;  // attnums, in the same order
    std::vector<std::string> operators;              // parent = child, as OPERATOR(schema.=)
    Action on_delete = Action::kNoAction;
    std::vector<int> set_columns;  // attnums that SET NULL / SET DEFAULT would set
    bool deferrable = false;
    bool indexed = false;  // an index of the child begins with child_columns
    bool enforced = true;  // false: it is a word only, of which deletes know nothing
    bool period = false;   // the last column is a PERIOD: the last operator is that of overlapping,
                           // and all that overlaps together must cover the child's

    // Of the configuration; the oid is of nothing in the database.
    bool declared = false;
    std::string where;  // SQL over the child's columns: only these rows refer; empty: all
    std::vector<Constant> constants;    // where, if it is no more than these
    std::vector<std::string> readings;  // per column: how the child's {value} becomes one of the
                                        // parent's type; empty: as it is
};

// A reference of the configuration that the tables as they are do not let be followed, and why.
struct BrokenReference {
    std::string name;
    QualifiedName child, parent;
    std::string why;
};

// An ordinary table, or the root of a partition tree, whose partitions are no tables of their own
// here. What is said of privileges and row-level security is true for the role that read the
// catalog.
struct Table {
    Oid oid = 0;
    QualifiedName name;
    bool partitioned = false;
    std::vector<Column> columns;  // live ones, attnum order
    std::vector<int> identity;    // attnums of the key, in its order; empty: there is none
    std::string key_name;         // of the constraint or index that the key is of
    std::vector<UniqueIndex> uniques;
    std::vector<Exclusion> exclusions;
    std::vector<Check> checks;
    std::vector<Trigger> triggers;  // the user's, enabled; those of partitions too
    bool rules = false;             // rewrite rules on UPDATE or DELETE
    bool insert_rules = false;      // rewrite rules on INSERT
    bool row_security = false;      // active for this role
    bool read_by_code = false;  // reading it may ask the users' code: it has row-level security,
                                // for whomever, or functions of theirs in an index
    // In a publication of deletes or updates, where PostgreSQL refuses them for want of a replica
    // identity.
    bool deletes_unnamed = false, updates_unnamed = false;
    bool can_select = true, can_insert = true, can_update = true,
         can_delete = true;            // whole table,
                                       // or (select, insert) every column, (update) any column
    std::vector<Oid> leaves;           // leaf partitions; {oid} for an ordinary table
    std::string fingerprint;           // changes when the table, its columns or triggers change
    std::map<Oid, std::string> types;  // fingerprints of the users' types in its columns
    bool kept = true;  // false, by the configuration: its rows go for good, not into the trash

    const Column* column(int attnum) const;  // nullptr: no such
    const Column* column(const std::string& name) const;
    // nullptr as well for one that is hidden.
    const Column* shown_column(const std::string& name) const;
    bool hides_columns() const;
    // Those that are kept in the trash, in attnum order: what a payload is of.
    std::vector<const Column*> kept_columns() const;
    int kept_place(int attnum) const;  // among these, from 1; 0: it is not kept
};

// Never changes; who uses it across calls holds a shared_ptr to it, as do all pointers to its
// tables, columns and keys, which live as long as it does.
class Catalog {
  public:
    Catalog(std::vector<Table> tables, std::vector<ForeignKey> keys,
            std::vector<BrokenReference> broken = {}, OptionsOfTables options = {});
    Catalog(Catalog&&) = default;
    Catalog(const Catalog&) = delete;                             // the maps point into the vectors
    const std::vector<Table>& tables() const { return tables_; }  // by schema, name
    const Table* table(Oid oid) const;
    const Table* table(const QualifiedName& name) const;
    // Foreign keys that refer to the table / that stand on it, by child name then constraint name;
    // only those that are enforced.
    const std::vector<const ForeignKey*>& referrers(Oid parent) const;
    const std::vector<const ForeignKey*>& references(Oid child) const;
    // The same of those that are NOT ENFORCED.
    const std::vector<const ForeignKey*>& unenforced_referrers(Oid parent) const;
    const std::vector<const ForeignKey*>& unenforced_references(Oid child) const;
    const std::vector<BrokenReference>& broken() const { return broken_; }
    // By the configuration; the table and the column need not be there any more.
    bool hides(const QualifiedName& table, const std::string& column) const;

  private:
    std::vector<Table> tables_;
    std::vector<ForeignKey> keys_;
    std::vector<BrokenReference> broken_;
    OptionsOfTables options_;
    std::map<Oid, const Table*> by_oid_;
    std::map<QualifiedName, const Table*> by_name_;
    struct Ends {
        std::map<Oid, std::vector<const ForeignKey*>> referrers, references;
    };
    Ends enforced_, unenforced_;
};

// A name for what is told of a row beside its columns: where the table has a column of that name it
// has a $ in front.
std::string unused_name(const Table& table, std::string name);

}  // namespace trashd::schema
