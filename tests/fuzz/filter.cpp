// Conditions are understood or refused, never more of them than allowed and never too deep.
#include "schema/catalog/catalog.hpp"
#include "schema/catalog/makeup.hpp"
#include "service/http/url.hpp"
#include "service/parsing/where_parser.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace trashd;
using namespace trashd::service;

namespace {

schema::Table make_table() {
    schema::Table table;
    for (const char* name : {"id", "name", "we]ird"}) {
        schema::Column column;
        column.name = name;
        column.comparisons = {"<", "<=", "=", ">=", ">"};
        table.columns.push_back(column);
    }
    return table;
}

std::size_t terms_of(const trash::Conditions& conditions, std::size_t depth = 0) {
    must(depth < 16);
    auto count = conditions.terms.size();
    for (const auto& term : conditions.terms) must(term.column != nullptr);
    for (const auto& part : conditions.all) count += terms_of(part, depth + 1);
    for (const auto& part : conditions.any) count += terms_of(part, depth + 1);
    return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
    static const auto table = make_table();
    const std::string text(reinterpret_cast<const char*>(data), size);
    try {
        must(terms_of(parse_where(Query(text), table, 20)) <= 20);
    } catch (const Error& error) {
        must(error.code() == Code::kBadRequest);
    }
    return 0;
}
