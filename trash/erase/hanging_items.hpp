// What hangs on an object in the trash: its own items, whatever became of it since, and those whose
// references lead to it, by foreign keys and declared references of today, from group to group,
// also by way of rows that are live.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "trash/store/shapes.hpp"

namespace trashd::schema {
class Catalog;
class Connection;
struct ForeignKey;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

// An object, live or not. live: SQL over rows p of its table that who asks has them.
struct ObjectSought {
    const schema::Table& table;
    std::vector<std::string> id;  // the key's columns, as the database writes them
    std::string canonical, live;
};

// SQL over rows p of its table: it is the object.
std::string is_object(const ObjectSought& object);

struct HangingItem {
    long long group = 0;
    int ordinal = 0;
    std::string object_id;  // empty: its table has no key
};

// For one search: each looks anew.
class HangingItems {
  public:
    HangingItems(schema::Connection& connection, const schema::Catalog& catalog,
                 std::string trash_schema);
    // By their forms; of the transaction's tenant, if it has one.
    void find(const ObjectSought& object);
    const std::map<int, std::vector<HangingItem>>& items() const { return found_; }
    const Form& form(int id) const { return forms_.at(id); }
    std::set<long long> groups_of(const std::set<const schema::Table*>& tables) const;
    // Rows of the table, in whichever state, of which a cut reference was noted with the whole row,
    // and that hang on the object: numbers of links.
    std::vector<long long> links_of(const ObjectSought& object, const schema::Table& table);

  private:
    // What is followed from: items with their forms, and live rows by the texts of their keys.
    struct Level {
        std::vector<std::pair<int, HangingItem>> items;
        std::vector<std::vector<std::string>> rows;
    };
    using Frontier = std::map<const schema::Table*, Level>;
    const std::vector<const Form*>& forms_of(const schema::Table& table);
    void find_own(const ObjectSought& object, Frontier& next);
    void find_referring(const schema::ForeignKey& key, const std::string& parents, Frontier& next);
    void find_live(const schema::ForeignKey& key, const std::string& parents, Frontier& next);
    std::string parents_of(const schema::ForeignKey& key, const Frontier& frontier,
                           const ObjectSought* object) const;
    std::string object_values(const schema::ForeignKey& key, const ObjectSought& object) const;
    std::string item_values(const schema::ForeignKey& key, int form, const Level& level) const;
    void add(int form, HangingItem item, Frontier& next);

    schema::Connection& connection_;
    const schema::Catalog& catalog_;
    std::string trash_schema_;
    std::map<int, Form> forms_;
    std::map<const schema::Table*, std::vector<const Form*>> by_table_;
    std::map<int, std::vector<HangingItem>> found_;
    std::set<std::pair<long long, int>> seen_;
    std::map<const schema::Table*, std::set<std::vector<std::string>>> live_;
};

}  // namespace trashd::trash
