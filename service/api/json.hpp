// What the domain gives, as the JSON of the contract.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/http/spool.hpp"
#include "trash/model/impact.hpp"

namespace trashd::schema {
struct Table;
}

namespace trashd::trash {
struct Conflict;
struct DeleteResult;
struct Item;
struct LedgerEntry;
struct Operation;
struct Restored;
struct Undone;
}  // namespace trashd::trash

namespace trashd::service {

class Resources;
struct Resource;
class Access;

class JsonWriter : public rapidjson::Writer<rapidjson::StringBuffer> {
  public:
    JsonWriter() : rapidjson::Writer<rapidjson::StringBuffer>(buffer_) {}
    JsonWriter& key(const char* name);
    void text(const std::string& value);
    void text_or_null(const std::optional<std::string>& value);
    // JSON that is ready.
    void raw(const std::string& json);
    std::string take() const { return {buffer_.GetString(), buffer_.GetSize()}; }

  private:
    rapidjson::StringBuffer buffer_;
};

// The column that it is taken from first; nothing where there is none.
std::optional<std::string> display_column(const Resource& resource);

// What who did something is called; without a name the member is absent.
void write_name(JsonWriter& out, const char* member, const std::optional<std::string>& name);
void write_item(JsonWriter& out, const trash::Item& item, const Resources& resources,
                bool with_object);
void write_lines(JsonWriter& out, const std::vector<trash::ImpactLine>& lines,
                 const Resources& resources);
void write_impact(JsonWriter& out, const trash::Impact& impact, const Resources& resources);
void write_blockers(JsonWriter& out, const std::vector<trash::Blocker>& blockers,
                    const Resources& resources);
void write_conflicts(JsonWriter& out, const std::vector<trash::Conflict>& conflicts,
                     const Resources& resources);
void write_entry(JsonWriter& out, const trash::LedgerEntry& entry, const Resources& resources);

std::string item_json(const trash::Item& item, const Resources& resources, bool with_object);
// The item with its object, what went for good with it, the rows that triggers have written
// meanwhile, and how it is undone.
std::string deleted_json(const trash::Item& item, const trash::DeleteResult& result,
                         const Resources& resources);
std::string impact_json(const trash::Impact& impact, const Resources& resources);
// What came back and how, without whose group it was.
// The value of `undo`, and its address alone.
void write_undo(JsonWriter& out, const std::string& entry);
std::string undo_href(const std::string& entry);
std::string undone_json(const trash::Undone& undone, const Resources& resources);
void write_outcome(JsonWriter& out, const trash::Restored& restored, const Resources& resources);
std::string restored_json(const trash::Restored& restored, const Resources& resources);
// Those that may be read.
std::string resources_json(const Resources& resources, const Access& access);
// What follows the columns of a trashed row in its JSON, after its last brace is cut off:
// "deletedAt" and "trashItem", with a $ in front where the table has columns of these names.
// first: there are no columns.
std::string end_of_trashed_row(bool first, const trash::Item& item, const schema::Table& table,
                               const Resources& resources);
std::string_view without_brace(std::string_view object);

std::string operation_json(const trash::Operation& operation);

// The body of a list, made element by element.
class JsonArray {
  public:
    // An element in pieces, which are not put together in memory.
    void add(std::initializer_list<std::string_view> pieces);
    // More of the last element; of none, the beginning of the next.
    void append(std::string_view piece) { spool_->append(piece); }
    Spool& spool() { return *spool_; }
    std::shared_ptr<Spool> finish();

  private:
    std::shared_ptr<Spool> spool_ = std::make_shared<Spool>();
};

}  // namespace trashd::service
