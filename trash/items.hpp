// Reading TrashItems: one, the newest of an object, pages.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/catalog.hpp"
#include "schema/database.hpp"
#include "trash/trash.hpp"

namespace trashd::trash {

class Items {
  public:
    Items(schema::Connection& connection, const schema::Catalog& catalog, std::string trash_schema)
        : connection_(connection), catalog_(catalog), trash_schema_(std::move(trash_schema)) {}

    // The contract of Trash::item, find, list and list_of.
    Item one(const std::string& item_id, bool with_object);
    std::optional<Item> newest_of(const schema::Table& table, const std::vector<std::string>& id,
                                  bool with_object);
    // Of each object that has one, by its id as the database writes it.
    std::map<std::string, Item> newest_of_all(const schema::Table& table,
                                              const std::vector<std::string>& object_ids);
    ItemPage page(int limit, const std::string& after, bool with_object);
    ItemPage page_of(const schema::Table& table, int limit, const std::string& after);

    // The id as the database writes it ('042' -> '42'); kNotFound when it cannot be a key.
    std::string canonical(const schema::Table& table, const std::vector<std::string>& id);

    schema::Connection& connection() { return connection_; }

  private:
    ItemPage read(const std::string& sql, const std::vector<schema::Param>& params, int limit,
                  bool with_object);
    void add_objects(std::vector<Item>& items, const std::vector<int>& shapes);
    void add_objects_of(std::vector<Item>& items, const std::vector<int>& shapes, int shape);
    std::vector<std::string> expressions(int shape, bool typed);

    schema::Connection& connection_;
    const schema::Catalog& catalog_;
    std::string trash_schema_;
};

}  // namespace trashd::trash
