// Polymorphic columns are mostly text whatever the keys are that they hold, so values are compared
// as texts where the types themselves cannot be.
#include "schema/catalog/declared_reference.hpp"

#include <algorithm>
#include <optional>
#include <regex>
#include <set>

#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/text.hpp"

namespace trashd::schema {
namespace {

constexpr Oid kInt8 = 20, kInt2 = 21, kInt4 = 23, kUuid = 2950;
constexpr const char* kEquals = "OPERATOR(pg_catalog.=)";

// What stands in the way of a reference, as a sentence.
struct Unusable {
    std::string why;
};

std::string text_of(const QualifiedName& name) {
    return name.schema + "." + name.name;
}

const Table& table_called(const std::vector<Table>& tables, const QualifiedName& name) {
    const auto found = std::ranges::find(tables, name, &Table::name);
    if (found == tables.end()) throw Unusable{"there is no table " + text_of(name)};
    return *found;
}

std::vector<int> attnums_of(const Table& table, const std::vector<std::string>& names) {
    std::vector<int> out;
    for (const auto& name : names) {
        const auto* column = table.column(name);
        if (column == nullptr)
            throw Unusable{"table " + text_of(table.name) + " has no column " + name};
        out.push_back(column->attnum);
    }
    return out;
}

// Of the columns that are referred to each row must have its own values.
void need_unique(const Table& parent, const std::vector<int>& attnums) {
    const auto over = [&](const UniqueIndex& index) {
        return index.predicate.empty() && !index.temporal &&
               std::ranges::is_permutation(index.attnums, attnums);
    };
    if (std::ranges::none_of(parent.uniques, over))
        throw Unusable{"no unique index of table " + text_of(parent.name) +
                       " is over the columns that are referred to"};
}

std::vector<int> referred_to(const Table& parent, const DeclaredReference& reference) {
    if (reference.to_columns.empty()) {
        if (parent.identity.empty())
            throw Unusable{"table " + text_of(parent.name) + " has no key; name to_columns"};
        return parent.identity;
    }
    auto out = attnums_of(parent, reference.to_columns);
    need_unique(parent, out);
    return out;
}

// Whether the server takes the statement; it is not run.
std::optional<std::string> refused(Connection& connection, const std::string& sql) {
    connection.exec("SAVEPOINT trashd_reference");
    try {
        connection.exec("PREPARE trashd_reference AS " + sql);
        connection.exec("DEALLOCATE trashd_reference");
        connection.exec("RELEASE SAVEPOINT trashd_reference");
        return std::nullopt;
    } catch (const Error& error) {
        if (!error.sql() || error.code() == Code::kUnavailable) throw;
        connection.exec("ROLLBACK TO SAVEPOINT trashd_reference");
        connection.exec("RELEASE SAVEPOINT trashd_reference");
        return error.sql()->message;
    }
}

bool is_string(const Column& column) {
    constexpr Oid kName = 19, kText = 25, kBpchar = 1042, kVarchar = 1043;
    return std::ranges::count(std::vector{kName, kText, kBpchar, kVarchar}, column.base_oid) > 0;
}

// A text that is written as the type writes it, else NULL.
std::string guarded_integer(const char* least, const char* most, const char* type) {
    return filled(
        R"(CASE WHEN ({value})::pg_catalog.text OPERATOR(pg_catalog.~) '^(0|-?[1-9][0-9]{0,18})$'
    THEN CASE WHEN ({value})::pg_catalog.text::pg_catalog.numeric
      OPERATOR(pg_catalog.>=) {least} AND ({value})::pg_catalog.text::pg_catalog.numeric
      OPERATOR(pg_catalog.<=) {most} THEN ({value})::pg_catalog.text::pg_catalog.{type} END END)",
        {{"value", "{value}"}, {"least", least}, {"most", most}, {"type", type}});
}

// How a text becomes a value of the type; empty: it is none that is read so.
std::string reading_of(Oid type) {
    switch (type) {
        case kInt2:
            return guarded_integer("(-32768)", "32767", "int2");
        case kInt4:
            return guarded_integer("(-2147483648)", "2147483647", "int4");
        case kInt8:
            return guarded_integer("(-9223372036854775808)", "9223372036854775807", "int8");
        case kUuid:
            return R"(CASE WHEN ({value})::pg_catalog.text OPERATOR(pg_catalog.~)
    '^[0-9a-f]{8,8}(-[0-9a-f]{4,4}){3,3}-[0-9a-f]{12,12}$'
    THEN ({value})::pg_catalog.text::pg_catalog.uuid END)";
        default:
            return "";
    }
}

bool by_operator(Connection& connection, const Column& parent, const Column& child) {
    return !refused(connection, "SELECT NULL::" + parent.value_type + " " + kEquals +
                                    " NULL::" + child.value_type);
}

void compare(Connection& connection, ForeignKey& key, const Column& parent, const Column& child) {
    constexpr std::size_t kEquality = 2;  // of the five
    std::string equals = kEquals, reading;
    if (parent.base_oid == child.base_oid) {
        if (child.comparisons.empty())
            throw Unusable{"the type of column " + child.name + " has no equality"};
        equals = child.comparisons[kEquality];
    } else if (!by_operator(connection, parent, child)) {
        if (is_string(child)) reading = reading_of(parent.base_oid);
        if (is_string(parent) && !reading_of(child.base_oid).empty())
            reading = "({value})::pg_catalog.text";
        if (reading.empty())
            throw Unusable{"column " + child.name + " (" + child.type +
                           ") cannot be compared with " + parent.name + " (" + parent.type + ")"};
    }
    key.operators.push_back(equals);
    key.readings.push_back(reading);
}

// column = 'constant', and the same again behind AND: then indexes that begin with such columns
// serve the reference too.
std::vector<Constant> constants_in(const std::string& where, const Table& child) {
    static const std::regex kTerm(
        R"re(\s*(?:"((?:[^"]|"")+)"|([A-Za-z_][A-Za-z0-9_]*))\s*=\s*('(?:[^'\\]|'')*'|-?[0-9]{1,18})\s*)re");
    static const std::regex kAnd(R"(and(?=[\s"]))", std::regex::icase);
    std::vector<Constant> out;
    for (auto at = where.cbegin();;) {
        std::smatch term, next;
        if (!std::regex_search(at, where.cend(), term, kTerm,
                               std::regex_constants::match_continuous))
            return {};
        std::string name = std::regex_replace(term[1].str(), std::regex("\"\""), "\"");
        for (const char letter : term[2].str())
            name += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
        const auto* column = child.column(name);
        const auto written = term[3].str();
        if (column == nullptr || column->comparisons.empty()) return {};
        const bool integer =
            column->base_oid == kInt2 || column->base_oid == kInt4 || column->base_oid == kInt8;
        if (written[0] != '\'' && !integer) return {};
        const auto text = written[0] == '\'' ? written : "'" + written + "'";
        out.push_back({column->attnum, text});
        at = term[0].second;
        if (at == where.cend()) return out;
        if (!std::regex_search(at, where.cend(), next, kAnd,
                               std::regex_constants::match_continuous))
            return {};
        at = next[0].second;
    }
}

std::string constant_holds(const Column& column, const Constant& constant,
                           const std::string& value) {
    return value + " " + column.comparisons[2] + " " + constant.literal + "::" + column.value_type;
}

// Names in the condition that mean variables in the functions of plans.
void refuse_variables(const Table& child, const std::string& where) {
    for (const auto& column : child.columns)
        if ((column.name.starts_with('_') || column.name == "found") &&
            where.find(column.name) != std::string::npos)
            throw Unusable{"where cannot use the column " + column.name +
                           ": names that begin with _, and found, mean something else there"};
}

void check_where(Connection& connection, ForeignKey& key, const Table& child) {
    if (key.where.empty()) return;
    key.constants = constants_in(key.where, child);
    if (key.constants.empty()) refuse_variables(child, key.where);
    const auto sql = "SELECT FROM " + relation(child) + " t WHERE " + binds(key, child, "t");
    if (const auto why = refused(connection, sql))
        throw Unusable{"where is no condition over the columns of table " + text_of(child.name) +
                       ": " + *why};
}

// The index begins with these columns, in whatever order.
constexpr const char* kIndexed = R"(SELECT EXISTS (SELECT FROM pg_index i
  JOIN pg_class x ON x.oid = i.indexrelid
  CROSS JOIN LATERAL (SELECT (i.indkey::int2[])[0:cardinality($2::int2[]) - 1] AS first) f
  WHERE i.indrelid = $1::oid AND i.indisvalid AND i.indpred IS NULL
    AND x.relam IN (SELECT oid FROM pg_am WHERE amname IN ('btree', 'hash'))
    AND i.indnkeyatts >= cardinality($2::int2[]) AND f.first @> $2::int2[] AND f.first <@ $2::int2[]))";

bool indexed(Connection& connection, const ForeignKey& key) {
    std::set<int> columns(key.child_columns.begin(), key.child_columns.end());
    for (const bool with_constants : {false, true}) {
        if (with_constants)
            for (const auto& constant : key.constants) columns.insert(constant.attnum);
        std::vector<Param> numbers;
        for (const int attnum : columns) numbers.emplace_back(std::to_string(attnum));
        if (connection.exec(kIndexed, {std::to_string(key.child), array_literal(numbers)})
                .boolean(0, 0))
            return true;
    }
    return false;
}

void refuse_known_name(const std::vector<ForeignKey>& keys, const ForeignKey& key) {
    for (const auto& other : keys)
        if (other.child == key.child && other.name == key.name)
            throw Unusable{"a foreign key of the table is called so too; give it another name"};
}

void refuse_not_null(const Table& child, const ForeignKey& key) {
    if (key.on_delete != Action::kSetNull) return;
    for (const int attnum : key.child_columns)
        if (const auto* column = child.column(attnum); column->not_null)
            throw Unusable{"on_delete is set-null, and the column " + column->name +
                           " is NOT NULL"};
}

ForeignKey declared_key(Connection& connection, const std::vector<Table>& tables,
                        const DeclaredReference& reference) {
    const auto& child = table_called(tables, reference.table);
    const auto& parent = table_called(tables, reference.to);
    ForeignKey key;
    key.declared = true;
    key.name = reference.name;
    key.child = child.oid;
    key.parent = parent.oid;
    key.child_columns = key.set_columns = attnums_of(child, reference.columns);
    key.parent_columns = referred_to(parent, reference);
    key.on_delete = reference.on_delete;
    key.where = reference.where;
    if (key.child_columns.size() != key.parent_columns.size())
        throw Unusable{"it has " + std::to_string(key.child_columns.size()) + " columns and " +
                       std::to_string(key.parent_columns.size()) + " are referred to"};
    for (std::size_t k = 0; k < key.child_columns.size(); ++k)
        compare(connection, key, *parent.column(key.parent_columns[k]),
                *child.column(key.child_columns[k]));
    refuse_not_null(child, key);
    check_where(connection, key, child);
    key.indexed = indexed(connection, key);
    return key;
}

}  // namespace

// The numbers count down from the greatest oid, where the server has none of its own for long.
std::vector<ForeignKey> declared_keys(Connection& connection, const std::vector<Table>& tables,
                                      const std::vector<ForeignKey>& keys,
                                      const std::vector<DeclaredReference>& references,
                                      std::vector<BrokenReference>& broken) {
    std::vector<ForeignKey> out;
    Oid number = ~Oid{0};
    for (const auto& reference : references) {
        try {
            auto key = declared_key(connection, tables, reference);
            key.oid = number--;
            refuse_known_name(keys, key);
            refuse_known_name(out, key);
            out.push_back(std::move(key));
        } catch (const Unusable& unusable) {
            broken.push_back({reference.name, reference.table, reference.to, unusable.why});
        }
    }
    return out;
}

std::string as_parents(const ForeignKey& key, std::size_t place, const std::string& value) {
    if (key.readings.empty() || key.readings[place].empty()) return value;
    return filled(key.readings[place], {{"value", value}});
}

std::string same_value(const ForeignKey& key, std::size_t place, const std::string& parent,
                       const std::string& child) {
    return parent + " " + key.operators[place] + " " + as_parents(key, place, child);
}

std::string binds(const ForeignKey& key, const Table& child,
                  const std::function<std::string(const Column&)>& value) {
    if (key.where.empty()) return "";
    std::vector<std::string> all;
    if (!key.constants.empty()) {
        for (const auto& constant : key.constants) {
            const auto& column = *child.column(constant.attnum);
            all.push_back(constant_holds(column, constant, value(column)));
        }
        return "(" + join(all, " AND ") + ")";
    }
    for (const auto& column : child.columns)
        all.push_back(value(column) + " AS " + quoted(column.name));
    return "(SELECT (" + key.where + "\n) FROM (SELECT " + join(all, ", ") + ") AS " +
           quoted(child.name.name) + ")";
}

std::string binds(const ForeignKey& key, const Table& child, const std::string& alias) {
    return binds(key, child, [&](const Column& column) {
        return in_base_type(column, alias + "." + quoted(column.name));
    });
}

}  // namespace trashd::schema
