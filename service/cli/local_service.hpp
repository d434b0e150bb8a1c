// The service without HTTP, for commands on the server: the same routes and the same answers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/session/cluster.hpp"
#include "schema/session/pool.hpp"
#include "service/api/handler.hpp"
#include "service/config/config.hpp"
#include "service/server/resource_cache.hpp"
#include "trash/trash.hpp"

namespace trashd::service {

struct Resource;

// Who runs the command, as the ledger has it.
std::string user_name();

// The database that is configured. A private one is joined where its service runs; else it runs as
// long as this value lives. Throws Error kUnavailable.
class LocalDatabase {
  public:
    explicit LocalDatabase(const Config& config);
    schema::Pool& pool() { return *pool_; }

  private:
    std::string private_url(const std::string& directory);

    std::optional<schema::Cluster> cluster_;
    std::unique_ptr<schema::Pool> pool_;
};

// What a route answered.
struct LocalAnswer {
    int status = 0;
    std::string body;
    std::string next;  // the address of the next page
};

using Parameters = std::vector<std::pair<std::string, std::optional<std::string>>>;

// What goes with a request beside its address. progress is told how many rows each batch moved,
// where there are batches.
struct Sent {
    std::string json = {};  // the body; empty: none
    std::function<void(long long)> progress = {};
};

class LocalService {
  public:
    explicit LocalService(const Config& config);
    // Like the request over HTTP, by the user of this process; absent parameters are left out.
    LocalAnswer call(const std::string& verb, const std::string& address,
                     const Parameters& parameters = {}, const Sent& sent = {});

    trash::Trash& trash() { return trash_; }
    // The table of the resource; throws Error kNotFound.
    schema::QualifiedName table_of(const std::string& resource);
    // The address of the object; resource and id as people write them, nothing encoded but , and %
    // in the values of a key of several columns (%2C, %25). Throws Error kNotFound.
    std::string address_of(const std::string& resource, const std::string& id);

  private:
    Response answer(Request& request, const Context& context);
    // Of these resources, which must outlive it; throws Error kNotFound.
    static const Resource& called(const Resources& resources, const std::string& name);

    Config config_;
    LocalDatabase database_;
    trash::Trash trash_;
    ResourceCache resources_;
};

}  // namespace trashd::service
