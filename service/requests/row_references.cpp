// Who asks is told no more of what a row refers to than by asking for that: of what may not be read
// only the id that stands in the row. That something is nowhere is told to those alone who might
// see it wherever it was.
#include "service/requests/row_references.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <array>
#include <span>

#include "schema/catalog/catalog.hpp"
#include "schema/session/transaction.hpp"
#include "service/api/caller.hpp"
#include "service/api/context.hpp"
#include "service/api/json.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/http/spool.hpp"
#include "service/rights/row_rights.hpp"

namespace trashd::service {

namespace {

constexpr std::size_t kLongestRow = 1 << 20;  // bytes of a row that is looked into

// The text of a value that may be a key; nothing for NULL, and for what is no single value.
std::optional<std::string> text_of(const rapidjson::Document& row, const std::string& column) {
    const auto found = row.FindMember(column.c_str());
    if (found == row.MemberEnd()) return std::nullopt;
    const auto& value = found->value;
    if (value.IsBool()) return value.GetBool() ? "true" : "false";
    if (!value.IsString()) return std::nullopt;  // numbers are read as their texts
    return std::string(value.GetString(), value.GetStringLength());
}

bool can_be_compared(const schema::Table& table, const std::vector<int>& columns) {
    return std::ranges::all_of(columns, [&](int attnum) {
        const auto* column = table.column(attnum);
        return column && column->comparisons.size() > 2 && !column->reg && !column->array;
    });
}

std::string unquoted(const std::string& literal) {
    std::string out;
    for (std::size_t at = 1; at + 1 < literal.size(); ++at) {
        out += literal[at];
        if (literal[at] == '\'') ++at;
    }
    return out;
}

// As far as the row's JSON tells: other conditions than of constants only the server understands.
bool refers_by(const schema::ForeignKey& key, const schema::Table& table,
               const rapidjson::Document& row) {
    if (key.where.empty()) return true;
    return !key.constants.empty() &&
           std::ranges::all_of(key.constants, [&](const schema::Constant& constant) {
               return text_of(row, table.column(constant.attnum)->name) ==
                      unquoted(constant.literal);
           });
}

}  // namespace

bool ends_empty(const Spool& json) {
    std::array<char, 2> last{};
    return json.size() >= last.size() &&
           json.read(json.size() - last.size(), last) == last.size() && last[0] == '{';
}

void RowReferences::read(const Spool& json) {
    std::array<char, 1 << 16> some;
    std::size_t at = 0;
    while (const auto got = json.size() > kLongestRow ? 0 : json.read(at, some)) {
        piece({some.data(), got});
        at += got;
    }
    if (json.size() > kLongestRow) json_.assign(kLongestRow + 1, ' ');
}

void RowReferences::begin(const schema::Table* table, bool trashed) {
    json_.clear();
    rows_.push_back({{}, trashed, table});
}

void RowReferences::piece(std::string_view json) {
    if (json_.size() <= kLongestRow) json_ += json;
}

void RowReferences::end(Place place) {
    read_row();
    rows_.back().place = std::move(place);
}

// A key over columns that were not selected, or any of which is NULL, refers to nothing here.
void RowReferences::read_row() {
    auto& row = rows_.back();
    if (!row.table || json_.size() > kLongestRow) return;
    rapidjson::Document document;
    document.Parse<rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseIterativeFlag>(
        json_.data(), json_.size());
    if (document.HasParseError() || !document.IsObject()) return;
    const auto& catalog = *context_.resources->catalog();
    for (const auto* key : catalog.references(row.table->oid)) {
        const auto* parent = catalog.table(key->parent);
        if (!parent || key->period || !context_.resources->of(parent->name) ||
            !can_be_compared(*parent, key->parent_columns) ||
            !refers_by(*key, *row.table, document))
            continue;
        Reference reference{key, {}};
        for (const int attnum : key->child_columns)
            if (auto text = text_of(document, row.table->column(attnum)->name))
                reference.values.push_back(std::move(*text));
        if (reference.values.size() < key->child_columns.size()) continue;
        auto& target = targets_[{parent->oid, key->parent_columns}];
        target.table = parent;
        target.columns = key->parent_columns;
        target.from_trash = target.from_trash || row.trashed;
        target.places.emplace(reference.values, target.places.size());
        row.references.push_back(std::move(reference));
    }
}

// Live and trashed rows in one snapshot: what is on its way is in one of them.
void RowReferences::find() {
    if (targets_.empty()) return;
    context_.trash->run(schema::Mode::kRead, [&](schema::Transaction& transaction) {
        for (auto& [key, target] : targets_) find(transaction, target);
    });
}

void RowReferences::find(schema::Transaction& transaction, Target& target) {
    const auto& resource = *context_.resources->of(target.table->name);
    target.found.assign(target.places.size(), {});
    const bool reads = caller_.access.reaches(Right::kRead, resource),
               views = caller_.access.reaches(Right::kViewTrash, resource);
    if (!reads) {
        for (auto& one : target.found) one.readable = false;
        return;
    }
    auto other = request_;
    other.resource = &resource;
    trash::ReferencedRows asked{target.table, target.columns, {}};
    asked.values.resize(target.places.size());
    for (const auto& [values, place] : target.places) asked.values[place] = values;
    asked.live = live_rows(other, caller_, context_, Right::kRead, "t");
    asked.trashed = target.from_trash;
    asked.in_trash = target.from_trash && views;
    if (!caller_.access.allows(Right::kViewTrash, resource))
        asked.seen = reach_of(caller_, context_, Right::kViewTrash);
    target.found =
        trash::find_referenced(*context_.trash, transaction, *context_.resources->catalog(), asked);
}

bool RowReferences::may_be_told_gone(const Target& target) const {
    const auto& resource = *context_.resources->of(target.table->name);
    const bool whole = caller_.access.allows(Right::kRead, resource) &&
                       caller_.access.allows(Right::kViewTrash, resource);
    const bool of_tenant =
        context_.trash->tenant() && !context_.trash->tenant_column(*target.table);
    return whole && !of_tenant && context_.config->access.roles.empty() &&
           trash::referenced_id(*target.table, target.columns,
                                std::vector<std::string>(target.columns.size()));
}

void RowReferences::write_found(JsonWriter& out, const Row& row, const Target& target,
                                const trash::ReferencedRow& found) {
    if (found.live || found.item) {
        out.key("displayName").text(found.live ? found.name : found.item->display_name);
        out.key("state").text(found.live ? "live" : "trash");
    } else if (found.readable && !found.hidden && row.trashed && may_be_told_gone(target)) {
        out.key("state").text("gone");
    }
    if (!found.item) return;
    out.key("trashItem").text(found.item->id);
    out.key("groupId").text(found.item->group_id);
}

void RowReferences::write(JsonWriter& out, const Row& row, const Reference& reference) {
    const auto& key = *reference.key;
    const auto& target = targets_.at({key.parent, key.parent_columns});
    const auto& found = target.found.at(target.places.at(reference.values));
    const auto* resource = context_.resources->of(target.table->name);
    out.key(key.name.c_str()).StartObject();
    out.key("columns").StartArray();
    for (const int attnum : key.child_columns) out.text(row.table->column(attnum)->name);
    out.EndArray();
    out.key("resource").text(encode_path(resource->path));
    out.key("id").text_or_null(
        found.live ? std::optional(found.id)
                   : trash::referenced_id(*target.table, target.columns, reference.values));
    write_found(out, row, target, found);
    out.EndObject();
}

std::string RowReferences::json_of(const Row& row) {
    JsonWriter out;
    out.StartObject();
    for (const auto& reference : row.references) write(out, row, reference);
    out.EndObject();
    return (row.place.first ? "\"" : ",\"") + row.place.member + "\":" + out.take();
}

namespace {

void copy(const Spool& from, std::size_t begin, std::size_t end, Spool& into) {
    std::array<char, 1 << 16> piece;
    while (begin < end) {
        const auto got =
            from.read(begin, std::span(piece).first(std::min(piece.size(), end - begin)));
        if (got == 0) throw Error(Code::kUnavailable, "the answer cannot be read; try again");
        into.append({piece.data(), got});
        begin += got;
    }
}

}  // namespace

std::shared_ptr<Spool> RowReferences::filled_in(const Spool& rows) {
    find();
    auto into = std::make_shared<Spool>();
    std::size_t at = 0;
    for (const auto& row : rows_) {
        copy(rows, at, row.place.brace, *into);
        into->append(json_of(row));
        at = row.place.brace;
    }
    copy(rows, at, rows.size(), *into);
    return into;
}

}  // namespace trashd::service
