// Documents of the database that were asked for, as texts. Making one of some hundred tables takes
// long; clients ask for it again and again, to see whether it is still the same.
#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "service/openapi/view.hpp"

namespace trashd::service::openapi {

enum class Form { kYaml, kJson };

struct DocumentText {
    std::string text;
    std::string etag;  // as the header has it
};

// Two who ask share a text where all that it is made of is equal: the resources as the catalog was
// read, and the rights on each of them. Any number of threads may ask; those who want the same wait
// for the first of them.
class DocumentCache {
  public:
    // most: how many texts are kept; the one that was asked for the longest ago goes first, and
    // all of resources that are not the current ones.
    explicit DocumentCache(std::size_t most) : most_(most) {}
    std::shared_ptr<const DocumentText> get(const View& view, Form form);

  private:
    using Text = std::shared_ptr<const DocumentText>;
    struct Entry {
        View view;
        Form form;
        std::shared_future<Text> text;
    };

    // Invalid where there is none.
    std::shared_future<Text> known(const View& view, Form form);
    void forget(const View& view, Form form);

    std::mutex mutex_;
    const std::size_t most_;
    std::vector<Entry> entries_;  // that asked for last at the end
};

}  // namespace trashd::service::openapi
