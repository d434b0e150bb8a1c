// The oids of these types are PostgreSQL's own, the same in every database.
#include "schema/catalog/oids.hpp"

#include <algorithm>
#include <array>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/makeup.hpp"
#include "schema/identifier.hpp"
#include "schema/session/result.hpp"

namespace trashd::schema {
namespace {

struct RegType {
    const char *name, *kind;
    Oid oid, array;  // of PostgreSQL's own pg_type
};
// Two types of one thing: those names alone may mean several functions or operators.
constexpr std::array<RegType, 11> kRegTypes = {{{"regproc", "regprocedure", 24, 1008},
                                                {"regprocedure", "regprocedure", 2202, 2207},
                                                {"regoper", "regoperator", 2203, 2208},
                                                {"regoperator", "regoperator", 2204, 2209},
                                                {"regclass", "regclass", 2205, 2210},
                                                {"regtype", "regtype", 2206, 2211},
                                                {"regrole", "regrole", 4096, 4097},
                                                {"regnamespace", "regnamespace", 4089, 4090},
                                                {"regconfig", "regconfig", 3734, 3735},
                                                {"regdictionary", "regdictionary", 3769, 3770},
                                                {"regcollation", "regcollation", 4191, 4192}}};

std::string kind_named(const std::string& type) {
    const auto found = std::ranges::find_if(kRegTypes, [&](const RegType& reg) {
        return type == reg.name || type == std::string(reg.name) + "[]";
    });
    return found == kRegTypes.end() ? "" : found->kind;
}

bool is_array(const std::string& type) {
    return type.ends_with("[]");
}

// Of a composite type; else without parts.
Makeup composite(const Column& column) {
    if (column.makeup.empty()) return {};
    auto makeup = Makeup::read(column.makeup);
    if (makeup.kind != 'c') makeup.parts.clear();
    return makeup;
}

}  // namespace

std::string oids_of(const Column& column) {
    const auto found = std::ranges::find_if(kRegTypes, [&](const RegType& reg) {
        return column.base_oid == reg.oid || column.base_oid == reg.array;
    });
    if (found != kRegTypes.end()) return found->kind;
    std::vector<Param> kinds;
    std::string all;
    for (const auto& part : composite(column).parts) {
        kinds.emplace_back(kind_named(part.written));
        all += *kinds.back();
    }
    return all.empty() ? "" : array_literal(kinds);
}

std::vector<std::string> kinds_in(const std::string& oids) {
    if (oids.empty()) return {};
    if (oids[0] != '{') return {oids};
    std::vector<std::string> out;
    for (const auto& kind : parse_array(oids))
        if (!kind->empty()) out.push_back(*kind);
    return out;
}

std::string fields_with_oids(const Column& column, const std::string& c) {
    std::string fields;
    for (const auto& part : composite(column).parts) {
        const auto field = "(" + c + ")." + quoted(part.name);
        fields += (fields.empty() ? "" : ", ") + field;
        if (!kind_named(part.written).empty())
            fields += is_array(part.written) ? "::pg_catalog.oid[]" : "::pg_catalog.oid";
    }
    return "ROW(" + fields + ")::pg_catalog.text";
}

}  // namespace trashd::schema
