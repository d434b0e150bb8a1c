// What each route does: parse, authorize, ask trash/, render. They throw Error; the server makes
// the answer of it.
#pragma once

#include "service/api/request.hpp"

namespace trashd::service {

// read_objects.cpp
Response list_resources(const Call& call);
Response list_objects(const Call& call);
Response list_deleted(const Call& call);
Response get_object(const Call& call);
Response get_deleted(const Call& call);
// metadata.cpp
Response describe_resource(const Call& call);
// delete_object.cpp
Response remove_object(const Call& call);
// delete_objects.cpp
Response remove_objects(const Call& call);
// write_objects.cpp
Response create_objects(const Call& call);
Response patch_object(const Call& call);
Response put_object(const Call& call);
// read_operation.cpp
Response get_operation(const Call& call);
// trash_items.cpp
Response list_items(const Call& call);
Response get_item(const Call& call);
Response purge_item(const Call& call);
Response empty_trash(const Call& call);
// restore_group.cpp
Response restore_item(const Call& call);
// history.cpp
Response list_history(const Call& call);
Response object_history(const Call& call);
// health.cpp
Response healthy(const Call& call);
Response ready(const Call& call);
Response metrics(const Call& call);
Response openapi(const Call& call);

// pages.cpp
Response home(const Call& call);
Response explain_problem(const Call& call);
Response docs(const Call& call);

}  // namespace trashd::service
