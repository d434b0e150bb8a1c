#include "service/openapi/document_cache.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "service/openapi/database_document.hpp"
#include "service/openapi/general_document.hpp"

namespace trashd::service::openapi {

namespace {

std::shared_ptr<const DocumentText> made(const View& view, Form form) {
    const auto document = database_document(view);
    auto text = form == Form::kYaml ? yaml_text(document) : json_text(document);
    auto etag = fmt::format("W/\"{:016x}\"", std::hash<std::string>()(text));
    return std::make_shared<const DocumentText>(DocumentText{std::move(text), std::move(etag)});
}

}  // namespace

std::shared_future<DocumentCache::Text> DocumentCache::known(const View& view, Form form) {
    const auto found = std::ranges::find_if(
        entries_, [&](const Entry& one) { return one.form == form && one.view == view; });
    if (found == entries_.end()) return {};
    std::rotate(found, found + 1, entries_.end());
    return entries_.back().text;
}

void DocumentCache::forget(const View& view, Form form) {
    std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](const Entry& one) { return one.form == form && one.view == view; });
}

std::shared_ptr<const DocumentText> DocumentCache::get(const View& view, Form form) {
    std::promise<Text> promise;
    std::shared_future<Text> before;
    {
        std::lock_guard lock(mutex_);
        before = known(view, form);
        if (!before.valid()) {
            std::erase_if(entries_,
                          [&](const Entry& one) { return one.view.resources != view.resources; });
            if (entries_.size() >= most_) entries_.erase(entries_.begin());
            entries_.push_back({view, form, promise.get_future().share()});
        }
    }
    if (before.valid()) return before.get();
    try {
        auto text = made(view, form);
        promise.set_value(text);
        return text;
    } catch (...) {
        forget(view, form);
        promise.set_exception(std::current_exception());
        throw;
    }
}

}  // namespace trashd::service::openapi
