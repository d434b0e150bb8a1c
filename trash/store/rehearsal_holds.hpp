// When what a rehearsal has found about a group still counts.
#pragma once

namespace trashd::trash {

// SQL: the rehearsal r is of the group g as it is now. One that changes gets another size, one that
// comes back into the trash another `taken`.
inline constexpr const char* kRehearsalHolds = R"(r.group_id OPERATOR(pg_catalog.=) g.id
      AND r.taken OPERATOR(pg_catalog.=) g.taken AND r.size OPERATOR(pg_catalog.=) g.size)";

}  // namespace trashd::trash
