// Whose triggers may run where requests run as roles of the database: SET ROLE is no wall against
// code, which takes the service's role and gives it back before anybody looks.
#pragma once

#include <string>

namespace trashd::schema {
struct Table;
struct Trigger;
}  // namespace trashd::schema

namespace trashd::trash {

// Why the table's triggers on the event (a member of Trigger, on_delete and its like) may not run,
// with the statement that mends it; empty: they may.
std::string untrusted(const schema::Table& table, bool schema::Trigger::*event);

}  // namespace trashd::trash
