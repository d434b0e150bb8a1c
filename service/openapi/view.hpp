// Of what a document of a database is made, and nothing else: so much, compared, tells documents
// apart.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "service/auth/permissions.hpp"
#include "service/config/resources.hpp"

namespace trashd::service::openapi {

// Which rights somebody has on each resource, for all rows or for own ones.
class Reach {
  public:
    Reach(const Resources& resources, const Access& access);
    bool allows(Right right, const Resource& resource) const;
    bool operator==(const Reach& other) const { return rights_ == other.rights_; }

  private:
    const Resource* first_;
    std::vector<unsigned> rights_;  // a bit for each right, in the order of the resources
};

struct View {
    std::shared_ptr<const Resources> resources;  // of one reading of the catalog
    Reach reach;                                 // of who asks, on these
    std::string tenant_column;                   // that the credentials fill; empty: none

    bool shows(const Resource& resource) const { return reach.allows(Right::kRead, resource); }
    bool operator==(const View& other) const = default;
};

}  // namespace trashd::service::openapi
