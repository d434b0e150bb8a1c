// Answers that were kept, for requests that are sent again and of operations, may say what is to be
// erased.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace trashd::schema {
class Transaction;
}

namespace trashd::trash {

// Puts what `without` gives in the place of each text that the tenant's answers and operations were
// kept with; nothing: the text stays.
void erase_answers(schema::Transaction& transaction, const std::string& trash_schema,
                   const std::optional<std::string>& tenant,
                   const std::function<std::optional<std::string>(const std::string&)>& without);

}  // namespace trashd::trash
