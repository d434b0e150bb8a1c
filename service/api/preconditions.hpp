// What each route does: parse, ask trash/, render. They throw Error; the server makes the answer of
// it.
#pragma once

#include <initializer_list>
#include <string_view>

#include "service/api/request.hpp"

namespace trashd::service {

// objects.cpp
Reply list_resources(const Call& call);
Reply list_objects(const Call& call);
Reply list_deleted(const Call& call);
Reply get_object(const Call& call);
Reply get_deleted(const Call& call);
// metadata.cpp
Reply describe_resource(const Call& call);
// remove.cpp
Reply remove_object(const Call& call);
// bulk.cpp
Reply remove_objects(const Call& call);
// write.cpp
Reply create_objects(const Call& call);
Reply patch_object(const Call& call);
Reply put_object(const Call& call);
// async.cpp
Reply get_operation(const Call& call);
// items.cpp
Reply list_items(const Call& call);
Reply get_item(const Call& call);
Reply purge_item(const Call& call);
Reply empty_trash(const Call& call);
Reply restore_item(const Call& call);
// history.cpp
Reply list_history(const Call& call);
Reply object_history(const Call& call);
// system.cpp
Reply healthy(const Call& call);
Reply ready(const Call& call);
Reply metrics(const Call& call);
Reply openapi(const Call& call);

// pages.cpp
Reply home(const Call& call);
Reply explain_problem(const Call& call);
Reply docs(const Call& call);

// Shared by them.
trash::Context context_of(const Call& call);
// What ?reason= says; nothing where that is blank.
std::optional<std::string> reason_of(const Call& call);
// Parts of the object's id; throws Error kNotFound when it cannot be a key of the table.
std::vector<std::string> object_id(const Call& call);
// True for a cast that failed: a text that no key of the table can have.
bool is_bad_key(const Error& error);
// Asked after an error that the database gave: the id is a text that the key's type refuses. Types
// of extensions and checks of domains do so with any SQLSTATE.
bool refuses_id(const Call& call, const Error& error);
// The same for what is not there and for what may not be seen: nothing tells one from the other.
Error not_found(const Call& call);
// What with, dryRun and lossy say.
trash::RestoreOptions restore_options(const Call& call);
Reply restore_group(const Call& call, const std::string& item_id,
                    const trash::RestoreOptions& options);
// A browser fetching ahead, or a page of another origin, must not change anything.
void refuse_foreign(const Call& call);
// The entity tags that If-Match names; empty: any.
std::vector<std::string> if_match(const Call& call);
// Prefer holds the word, as return=minimal.
bool prefers(const Call& call, std::string_view word);

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
