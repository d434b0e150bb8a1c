// What each route does: parse, authorize, ask trash/, render. They throw Error; the server makes
// the answer of it.
#pragma once

#include "service/api/request.hpp"

namespace trashd::service {

// read_objects.cpp
Reply list_resources(const Call& call);
Reply list_objects(const Call& call);
Reply list_deleted(const Call& call);
Reply get_object(const Call& call);
Reply get_deleted(const Call& call);
// metadata.cpp
Reply describe_resource(const Call& call);
// delete_object.cpp
Reply remove_object(const Call& call);
// delete_objects.cpp
Reply remove_objects(const Call& call);
// write_objects.cpp
Reply create_objects(const Call& call);
Reply patch_object(const Call& call);
Reply put_object(const Call& call);
// operations.cpp
Reply get_operation(const Call& call);
// trash_items.cpp
Reply list_items(const Call& call);
Reply get_item(const Call& call);
Reply purge_item(const Call& call);
Reply empty_trash(const Call& call);
// restore.cpp
Reply restore_item(const Call& call);
// history.cpp
Reply list_history(const Call& call);
Reply object_history(const Call& call);
// health.cpp
Reply healthy(const Call& call);
Reply ready(const Call& call);
Reply metrics(const Call& call);
Reply openapi(const Call& call);

// pages.cpp
Reply home(const Call& call);
Reply explain_problem(const Call& call);
Reply docs(const Call& call);

}  // namespace trashd::service
