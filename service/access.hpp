// What who asks may do: the rights of all its roles together. Asked before anything is looked up.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/error.hpp"
#include "service/resources.hpp"
#include "service/rights.hpp"

namespace trashd::service {

struct Missing {
    Right right;
    std::string resource;  // path; "*": for everything; empty: for anything
    bool operator==(const Missing&) const = default;
};

// forbidden, with what is missing.
struct Forbidden : Error {
    explicit Forbidden(std::vector<Missing> what);
    std::vector<Missing> missing;
};

class Access {
  public:
    // Everything is allowed: without configured credentials, and for commands on the server.
    Access() = default;
    // What the roles grant; those that are not configured grant nothing. They must outlive it.
    Access(const std::map<std::string, Role>& configured, const std::vector<std::string>& roles);

    bool everywhere(Right right) const;
    bool somewhere(Right right) const;
    bool allows(Right right, const Resource& resource) const;
    // A table that is no resource needs the right for everything.
    bool allows(Right right, const Resources& resources, const schema::QualifiedName& table) const;

    // These throw Forbidden.
    void need(Right right, const Resource& resource) const;
    void need_somewhere(Right right) const;
    void need_everywhere(Right right) const;
    // Names every table on which one is missing.
    void need_all(const std::vector<Right>& rights, const Resources& resources,
                  const std::vector<schema::QualifiedName>& tables) const;

  private:
    bool all_ = true;
    std::vector<const Role*> roles_;
};

}  // namespace trashd::service
