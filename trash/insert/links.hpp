// References that a delete has cut, alike: what relink.cpp sets back, and cut_rows.cpp the other
// values of their rows.
#pragma once

#include <string>
#include <vector>

namespace trashd::schema {
struct Column;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

struct RestoreContext;
struct Shape;

// Links of one group, one table, one set of columns.
struct Links {
    long long group = 0, taken = 0;
    const Shape* shape = nullptr;
    std::vector<int> attnums;
    std::string where;          // picks them, over l
    bool whole = false;         // some have their whole rows
    std::vector<int> cut = {};  // attnums of all references that the group cut in the table
};

// Newest group first: of two references cleared one after the other, the later was there last.
std::vector<Links> links_of(RestoreContext& restoring);
bool can_relink(const Links& links);
// Whether nothing inside the column's values may mean something else by now.
bool sure_to_read(const Shape& shape, int attnum);
// SQL: a column of the row t as text, and the value of a text, as links of the shape write it:
// their labels are called what they were when the link was made.
std::string live_text(const Shape& shape, const schema::Column& column);
std::string read_value(const Shape& shape, const schema::Column& column, const std::string& text);
std::string read_text(const Shape& shape, const schema::Column& column, const std::string& text);
// SQL: the row t of the table is the one that the link l names by the key that it was made with;
// the table may have another by now.
std::string same_row(const Links& links);
// SQL: the references in the row t are still as the delete left them.
std::string untouched(const Links& links);
// SQL to append to a condition on rows t of the table: a row made anew under the same key may be
// another tenant's.
std::string of_tenant(const RestoreContext& restoring, const schema::Table& table);
// SQL over (link, row_id, group_id, ordinal, was, left_as, row_was, row_left): each link with the
// item that its row became.
std::string items_of(const RestoreContext& restoring, const Links& links);

// cut_rows.cpp: before anything is set back in live rows: notes what each should be in the end.
void want_rows(RestoreContext& restoring, const Links& links);
// Rows without a key, which the link l knows by all that they are: assignments to what triggers
// wrote beside the references; SQL text[], or NULL: what the row should be in the end; SQL json of
// what is not so in `now`, another text[], as it should be (should) or as it is.
std::vector<std::string> set_beside(RestoreContext& restoring, const Links& links);
std::string wanted_row(const RestoreContext& restoring, const Links& links);
std::string differing_values(const Links& links, const std::string& now, bool should);
// Of rows that lie in the trash.
void set_items_back(RestoreContext& restoring, const Links& links);

}  // namespace trashd::trash
