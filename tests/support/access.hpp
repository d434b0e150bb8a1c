// Who is let into a cluster of the tests, where that is to be others than its own user.
#pragma once

#include <string>

#include "schema/session/cluster.hpp"

namespace trashd::test {

// From now on the cluster in the directory lets in who these lines of pg_hba.conf let in.
void let_in(const schema::Cluster& cluster, const std::string& directory, const std::string& lines);

}  // namespace trashd::test
