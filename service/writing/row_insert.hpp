// Rows that a POST makes, all or none of them in one transaction.
#pragma once

#include <optional>
#include <vector>

#include "service/writing/row_change.hpp"
#include "service/writing/row_write.hpp"
#include "trash/write/row_writer.hpp"

namespace trashd::service {

// over: the row has come back from the trash in the same transaction, and is written over.
struct NewRow {
    trash::ColumnValues values;
    std::optional<Change> over = std::nullopt;
};

struct NewRows {
    std::vector<NewRow> rows;
    bool array = false;         // they were sent as one
    bool beside_trash = false;  // also where the key lies in the trash
};

// The answer of a POST: 201, or 200 where nothing was made. Throws InTrash where the key of one
// lies in the trash, asked after the rows are in, so that a delete that was first is seen.
Response insert(Write& write, schema::Transaction& transaction, const NewRows& made);

}  // namespace trashd::service
