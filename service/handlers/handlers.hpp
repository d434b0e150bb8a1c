// What each route does: parse, authorize, ask trash/, render. They throw Error; the server makes
// the answer of it.
#pragma once

#include "service/api/response.hpp"

namespace trashd::service {

struct Request;
struct Context;
struct Caller;

// current_principal.cpp
Response get_current_principal(const Request& request, const Caller& caller,
                               const Context& context);
// read_objects.cpp
Response list_resources(const Request& request, const Caller& caller, const Context& context);
Response list_objects(const Request& request, const Caller& caller, const Context& context);
Response list_deleted(const Request& request, const Caller& caller, const Context& context);
Response get_object(const Request& request, const Caller& caller, const Context& context);
Response get_deleted(const Request& request, const Caller& caller, const Context& context);
// delete_object.cpp
Response remove_object(const Request& request, const Caller& caller, const Context& context);
// delete_objects.cpp
Response remove_objects(const Request& request, const Caller& caller, const Context& context);
// write_objects.cpp
Response create_objects(const Request& request, const Caller& caller, const Context& context);
Response patch_object(const Request& request, const Caller& caller, const Context& context);
Response put_object(const Request& request, const Caller& caller, const Context& context);
// follow_events.cpp
Response follow_events(const Request& request, const Caller& caller, const Context& context);
// follow_operations.cpp
Response list_operations(const Request& request, const Caller& caller, const Context& context);
Response get_operation(const Request& request, const Caller& caller, const Context& context);
Response cancel_operation(const Request& request, const Caller& caller, const Context& context);
// administration.cpp
Response diagnose(const Request& request, const Caller& caller, const Context& context);
Response list_roles(const Request& request, const Caller& caller, const Context& context);
Response get_seal(const Request& request, const Caller& caller, const Context& context);
Response verify_history(const Request& request, const Caller& caller, const Context& context);
// manage_keys.cpp
Response list_keys(const Request& request, const Caller& caller, const Context& context);
Response create_key(const Request& request, const Caller& caller, const Context& context);
Response revoke_key(const Request& request, const Caller& caller, const Context& context);
// manage_holds.cpp
Response list_holds(const Request& request, const Caller& caller, const Context& context);
Response get_hold(const Request& request, const Caller& caller, const Context& context);
Response create_hold(const Request& request, const Caller& caller, const Context& context);
Response release_hold(const Request& request, const Caller& caller, const Context& context);
// erase_object.cpp
Response create_erasure(const Request& request, const Caller& caller, const Context& context);
// count_trash.cpp
Response get_facets(const Request& request, const Caller& caller, const Context& context);
Response get_statistics(const Request& request, const Caller& caller, const Context& context);
// describe_group.cpp
Response get_group(const Request& request, const Caller& caller, const Context& context);
// trash_items.cpp
Response list_items(const Request& request, const Caller& caller, const Context& context);
Response get_item(const Request& request, const Caller& caller, const Context& context);
Response change_item(const Request& request, const Caller& caller, const Context& context);
Response purge_item(const Request& request, const Caller& caller, const Context& context);
Response empty_trash(const Request& request, const Caller& caller, const Context& context);
// bulk_trash.cpp
Response bulk_restore(const Request& request, const Caller& caller, const Context& context);
Response bulk_purge(const Request& request, const Caller& caller, const Context& context);
// restore_group.cpp
Response restore_item(const Request& request, const Caller& caller, const Context& context);
// history.cpp
Response list_history(const Request& request, const Caller& caller, const Context& context);
Response object_history(const Request& request, const Caller& caller, const Context& context);
Response undo_entry(const Request& request, const Caller& caller, const Context& context);

}  // namespace trashd::service
