#include "trash/read/group_counts.hpp"

#include "schema/text.hpp"

namespace trashd::trash {
namespace {

// How many of the roots of the group g are of the form at u.place of its forms: the first is that
// of the root that it was made with, and where some of it has left ordinals tell.
constexpr const char* kRootsOfForm =
    R"(CASE WHEN g.roots IS NOT NULL THEN
      (SELECT pg_catalog.count(*)
       FROM pg_catalog.unnest(g.roots) r(ordinal),
         (SELECT coalesce(pg_catalog.sum(l.made)
              FILTER (WHERE l.place OPERATOR(pg_catalog.<) u.place), 0) AS before,
            pg_catalog.sum(l.made) AS last
          FROM pg_catalog.unnest(g.layout) WITH ORDINALITY l(made, place)
          WHERE l.place OPERATOR(pg_catalog.<=) u.place) f
       WHERE r.ordinal::pg_catalog.numeric OPERATOR(pg_catalog.>) f.before
         AND r.ordinal::pg_catalog.numeric OPERATOR(pg_catalog.<=) f.last)
    WHEN u.place OPERATOR(pg_catalog.=) 1 THEN 1 ELSE 0 END)";

// Of a whole group the one root is of the form that its row names.
constexpr const char* kFormsOfRoots = R"((SELECT g.root_shape AS shape, 1::bigint AS n
      WHERE g.roots IS NULL
    UNION ALL
    SELECT u.shape, {roots} FROM {forms} WHERE g.roots IS NOT NULL))";
constexpr const char* kFormsOfMembers =
    "(SELECT u.shape, (u.amount OPERATOR(pg_catalog.-) {roots}) AS n FROM {forms})";
constexpr const char* kFormsOfAll = "(SELECT u.shape, u.amount AS n FROM {forms})";

}  // namespace

std::string forms_of_group(std::optional<bool> root) {
    return schema::filled(
        !root   ? kFormsOfAll
        : *root ? kFormsOfRoots
                : kFormsOfMembers,
        {{"roots", "(" + std::string(kRootsOfForm) + ")::bigint"},
         {"forms", R"(ROWS FROM (pg_catalog.unnest(g.shapes), pg_catalog.unnest(g.counts))
      WITH ORDINALITY u(shape, amount, place))"}});
}

std::string roots_of_group() {
    return "CASE WHEN g.roots IS NULL THEN 1 ELSE pg_catalog.cardinality(g.roots) END";
}

}  // namespace trashd::trash
