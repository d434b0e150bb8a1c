#include "service/api/json.hpp"

#include <algorithm>
#include <utility>

#include "schema/catalog/catalog.hpp"
#include "service/auth/permissions.hpp"
#include "service/config/resources.hpp"
#include "service/http/url.hpp"
#include "trash/model/history.hpp"
#include "trash/model/item.hpp"
#include "trash/model/options.hpp"
#include "trash/model/restored.hpp"
#include "trash/records/operations.hpp"
#include "trash/store/usual_names.hpp"

namespace trashd::service {

namespace {

std::string class_of(const trash::Item& item, const Resource* resource) {
    return resource ? resource->class_name : item.table.name;
}

void write_reference(JsonWriter& out, const Resources& resources,
                     const schema::QualifiedName& table, const std::string& id) {
    out.StartObject();
    out.key("resource").text(resources.path_of(table));
    out.key("id").text(id);
    out.EndObject();
}

template <class Values>
void write_texts(JsonWriter& out, const Values& values) {
    out.StartArray();
    for (const auto& value : values) out.text_or_null(value);
    out.EndArray();
}

void write_conflict(JsonWriter& out, const trash::Conflict& conflict, const Resources& resources) {
    out.StartObject();
    out.key("kind").text(conflict.kind);
    out.key("resource").text(resources.path_of(conflict.table));
    if (!conflict.id.empty()) out.key("id").text(conflict.id);
    if (!conflict.constraint.empty()) out.key("constraint").text(conflict.constraint);
    write_texts(out.key("columns"), conflict.columns);
    write_texts(out.key("values"), conflict.values);
    if (conflict.with_table)
        write_reference(out.key("with"), resources, *conflict.with_table, conflict.with_id);
    if (!conflict.trash_item.empty()) out.key("trashItem").text(conflict.trash_item);
    if (!conflict.detail.empty()) out.key("detail").text(conflict.detail);
    out.key("choices").StartArray();
    for (const auto choice : conflict.choices) out.text(trash::word_of(choice));
    out.EndArray();
    out.EndObject();
}

void write_counts(JsonWriter& out, const std::vector<trash::TableCount>& counts,
                  const Resources& resources) {
    out.StartArray();
    for (const auto& line : counts) {
        out.StartObject();
        out.key("resource").text(resources.path_of(line.table));
        out.key("count").Int64(line.count);
        out.EndObject();
    }
    out.EndArray();
}

void write_swapped(JsonWriter& out, const trash::Restored& restored, const Resources& resources) {
    if (restored.swapped.empty()) return;
    out.key("swapped").StartArray();
    for (const auto& row : restored.swapped) {
        out.StartObject();
        out.key("resource").text(resources.path_of(row.table));
        out.key("id").text(row.id);
        out.key("trashItem").text(row.item);
        out.key("groupSize").Int64(row.rows);
        out.EndObject();
    }
    out.EndArray();
}

void write_copied(JsonWriter& out, const trash::Restored& restored, const Resources& resources) {
    if (restored.copied.empty()) return;
    out.key("copied").StartArray();
    for (const auto& row : restored.copied) {
        out.StartObject();
        out.key("resource").text(resources.path_of(row.table));
        out.key("from").text(row.from);
        out.key("to").text(row.to);
        out.EndObject();
    }
    out.EndArray();
}

template <class Rows>
void write_both(JsonWriter& out, const Rows& rows, const char* name, const Resources& resources) {
    if (rows.empty()) return;
    out.key(name).StartArray();
    for (const auto& row : rows) {
        out.StartObject();
        out.key("resource").text(resources.path_of(row.table));
        out.key("id").text(row.id);
        write_texts(out.key("columns"), row.columns);
        out.key("was").raw(row.was);
        out.key("is").raw(row.is);
        out.EndObject();
    }
    out.EndArray();
}

void write_added(JsonWriter& out, const trash::Restored& restored, const Resources& resources) {
    if (restored.added.empty()) return;
    out.key("added").StartArray();
    for (const auto& rows : restored.added) {
        out.StartObject();
        out.key("resource").text(resources.path_of(rows.table));
        out.key("id").text_or_null(rows.id);
        out.key("count").Int64(rows.count);
        out.EndObject();
    }
    out.EndArray();
}

void write_lost(JsonWriter& out, const trash::Restored& restored, const Resources& resources) {
    if (restored.lost.empty()) return;
    out.key("lost").StartArray();
    for (const auto& value : restored.lost) {
        out.StartObject();
        out.key("resource").text(resources.path_of(value.table));
        out.key("id").text_or_null(value.id.empty() ? std::optional<std::string>() : value.id);
        out.key("column").text(value.column);
        out.key("value").text_or_null(value.value);
        out.EndObject();
    }
    out.EndArray();
}

void write_detached(JsonWriter& out, const trash::Restored& restored, const Resources& resources) {
    if (restored.detached.empty()) return;
    out.key("detached").StartArray();
    for (const auto& row : restored.detached) {
        out.StartObject();
        out.key("resource").text(resources.path_of(row.table));
        out.key("id").text(row.id);
        out.key("constraint").text(row.constraint);
        write_texts(out.key("columns"), row.columns);
        write_texts(out.key("values"), row.values);
        out.EndObject();
    }
    out.EndArray();
}

// None: others, that may not be seen.
std::optional<std::string> path_or_none(const Resources& resources,
                                        const schema::QualifiedName& table) {
    if (table.name.empty()) return std::nullopt;
    return resources.path_of(table);
}

void write_rehearsal(JsonWriter& out, const trash::Item& item) {
    out.key("restorable");
    if (!item.restorable) return static_cast<void>(out.Null());
    out.Bool(*item.restorable);
    out.key("checkedAt").text_or_null(item.checked_at);
    if (item.conflicts) out.key("conflicts").raw(*item.conflicts);
}

void write_item_fields(JsonWriter& out, const trash::Item& item, const Resources& resources) {
    const auto* resource = resources.of(item.table);
    out.key("id").text(item.id);
    out.key("version").Int(0);
    out.key("createdAt").text(item.created_at);
    out.key("updatedAt").text(item.updated_at);
    out.key("deletedObjectClass").text(class_of(item, resource));
    out.key("deletedObjectId").text(item.object_id);
    out.key("displayName").text(item.display_name);
    out.key("groupId").text(item.group_id);
    out.key("resource").text(resources.path_of(item.table));
    out.key("root").Bool(item.root);
    out.key("groupSize").Int64(item.group_size);
    if (item.partly) out.key("partly").Bool(true);
    out.key("deletedBy").text(item.deleted_by);
    write_name(out, "deletedByName", item.deleted_by_name);
    out.key("reason").text_or_null(item.reason);
    out.key("expiresAt").text_or_null(item.expires_at);
    write_rehearsal(out, item);
    if (item.via) out.key("via").text(*item.via);
}

}  // namespace

void write_name(JsonWriter& out, const char* member, const std::optional<std::string>& name) {
    if (name) out.key(member).text(*name);
}

JsonWriter& JsonWriter::key(const char* name) {
    Key(name);
    return *this;
}

void JsonWriter::text(const std::string& value) {
    String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void JsonWriter::text_or_null(const std::optional<std::string>& value) {
    if (value)
        text(*value);
    else
        Null();
}

void JsonWriter::raw(const std::string& json) {
    RawValue(json.data(), json.size(), rapidjson::kObjectType);
}

std::optional<std::string> display_column(const Resource& resource) {
    if (!resource.display.empty()) return resource.display;
    for (const auto& usual : trash::kUsualNames)
        for (const auto& column : {std::string(usual.second), std::string(usual.column)})
            if (resource.table->shown_column(column)) return column;
    return std::nullopt;
}

void write_item(JsonWriter& out, const trash::Item& item, const Resources& resources,
                bool with_object) {
    out.StartObject();
    write_item_fields(out, item, resources);
    if (with_object && item.object) {
        out.key("object");
        out.raw(*item.object);
    }
    out.EndObject();
}

void write_blockers(JsonWriter& out, const std::vector<trash::Blocker>& blockers,
                    const Resources& resources) {
    out.StartArray();
    for (const auto& blocker : blockers) {
        out.StartObject();
        out.key("resource").text_or_null(path_or_none(resources, blocker.table));
        out.key("constraint")
            .text_or_null(blocker.constraint.empty() ? std::optional<std::string>()
                                                     : blocker.constraint);
        if (blocker.count < 0)
            out.key("count").Null();
        else
            out.key("count").Int64(blocker.count);
        write_texts(out.key("ids"), blocker.ids);
        if (!blocker.reason.empty()) out.key("reason").text(blocker.reason);
        out.EndObject();
    }
    out.EndArray();
}

void write_written(JsonWriter& out, const std::vector<trash::TableCount>& written,
                   const Resources& resources) {
    out.StartArray();
    for (const auto& one : written) {
        out.StartObject();
        out.key("resource").text_or_null(path_or_none(resources, one.table));
        out.key("table").text(one.table.schema + "." + one.table.name);
        out.key("count").Int64(one.count);
        out.EndObject();
    }
    out.EndArray();
}

void write_lines(JsonWriter& out, const std::vector<trash::ImpactLine>& lines,
                 const Resources& resources) {
    out.StartArray();
    for (const auto& line : lines) {
        out.StartObject();
        out.key("resource").text_or_null(path_or_none(resources, line.table));
        out.key("action").text(line.action);
        out.key("count").Int64(line.count);
        if (!line.reason.empty()) out.key("reason").text(line.reason);
        out.EndObject();
    }
    out.EndArray();
}

void write_impact(JsonWriter& out, const trash::Impact& impact, const Resources& resources) {
    out.StartObject();
    out.key("root").StartObject();
    out.key("resource").text(resources.path_of(impact.table));
    out.key("id").text_or_null(impact.id);
    out.EndObject();
    out.key("total").Int64(impact.total);
    write_lines(out.key("resources"), impact.lines, resources);
    write_blockers(out.key("blockers"), impact.blockers, resources);
    if (!impact.written.empty()) write_written(out.key("written"), impact.written, resources);
    out.EndObject();
}

void write_conflicts(JsonWriter& out, const std::vector<trash::Conflict>& conflicts,
                     const Resources& resources) {
    out.StartArray();
    for (const auto& conflict : conflicts) write_conflict(out, conflict, resources);
    out.EndArray();
}

void write_entry(JsonWriter& out, const trash::LedgerEntry& entry, const Resources& resources) {
    out.StartObject();
    out.key("id").text(entry.id);
    out.key("at").text(entry.at);
    out.key("action").text(entry.action);
    out.key("by").text(entry.by);
    write_name(out, "byName", entry.by_name);
    out.key("reason").text_or_null(entry.reason);
    out.key("resource").text(resources.path_of(entry.table));
    out.key("objectId").text(entry.object_id);
    out.key("groupId").text_or_null(entry.group_id);
    out.key("trashItemId").text_or_null(entry.item_id);
    write_counts(out.key("counts"), entry.counts, resources);
    out.key("requestId").text_or_null(entry.request_id);
    out.key("address").text_or_null(entry.address);
    out.EndObject();
}

std::string item_json(const trash::Item& item, const Resources& resources, bool with_object) {
    JsonWriter out;
    write_item(out, item, resources, with_object);
    return out.take();
}

std::string undo_href(const std::string& entry) {
    return "/v1/history/" + entry + "/$undo";
}

void write_undo(JsonWriter& out, const std::string& entry) {
    out.StartObject();
    out.key("href").text(undo_href(entry));
    out.EndObject();
}

std::string deleted_json(const trash::Item& item, const trash::DeleteResult& result,
                         const Resources& resources) {
    auto json = std::string(without_brace(item_json(item, resources, true)));
    JsonWriter gone, more, undo;
    if (!result.dropped.empty()) {
        write_lines(gone, result.dropped, resources);
        json += ",\"deleted\":" + gone.take();
    }
    if (!result.written.empty()) {
        write_written(more, result.written, resources);
        json += ",\"written\":" + more.take();
    }
    if (!result.entry.empty()) {
        write_undo(undo, result.entry);
        json += ",\"undo\":" + undo.take();
    }
    return json + "}";
}

std::string undone_json(const trash::Undone& undone, const Resources& resources) {
    JsonWriter out;
    out.StartObject();
    out.key("trashed").Int64(undone.trashed);
    write_texts(out.key("groups"), undone.groups);
    if (undone.back)
        write_outcome(out, *undone.back, resources);
    else
        out.key("restored").Int64(0);
    if (!undone.entry.empty()) write_undo(out.key("undo"), undone.entry);
    out.EndObject();
    return out.take();
}

std::string impact_json(const trash::Impact& impact, const Resources& resources) {
    JsonWriter out;
    write_impact(out, impact, resources);
    return out.take();
}

void write_outcome(JsonWriter& out, const trash::Restored& restored, const Resources& resources) {
    out.key("restored").Int64(restored.restored);
    write_counts(out.key("resources"), restored.tables, resources);
    out.key("relinked").Int64(restored.relinked);
    out.key("notRelinked").Int64(restored.not_relinked);
    if (restored.left > 0) out.key("left").Int64(restored.left);
    if (!restored.ancestors.empty()) write_texts(out.key("ancestors"), restored.ancestors);
    write_both(out, restored.altered, "altered", resources);
    write_added(out, restored, resources);
    if (!restored.written.empty()) write_written(out.key("written"), restored.written, resources);
    write_lost(out, restored, resources);
    write_detached(out, restored, resources);
    write_both(out, restored.changed, "changed", resources);
    write_swapped(out, restored, resources);
    write_copied(out, restored, resources);
    if (!restored.entries.empty()) write_undo(out.key("undo"), restored.entries.front());
    if (!restored.plan.empty()) out.key("plan").text(restored.plan);
}

std::string restored_json(const trash::Restored& restored, const Resources& resources) {
    JsonWriter out;
    out.StartObject();
    out.key("groupId").text(restored.group_id);
    out.key("root").StartObject();
    out.key("resource").text(resources.path_of(restored.root_table));
    out.key("id").text(restored.root_id);
    out.key("href").text(resources.href(restored.root_table, restored.root_id));
    out.EndObject();
    write_outcome(out, restored, resources);
    out.EndObject();
    return out.take();
}

std::string resources_json(const Resources& resources, const Access& access) {
    JsonWriter out;
    out.StartArray();
    for (const auto& resource : resources.all()) {
        if (!access.reaches(Right::kRead, resource)) continue;
        auto path = encode_path(resource.path);
        out.StartObject();
        out.key("resource").text(path);
        out.key("href").text("/v1/" + path);
        out.key("metadata").text("/v1/" + path + "/$metadata");
        out.key("class").text(resource.class_name);
        out.key("table").text(resource.table->name.schema + "." + resource.table->name.name);
        out.key("key").StartArray();
        for (int attnum : resource.table->identity) out.text(resource.table->column(attnum)->name);
        out.EndArray();
        out.EndObject();
    }
    out.EndArray();
    return out.take();
}

std::string_view without_brace(std::string_view object) {
    return object.substr(0, object.rfind('}'));
}

std::string end_of_trashed_row(bool first, const trash::Item& item, const schema::Table& table,
                               const Resources& resources) {
    std::string json;
    auto add = [&](const char* name, const std::string& value) {
        json += (std::exchange(first, false) ? "\"" : ",\"") + schema::unused_name(table, name) +
                "\":" + value;
    };
    JsonWriter at;
    at.text(item.created_at);
    add("deletedAt", at.take());
    add("trashItem", item_json(item, resources, false));
    return json + "}";
}

namespace {

void write_json(JsonWriter& out, const char* name, const std::optional<std::string>& json) {
    out.key(name);
    if (json)
        out.raw(*json);
    else
        out.Null();
}

}  // namespace

std::string operation_json(const trash::Operation& operation) {
    JsonWriter out;
    out.StartObject();
    out.key("id").text(operation.id);
    out.key("kind").text(operation.kind);
    out.key("state").text(operation.state);
    out.key("createdAt").text(operation.created_at);
    out.key("startedAt").text_or_null(operation.started_at);
    out.key("endedAt").text_or_null(operation.ended_at);
    out.key("by").text(operation.by);
    write_name(out, "byName", operation.by_name);
    out.key("done").Int64(operation.done);
    out.key("total");
    if (operation.total)
        out.Int64(*operation.total);
    else
        out.Null();
    write_json(out, "result", operation.result);
    write_json(out, "error", operation.error);
    out.EndObject();
    return out.take();
}

void JsonArray::add(std::initializer_list<std::string_view> pieces) {
    spool_->append(spool_->size() == 0 ? "[" : ",");
    for (const auto piece : pieces) spool_->append(piece);
}

std::shared_ptr<Spool> JsonArray::finish() {
    spool_->append(spool_->size() == 0 ? "[]" : "]");
    return spool_;
}

}  // namespace trashd::service
