// The tables that are served and under which paths: catalog and configuration brought together.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cascade/policy.hpp"
#include "schema/catalog/key_choice.hpp"
#include "schema/catalog/table_options.hpp"
#include "schema/object_name.hpp"

namespace trashd::schema {
class Catalog;
struct Table;
}  // namespace trashd::schema

namespace trashd::service {

struct Config;

struct Resource {
    std::vector<std::string> path;  // decoded segments
    const schema::Table* table = nullptr;
    std::string class_name, display;
    bool confirm = false, require_reason = false;
};

// Immutable; keeps the catalog that its tables point into.
class Resources {
  public:
    // Configured tables that are not there are left out and put into faults.
    Resources(std::shared_ptr<const schema::Catalog> catalog, const Config& config);

    const std::shared_ptr<const schema::Catalog>& catalog() const { return catalog_; }
    const std::vector<Resource>& all() const { return resources_; }  // by path
    // The resource with the longest path that the segments begin with, from position `from`;
    // nullptr. Some clients encode the slashes inside of a path as well: where no resource is
    // called so, a segment that holds some stands for several. used: how many segments the path
    // takes.
    const Resource* match(const std::vector<std::string>& segments, std::size_t from,
                          std::size_t& used) const;
    const Resource* of(const schema::QualifiedName& table) const;
    // The path as it stands in text, encoded; of a table that is not served the configured one, or
    // its default path.
    std::string path_of(const schema::QualifiedName& table) const;
    // The object's address.
    std::string href(const schema::QualifiedName& table, const std::string& object_id) const;
    const std::vector<std::string>& faults() const { return faults_; }
    const std::vector<std::string>& warnings() const {
        return warnings_;
    }                                                                 // tables not served, why
    const std::vector<std::string>& notes() const { return notes_; }  // of tables that are served

  private:
    void add(Resource resource);
    const Resource* called(const std::vector<std::string>& path) const;
    void note_names(const schema::Table& table);

    std::shared_ptr<const schema::Catalog> catalog_;
    std::vector<Resource> resources_;
    std::map<std::vector<std::string>, std::size_t> by_path_;
    std::map<schema::QualifiedName, std::size_t> by_table_;
    std::map<schema::QualifiedName, std::vector<std::string>> configured_;  // paths
    std::vector<std::string> faults_, warnings_, notes_;
};

// What on_delete says, by constraint oid; constraints that are not there go into faults.
cascade::Policy make_policy(const schema::Catalog& catalog, const Config& config,
                            std::vector<std::string>& faults);

// What the configuration says of keys.
schema::KeyChoice keys_of(const Config& config);
// What it says of rows and columns that are not kept, or not shown.
schema::OptionsOfTables options_of(const Config& config);

// The segments, encoded and joined by /.
std::string encode_path(const std::vector<std::string>& segments);

}  // namespace trashd::service
