#include "trash/access/trigger_trust.hpp"

#include "schema/catalog/catalog.hpp"
#include "schema/identifier.hpp"

namespace trashd::trash {

std::string untrusted(const schema::Table& table, bool schema::Trigger::*event) {
    for (const auto& trigger : table.triggers) {
        if (trigger.trusted || !(trigger.*event)) continue;
        return "the trigger " + trigger.name + " of " + table.name.schema + "." + table.name.name +
               " runs a function that belongs to neither the table's owner nor a superuser, and "
               "could act as the service; ALTER FUNCTION " +
               schema::quoted(trigger.function) + "() OWNER TO the table's owner";
    }
    return "";
}

}  // namespace trashd::trash
