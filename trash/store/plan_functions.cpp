// A function is named after a hash of its text: instances that plan alike share it, and one that
// plans otherwise makes another beside it. What a function was made for stands in its comment, by
// which those that no plan can use any more are found and dropped.
#include "trash/store/plan_functions.hpp"

#include <cstdint>
#include <map>
#include <sstream>

#include "schema/catalog/reader.hpp"
#include "schema/catalog/value.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "schema/session/result.hpp"
#include "schema/session/transaction.hpp"

namespace trashd::trash {
namespace {

using schema::literal;
using schema::quoted;

// FNV-1a: the same text has the same name in every instance of the service.
std::string hash(const std::string& text) {
    std::uint64_t value = 14695981039346656037ULL;
    for (unsigned char byte : text) value = (value ^ byte) * 1099511628211ULL;
    static const char* const kDigits = "0123456789abcdef";
    std::string digits;
    for (int shift = 60; shift >= 0; shift -= 4) digits += kDigits[(value >> shift) & 15];
    return digits;
}

std::string literal_of(const std::vector<schema::Oid>& oids) {
    std::vector<schema::Param> all;
    for (const auto oid : oids) all.emplace_back(std::to_string(oid));
    return schema::array_literal(all);
}

std::vector<schema::Oid> oids_of(const std::string& literal) {
    std::vector<schema::Oid> oids;
    for (const auto& oid : schema::parse_array(literal))
        oids.push_back(static_cast<schema::Oid>(std::stoul(oid.value_or("0"))));
    return oids;
}

// Kept as the comment of the function, a part a line.
std::string comment_of(const PlanBasis& basis) {
    return std::to_string(basis.root) + "\n" + literal_of(basis.tables) + "\n" +
           literal_of(basis.types) + "\n" + basis.fingerprint;
}

struct Made {
    std::string name, tables, types, fingerprint;
};

Made made_from(const schema::Result& found, int row) {
    Made made{std::string(found.text(row, 0)), "", "", ""};
    std::istringstream comment{std::string(found.text(row, 1))};
    std::string root;
    if (std::getline(comment, root) && std::getline(comment, made.tables) &&
        std::getline(comment, made.types) && std::getline(comment, made.fingerprint))
        return made;
    made.tables.clear();
    return made;
}

}  // namespace

std::string definition_of(schema::Connection& connection, const std::string& name) {
    const auto found = connection.exec(
        "SELECT pg_catalog.pg_get_functiondef($1::pg_catalog.regproc::pg_catalog.oid)", {name});
    return std::string(found.text(0, 0));
}

std::string PlanFunctions::make(const std::string& prefix, const PlanBasis& basis,
                                const std::function<std::string(const std::string&)>& text) {
    const std::string name = prefix + hash(text(""));
    const auto found = transaction_.exec(
        "SELECT pg_catalog.obj_description(p.oid, 'pg_proc') IS NOT NULL OR NOT "
        "pg_catalog.pg_has_role(p.proowner, 'USAGE') FROM pg_catalog.pg_proc p JOIN "
        "pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace WHERE n.nspname "
        "OPERATOR(pg_catalog.=) $1 AND p.proname OPERATOR(pg_catalog.=) $2",
        {schema_, name});
    const auto full = quoted({schema_, name});
    if (found.rows() == 0) transaction_.exec(text(name));
    if (found.rows() == 0 || !found.boolean(0, 0))
        transaction_.exec("COMMENT ON FUNCTION " + full + " IS " + literal(comment_of(basis)));
    made_.insert(name);
    return full;
}

std::string PlanFunctions::fingerprint_of(const std::string& tables, const std::string& types) {
    const auto of = [&](const std::string& sql) {
        const auto found = transaction_.exec(sql);
        return found.rows() == 0 ? "" : std::string(found.text(0, 0));
    };
    const auto own = oids_of(types);
    return of(schema::fingerprint_sql(oids_of(tables))) +
           (own.empty() ? "" : of(schema::types_fingerprint_sql(own)));
}

// Those of earlier versions have no comment, and are made again where they are still of use.
void PlanFunctions::drop_old(std::optional<schema::Oid> root) {
    const auto found = transaction_.exec(
        "SELECT p.proname, d.description FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n "
        "ON n.oid OPERATOR(pg_catalog.=) p.pronamespace LEFT JOIN pg_catalog.pg_description d ON "
        "d.objoid OPERATOR(pg_catalog.=) p.oid AND d.classoid OPERATOR(pg_catalog.=) "
        "'pg_catalog.pg_proc'::pg_catalog.regclass WHERE n.nspname OPERATOR(pg_catalog.=) $1 AND "
        "p.proname OPERATOR(pg_catalog.~) '^(move|impact|owners|restore|batch)_[0-9a-f]{16}$' AND "
        "pg_catalog.pg_has_role(p.proowner, 'USAGE') AND ($2::pg_catalog.text IS NULL OR "
        "pg_catalog.starts_with(d.description, $2))",
        {schema_, root ? schema::Param(std::to_string(*root) + "\n") : std::nullopt});
    std::map<std::string, std::string> now;
    for (int row = 0; row < found.rows(); ++row) {
        const auto made = made_from(found, row);
        if (made_.contains(made.name)) continue;
        if (!made.tables.empty()) {
            const auto [known, fresh] = now.try_emplace(made.tables + made.types);
            if (fresh) known->second = fingerprint_of(made.tables, made.types);
            if (known->second == made.fingerprint) continue;
        }
        transaction_.exec("DROP FUNCTION IF EXISTS " + quoted({schema_, made.name}));
    }
}

}  // namespace trashd::trash
