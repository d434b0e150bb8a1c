// The function is called inside a savepoint, so that an error of it costs neither the transaction
// nor its answer: it refuses, and only the log of the service says what failed. What a delete takes
// is asked about in one statement over the group's items, which stops at the first refusal.
#include "trash/access/access_function.hpp"

#include <spdlog/spdlog.h>

#include "schema/catalog/catalog.hpp"
#include "schema/catalog/value.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/connection.hpp"
#include "trash/store/shapes.hpp"

namespace trashd::trash {
namespace {

using schema::quoted;
using std::to_string;

constexpr const char* kArguments = "(text,text,jsonb,jsonb)";

constexpr std::size_t kLongest = 500;

void refuse(const schema::Result& found) {
    if (found.rows() == 0 || found.null(0, 0)) return;
    const std::string words(found.text(0, 0));
    throw Error(Code::kForbidden, words.empty() ? "the database does not allow it" : words);
}

// Others interfere, or the service stops: not for the function to be blamed.
bool of_the_moment(const Error& error) {
    return !error.sql() || error.code() == Code::kUnavailable;
}

// An error of the function refuses as well, in words of our own: its codes may be like ours.
void ask(schema::Connection& connection, const std::string& sql,
         const std::vector<schema::Param>& params) {
    connection.exec("SAVEPOINT trashd_consent");
    try {
        refuse(connection.exec(sql, params));
    } catch (const Error& error) {
        if (of_the_moment(error)) throw;
        spdlog::warn("access.function fails: {}", in_log(error));
        connection.exec("ROLLBACK TO SAVEPOINT trashd_consent");
        throw Error(Code::kForbidden,
                    "the function of the database that is asked fails on a row; see the log of the "
                    "service");
    }
    connection.exec("RELEASE SAVEPOINT trashd_consent");
}

std::vector<int> shapes_of_group(schema::Connection& connection, const std::string& trash_schema,
                                 long long group) {
    const auto found =
        connection.exec("SELECT DISTINCT shape FROM " + quoted({trash_schema, "item"}) +
                            " WHERE group_id OPERATOR(pg_catalog.=) $1::bigint",
                        {to_string(group)});
    std::vector<int> shapes;
    for (int row = 0; row < found.rows(); ++row)
        shapes.push_back(static_cast<int>(found.integer(row, 0)));
    return shapes;
}

// What the function says, no longer than an answer needs it.
std::string said(const std::string& call) {
    return "pg_catalog.left(" + call + ", " + to_string(kLongest) + ")";
}

// "WHEN shape = id THEN sql" for each form.
template <class Sql>
std::string cases(const std::vector<Form>& forms, Sql sql) {
    std::string text = "CASE";
    for (const auto& form : forms)
        text += " WHEN h.shape OPERATOR(pg_catalog.=) " + to_string(form.id) + " THEN " + sql(form);
    return text + " END";
}

}  // namespace

void check_function(schema::Connection& connection, const std::string& function) {
    const auto found = connection.exec(
        "SELECT prorettype OPERATOR(pg_catalog.=) 'pg_catalog.text'::pg_catalog.regtype FROM "
        "pg_catalog.pg_proc WHERE "
        "oid OPERATOR(pg_catalog.=) pg_catalog.to_regprocedure($1)",
        {function + kArguments});
    if (found.rows() == 0 || !found.boolean(0, 0))
        throw Error(Code::kConflict, "access.function: there is no function " + function +
                                         kArguments + " that returns text; create it");
}

void need_consent(schema::Connection& connection, const AccessFunction& consent,
                  const std::string& action, const schema::QualifiedName& table,
                  const std::string& row) {
    ask(connection,
        "SELECT " + said(consent.function + "($1, $2, $3::pg_catalog.jsonb, $4::pg_catalog.jsonb)"),
        {action, consent.resource_of(table), row, consent.claims});
}

void need_consent(schema::Connection& connection, const AccessFunction& consent,
                  const std::string& action, const schema::Catalog& catalog,
                  const std::string& trash_schema, long long group) {
    const auto forms = forms_of(connection, catalog, trash_schema,
                                shapes_of_group(connection, trash_schema, group));
    const auto resource = cases(forms, [&](const Form& form) {
        return schema::literal(form.table ? consent.resource_of(form.table->name) : "");
    });
    const auto row = cases(forms, [&](const Form& form) {
        return json_as_it_was(form, trash_schema, {"h.group_id", "h.ordinal"});
    });
    ask(connection,
        "SELECT f.message FROM (SELECT " + resource + " AS resource, " + row + " AS row FROM " +
            quoted({trash_schema, "item"}) +
            " h WHERE h.group_id OPERATOR(pg_catalog.=) $1::bigint OFFSET 0) a CROSS JOIN LATERAL "
            "(SELECT " +
            said(consent.function +
                 "($2, a.resource, a.row::pg_catalog.jsonb, $3::pg_catalog.jsonb)") +
            " AS message OFFSET 0) f WHERE f.message IS NOT NULL LIMIT 1",
        {to_string(group), action, consent.claims});
}

}  // namespace trashd::trash
