// Columns that name a row where the configuration says none, the best first.
#pragma once

#include <string_view>

namespace trashd::trash {

// Names are compared as the table spells them, case and all. The first that has a value names the
// row; an empty text counts as none.
struct UsualName {
    std::string_view column;
    std::string_view second = {};  // said after it, with a space between; one may be missing
};

inline constexpr UsualName kUsualNames[] = {{"name"},
                                            {"title"},
                                            {"label"},
                                            {"display_name"},
                                            {"displayName"},
                                            {"full_name"},
                                            {"fullName"},
                                            {"first_name", "last_name"},
                                            {"firstName", "lastName"},
                                            {"code"},
                                            {"email"}};

}  // namespace trashd::trash
