// How help is written.
#pragma once

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace trashd::service {

// Fits a terminal of 80 columns: what is said of an option or a command goes on below itself.
std::shared_ptr<CLI::FormatterBase> help_format();

}  // namespace trashd::service
