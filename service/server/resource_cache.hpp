// The resources as of the current catalog; shared by all requests.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace trashd::schema {
class Catalog;
}  // namespace trashd::schema

namespace trashd::trash {
class Trash;
}

namespace trashd::service {

struct Config;
class Resources;

class ResourceCache {
  public:
    ResourceCache(trash::Trash& trash, const Config& config);
    // Throws ConfigError when the configuration named what the database did not have.
    void require_configured() const;
    std::shared_ptr<const Resources> get();
    // Reads the catalog again when the schema changed.
    std::shared_ptr<const Resources> refresh();

  private:
    std::shared_ptr<const Resources> build(std::shared_ptr<const schema::Catalog> catalog);

    trash::Trash& trash_;
    const Config& config_;
    std::vector<std::string> faults_;  // as of the start
    std::mutex mutex_;
    std::shared_ptr<const Resources> resources_;
};

}  // namespace trashd::service
