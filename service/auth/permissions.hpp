// What who asks may do: the rights of all its roles together. Asked before anything is looked up.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/error.hpp"
#include "schema/object_name.hpp"
#include "service/config/roles.hpp"

namespace trashd::service {

struct Principal;
struct Resource;
class Resources;

struct Missing {
    Right right;
    std::string resource;  // path; "*": for everything; empty: for anything
    bool operator==(const Missing&) const = default;
};

// forbidden, with what is missing.
struct Forbidden : Error {
    explicit Forbidden(const std::vector<Missing>& what);
    Forbidden(std::vector<Missing> what, const std::string& detail);
    std::vector<Missing> missing;
};

// Of a right to restore or to purge: groups whoever has deleted them, or those that who asks has
// deleted. To the latter count live rows too: who purges these deletes them.
enum class GroupsOf { kAnyone, kAsker };

class Access {
  public:
    // Everything is allowed: without configured credentials, and for commands on the server.
    Access() = default;
    // What the principal's roles grant; those that are not configured grant nothing. They must
    // outlive it.
    Access(const std::map<std::string, Role>& configured, const Principal& principal);

    bool everywhere(Right right, GroupsOf of = GroupsOf::kAnyone) const;
    // For some resource; of that maybe for own rows only.
    bool somewhere(Right right) const;
    // For all rows of it.
    bool allows(Right right, const Resource& resource, GroupsOf of = GroupsOf::kAnyone) const;
    // A table that is no resource needs the right for everything.
    bool allows(Right right, const Resources& resources, const schema::QualifiedName& table) const;
    // The columns any of which makes a row an own one that the right is for; a right for all rows
    // asks for none.
    std::vector<std::string> owners(Right right, const Resource& resource, GroupsOf of) const;
    // Some role has it for no more than groups that who asks has deleted.
    bool own_deletes(Right right) const;
    // For all rows, or for own ones; of groups that who asks has deleted at least.
    bool reaches(Right right, const Resource& resource) const;
    bool reaches(Right right, const Resources& resources, const schema::QualifiedName& table) const;
    // As far as rows of the table go with others: for own ones also where no column says whose they
    // are.
    bool takes(Right right, const Resources& resources, const schema::QualifiedName& table,
               GroupsOf of = GroupsOf::kAsker) const;
    // Who used a right on a row may do so with the other one too.
    bool as_far(Right other, Right used, const Resource& resource) const;
    // What need_all() would name; empty: nothing is missing.
    std::vector<Missing> lacking(const std::vector<Right>& rights, const Resources& resources,
                                 const std::vector<schema::QualifiedName>& tables) const;
    const std::string& id() const { return id_; }

    // These throw Forbidden.
    void need(Right right, const Resource& resource) const;
    void need_somewhere(Right right) const;
    void need_everywhere(Right right) const;
    // For the table, as for need().
    void need_of(Right right, const Resources& resources, const schema::QualifiedName& table) const;
    // Names every table that one does not take.
    void need_all(const std::vector<Right>& rights, const Resources& resources,
                  const std::vector<schema::QualifiedName>& tables) const;

  private:
    bool all_ = true;
    std::string id_;
    std::vector<const Role*> roles_;
};

}  // namespace trashd::service
