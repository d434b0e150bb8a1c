// Reading TrashItems: one, the newest of an object, pages.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/object_name.hpp"
#include "schema/session/result.hpp"
#include "trash/model/item.hpp"
#include "trash/model/options.hpp"
#include "trash/model/statistics.hpp"
#include "trash/read/item_sql.hpp"

namespace trashd::schema {
class Catalog;
class Connection;
struct Table;
}  // namespace trashd::schema

namespace trashd::trash {

struct Emptied;

// For one transaction and one thread: the connection, the catalog and the naming must outlive it.
class Items {
  public:
    Items(schema::Connection& connection, const schema::Catalog& catalog, std::string trash_schema,
          const std::vector<Naming>& naming)
        : connection_(connection),
          catalog_(catalog),
          trash_schema_(std::move(trash_schema)),
          naming_(naming) {}

    // The first of a group's with nothing above it; throws GoneError like one().
    Item root_of(const std::string& group_id);
    // The contract of Trash::item, find and list.
    Item one(const std::string& item_id, bool with_object);
    std::optional<Item> newest_of(const schema::Table& table, const std::vector<std::string>& id,
                                  bool with_object);
    // Of each object that has one, by the ids that were asked for, which can be keys; the item may
    // write the same key in another way.
    std::map<std::string, Item> newest_of_all(const schema::Table& table,
                                              const std::vector<std::string>& object_ids);
    // The contract of Trash::item with a sink.
    void one(const std::string& item_id, const ItemSink& sink);
    // With the row as its table is today; select: its columns, empty: all. The sink is given the
    // item before. False: there is none.
    bool newest_row_of(const schema::Table& table, const std::vector<std::string>& id,
                       const std::vector<std::string>& select, const ItemSink& sink);
    ItemPage page(const ItemQuery& asked, const std::function<void(const Item&)>& each);

    // The contract of Trash::gone_tables.
    std::vector<schema::QualifiedName> gone_tables();

    // The contract of Trash::facets and statistics.
    Facets facets(const ItemFilter& filter);
    Statistics statistics(const ItemFilter& filter);

    // Of roots: how many groups the filter means, and how many items those have.
    Emptied totals(const ItemFilter& roots);

    // The id as the database writes it ('042' -> '42'); kNotFound when it cannot be a key.
    std::string canonical(const schema::Table& table, const std::vector<std::string>& id);

    schema::Connection& connection() { return connection_; }

  private:
    struct Found {
        Item item;
        long long group = 0, ordinal = 0;
        int shape = 0;
        std::string wanted;  // the id that it was asked for by, where it was
    };
    std::vector<Found> read(const std::string& from, const std::vector<schema::Param>& params);
    std::vector<int> forms_of_all_tables();
    std::vector<int> forms_of_all(const std::vector<schema::QualifiedName>& tables);
    ItemSource source() const { return {trash_schema_, naming_}; }
    // What the filter needs looked up; nothing: its tables never had a row in the trash.
    std::optional<FilterShapes> shapes_for(const ItemFilter& filter);
    void add_parent(FilterShapes& forms, const std::string& item_id);
    std::vector<Found> listed(const ItemQuery& asked, const FilterShapes& forms);
    // Some groups after the other, until the time is over; says in the page how far it came.
    std::vector<Found> searched(const ItemQuery& asked, FilterShapes forms, ItemPage& page);
    std::optional<ItemPosition> end_of_batch(const ItemQuery& asked, long long groups);
    void add_via(std::vector<Found>& found, const FilterShapes& forms);
    std::optional<long long> total(const ItemQuery& asked, const FilterShapes& forms);
    void give(std::vector<Found>& found, const ItemQuery& asked,
              const std::function<void(const Item&)>& each);
    std::vector<Found> newest_among(const schema::Table& table,
                                    const std::vector<std::string>& object_ids);
    std::optional<Found> newest(const schema::Table& table, const std::vector<std::string>& id);
    Found found_one(const std::string& item_id);
    std::optional<std::string> short_object_of(const Found& found);
    void write_object(const Found& found, const std::vector<std::string>* select,
                      const ItemSink& sink);
    void stream_objects(const std::vector<Found>& found, const ItemSink& sink);

    schema::Connection& connection_;
    const schema::Catalog& catalog_;
    std::string trash_schema_;
    const std::vector<Naming>& naming_;
};

}  // namespace trashd::trash
