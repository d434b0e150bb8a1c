#include "trash/consent.hpp"

#include "schema/value.hpp"
#include "trash/forms.hpp"

namespace trashd::trash {
namespace {

using schema::quoted;
using std::to_string;

constexpr const char* kArguments = "(text,text,jsonb,jsonb)";

void refuse(const schema::Result& found) {
    if (found.rows() == 0 || found.null(0, 0)) return;
    throw Error(Code::kForbidden, std::string(found.text(0, 0)));
}

std::vector<int> shapes_of_group(schema::Connection& connection, const std::string& trash_schema,
                                 long long group) {
    const auto found =
        connection.exec("SELECT DISTINCT shape FROM " + quoted({trash_schema, "item"}) +
                            " WHERE group_id = $1::bigint",
                        {to_string(group)});
    std::vector<int> shapes;
    for (int row = 0; row < found.rows(); ++row)
        shapes.push_back(static_cast<int>(found.integer(row, 0)));
    return shapes;
}

// "WHEN shape THEN sql" for each form.
template <class Sql>
std::string cases(const std::vector<Form>& forms, Sql sql) {
    std::string text = "CASE h.shape";
    for (const auto& form : forms) text += " WHEN " + to_string(form.id) + " THEN " + sql(form);
    return text + " END";
}

}  // namespace

void check_function(schema::Connection& connection, const std::string& function) {
    const auto found = connection.exec(
        "SELECT prorettype = 'pg_catalog.text'::pg_catalog.regtype FROM pg_catalog.pg_proc WHERE "
        "oid = pg_catalog.to_regprocedure($1)",
        {function + kArguments});
    if (found.rows() == 0 || !found.boolean(0, 0))
        throw Error(Code::kUnavailable, "access.function: there is no function " + function +
                                            kArguments + " that returns text; create it");
}

void need_consent(schema::Connection& connection, const Consent& consent, const std::string& action,
                  const schema::QualifiedName& table, const std::string& row) {
    refuse(connection.exec("SELECT " + consent.function + "($1, $2, $3::jsonb, $4::jsonb)",
                           {action, consent.resource_of(table), row, consent.claims}));
}

void need_consent(schema::Connection& connection, const Consent& consent, const std::string& action,
                  const schema::Catalog& catalog, const std::string& trash_schema,
                  long long group) {
    const auto forms = forms_of(connection, catalog, trash_schema,
                                shapes_of_group(connection, trash_schema, group));
    const auto resource = cases(forms, [&](const Form& form) {
        return schema::literal(form.table ? consent.resource_of(form.table->name) : "");
    });
    const auto row = cases(forms, [&](const Form& form) {
        return json_as_it_was(form, trash_schema, {"h.group_id", "h.ordinal"});
    });
    refuse(connection.exec(
        "SELECT f.message FROM (SELECT " + resource + " AS resource, " + row + " AS row FROM " +
            quoted({trash_schema, "item"}) +
            " h WHERE h.group_id = $1::bigint OFFSET 0) a CROSS JOIN LATERAL (SELECT " +
            consent.function +
            "($2, a.resource, a.row::jsonb, $3::jsonb) AS message OFFSET 0) f WHERE f.message IS "
            "NOT NULL LIMIT 1",
        {to_string(group), action, consent.claims}));
}

}  // namespace trashd::trash
