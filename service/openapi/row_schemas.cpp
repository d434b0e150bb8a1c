#include "service/openapi/row_schemas.hpp"

#include <algorithm>
#include <vector>

#include "schema/catalog/catalog.hpp"
#include "service/openapi/column_schema.hpp"

namespace trashd::service::openapi {

namespace {

using schema::Column;
using schema::ForeignKey;

class RowSchemas {
  public:
    RowSchemas(const Nodes& nodes, const View& view, const Resource& resource)
        : nodes_(nodes), view_(view), resource_(resource), table_(*resource.table) {
        const auto& catalog = *view_.resources->catalog();
        for (const auto* keys :
             {&catalog.references(table_.oid), &catalog.unenforced_references(table_.oid)})
            for (const auto* key : *keys)
                if (const auto* parent = parent_of(*key)) references_.push_back({key, parent});
    }

    Node made(std::string_view form) const {
        const bool read = form == "Row" || form == "Trashed";
        Node schema = nodes_.object();
        nodes_.put(schema, "type", "object");
        nodes_.put(schema, "description", description(form));
        nodes_.put(schema, "properties", properties(form));
        Node required = required_of(form);
        if (!required.Empty()) nodes_.put(schema, "required", std::move(required));
        if (!read) nodes_.put(schema, "additionalProperties", Node(false));
        if (form == "Row") add_keys(schema);
        return schema;
    }

  private:
    struct Reference {
        const ForeignKey* key;
        const Resource* parent;
    };

    // nullptr: who asks may not see it.
    const Resource* parent_of(const ForeignKey& key) const {
        const auto& catalog = *view_.resources->catalog();
        const auto* parent = view_.resources->of(catalog.table(key.parent)->name);
        return parent && view_.shows(*parent) ? parent : nullptr;
    }

    bool is_key(const Column& column) const {
        return std::ranges::count(table_.identity, column.attnum) > 0;
    }

    static bool by_database(const Column& column) {
        return column.generated || column.identity == "always";
    }

    std::string description(std::string_view form) const {
        const auto path = "`" + encode_path(resource_.path) + "`";
        if (form == "Trashed") return "an object of " + path + " in the trash, as a row";
        if (form == "New") return "an object of " + path + " that is made";
        if (form == "Replacement") return "what an object of " + path + " is to be";
        if (form == "Change") return "what is to be another in an object of " + path;
        return "an object of " + path +
               "; with `select` only what it names, with `deleted` or `trash` objects in the trash "
               "as well";
    }

    // A key of several columns is told in x-references alone.
    std::string description(const Column& column) const {
        auto text = column.type;
        for (const auto& [key, parent] : references_)
            if (key->child_columns == std::vector<int>{column.attnum})
                text += "; refers to `" + encode_path(parent->path) + "`";
        return text;
    }

    Node property(const Column& column, std::string_view form) const {
        const bool lies = form == "Trashed";
        Node schema = column_schema(nodes_, table_, column, lies || !column.not_null);
        nodes_.put(schema, "description", description(column));
        if (form == "Row" && by_database(column)) nodes_.put(schema, "readOnly", Node(true));
        return schema;
    }

    // Of an object that is there the key may be sent along, whatever fills it.
    bool is_taken(const Column& column, std::string_view form) const {
        return !by_database(column) || (form != "New" && is_key(column));
    }

    Node properties(std::string_view form) const {
        Node all = nodes_.object();
        const bool read = form == "Row" || form == "Trashed";
        for (const auto& column : table_.columns)
            if (column.selectable && !column.hidden && (read || is_taken(column, form)))
                nodes_.put(all, column.name, property(column, form));
        if (read) add_trash(all);
        if (read && !references_.empty())
            nodes_.put(all, schema::unused_name(table_, "references"),
                       nodes_.reference("schemas/RowReferences"));
        if (form == "Change" && !table_.column("deletedAt")) nodes_.put(all, "deletedAt", undo());
        return all;
    }

    // What is told of a row in the trash beside its columns.
    void add_trash(Node& all) const {
        Node at = nodes_.object();
        nodes_.put(at, "type", "string");
        nodes_.put(at, "format", "date-time");
        nodes_.put(all, schema::unused_name(table_, "deletedAt"), std::move(at));
        nodes_.put(all, schema::unused_name(table_, "trashItem"),
                   nodes_.reference("schemas/TrashItem"));
    }

    Node undo() const {
        Node schema = nodes_.object();
        nodes_.put(schema, "type", "null");
        nodes_.put(schema, "description", "with `deleted=true`, alone: takes it out of the trash");
        return schema;
    }

    bool is_required(const Column& column, std::string_view form) const {
        if (!column.selectable || column.hidden || form == "Change") return false;
        if (form == "Row" || form == "Trashed") return true;
        if (by_database(column) || column.name == view_.tenant_column) return false;
        if (form == "Replacement" && is_key(column)) return false;
        return column.not_null && !column.has_default;
    }

    Node required_of(std::string_view form) const {
        Node names = nodes_.array();
        for (const auto& column : table_.columns)
            if (is_required(column, form)) nodes_.add(names, column.name);
        if (form != "Trashed") return names;
        nodes_.add(names, schema::unused_name(table_, "deletedAt"));
        nodes_.add(names, schema::unused_name(table_, "trashItem"));
        return names;
    }

    Node names_of(const schema::Table& table, const std::vector<int>& attnums) const {
        Node names = nodes_.array();
        for (const int attnum : attnums) nodes_.add(names, table.column(attnum)->name);
        return names;
    }

    // As $metadata has them.
    void add_keys(Node& schema) const {
        nodes_.put(schema, "x-key", names_of(table_, table_.identity));
        Node all = nodes_.array();
        for (const auto& [key, parent] : references_) {
            Node one = nodes_.object();
            nodes_.put(one, "constraint", key->name);
            nodes_.put(one, "columns", names_of(table_, key->child_columns));
            nodes_.put(one, "resource", encode_path(parent->path));
            nodes_.put(one, "referencedColumns", names_of(*parent->table, key->parent_columns));
            nodes_.add(all, std::move(one));
        }
        if (!all.Empty()) nodes_.put(schema, "x-references", std::move(all));
    }

    const Nodes& nodes_;
    const View& view_;
    const Resource& resource_;
    const schema::Table& table_;
    std::vector<Reference> references_;
};

}  // namespace

void add_row_schemas(const Nodes& nodes, Node& schemas, const View& view,
                     const NamedResource& named) {
    const RowSchemas rows(nodes, view, *named.resource);
    for (const auto form : kForms)
        nodes.put(schemas, named.name + std::string(form), rows.made(form));
}

}  // namespace trashd::service::openapi
