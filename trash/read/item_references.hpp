// How rows in the trash hang together: foreign keys of today followed over the values of items. A
// delete does not keep which reference took a row along, so that is found out when it is asked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/session/connection.hpp"
#include "trash/model/group.hpp"
#include "trash/store/shapes.hpp"

namespace trashd::schema {
class Catalog;
struct ForeignKey;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

// A group by its number: the forms that its rows have, the ordinals of those with nothing above.
struct ItemsOfGroup {
    long long id = 0;
    std::vector<int> forms, roots;
};

class ItemReferences {
  public:
    ItemReferences(schema::Connection& connection, const schema::Catalog& catalog,
                   std::string trash_schema, const ItemsOfGroup& group);

    // A SELECT of ordinal and via: the members that refer to the item with the ordinal and form,
    // and the first constraint by which they do. Never a root.
    std::string members_of(long long ordinal, int form) const;
    // How many rows of the table each reference took; condition: SQL over items i that count.
    std::vector<ReferenceCount> taken(const schema::Table& table,
                                      const std::string& condition) const;
    // The reference that alone can have taken rows of the table along.
    std::optional<std::string> only_reference(const schema::Table& table) const;
    // A SELECT of group_id and ordinal: the items of other groups in the trash that refer to one of
    // this group. condition: SQL over items i and their groups g that count.
    std::string referring(const std::string& condition) const;
    std::vector<const schema::Table*> tables() const;
    const std::vector<Form>& forms() const { return forms_; }

  private:
    std::vector<const schema::ForeignKey*> references_of(const schema::Table& table) const;
    std::vector<const Form*> forms_of_table(const schema::Table& table) const;
    std::string items_of(const Form& form) const;
    std::string members_by_key(const schema::ForeignKey& key, const Form& child, const Form& parent,
                               long long ordinal) const;
    std::string key_values(const schema::Table& table, const std::vector<int>& attnums,
                           const schema::ForeignKey* by = nullptr) const;

    schema::Connection& connection_;
    const schema::Catalog& catalog_;
    std::string trash_schema_;
    long long group_;
    std::string roots_;  // SQL of an array
    std::vector<Form> forms_;
};

// Which of the groups are referred to by rows of another group in the trash, and by which: pairs of
// numbers of groups, each once. forms: of the groups' rows. References of today count, those too
// that a delete would cut: a restore would miss the row that they name.
struct NeededGroup {
    long long needed = 0, by = 0;
};
std::vector<NeededGroup> needed_groups(schema::Connection& connection,
                                       const schema::Catalog& catalog,
                                       const std::string& trash_schema,
                                       const std::vector<GroupRow>& groups);

// SQL over an item i: a row that it refers to is neither live nor in the trash. Forms of tables
// that are gone refer to nothing.
std::string is_orphaned(const schema::Catalog& catalog, const std::string& trash_schema,
                        const std::vector<Form>& forms);

}  // namespace trashd::trash
