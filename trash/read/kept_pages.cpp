#include "trash/read/kept_pages.hpp"

namespace trashd::trash {
namespace {

constexpr std::chrono::seconds kLongest{10};
constexpr std::size_t kMost = 1000;

}  // namespace

std::shared_ptr<const KeptPage> KeptPages::find(
    const PageKey& key, const std::shared_ptr<const schema::Catalog>& catalog) {
    const std::lock_guard lock(mutex_);
    const auto found = pages_.find(key);
    if (found == pages_.end()) return nullptr;
    const auto& page = found->second;
    const bool old = std::chrono::steady_clock::now() - page->made > kLongest;
    return old || page->catalog != catalog ? nullptr : page;
}

void KeptPages::keep(const PageKey& key, std::shared_ptr<const KeptPage> page) {
    const std::lock_guard lock(mutex_);
    if (pages_.size() >= kMost) pages_.clear();
    pages_[key] = std::move(page);
}

void KeptPages::forget(const PageKey& key) {
    const std::lock_guard lock(mutex_);
    pages_.erase(key);
}

}  // namespace trashd::trash
