#include "service/openapi/view.hpp"

namespace trashd::service::openapi {

namespace {

unsigned bit(Right right) {
    return 1U << static_cast<unsigned>(right);
}

}  // namespace

Reach::Reach(const Resources& resources, const Access& access) : first_(resources.all().data()) {
    for (const auto& resource : resources.all()) {
        unsigned rights = 0;
        for (const auto right : kRights)
            if (access.reaches(right, resource)) rights |= bit(right);
        rights_.push_back(rights);
    }
}

bool Reach::allows(Right right, const Resource& resource) const {
    return (rights_.at(static_cast<std::size_t>(&resource - first_)) & bit(right)) != 0;
}

}  // namespace trashd::service::openapi
