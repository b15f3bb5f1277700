// What has happened to a store's objects, and a store that goes on in another one's place.
#include "rules.hpp"
#include "store.hpp"

#include <algorithm>

namespace falconer::sandbox {
namespace {

/// More than there can be between two times of writing down.
constexpr std::uint64_t versions_never_written_down = 1'000'000;

/// Of the newest changes: their watchers are about to ask.
constexpr std::size_t trees_kept = 64;

std::size_t size_before(const api_change& change) {
    return change.before ? change.before->size() : 0;
}

}  // namespace

void api_store::tell(api_change change) {
    history_bytes_ += size_before(change);
    history_.push_back(std::move(change));
    if (history_.size() > trees_kept) {
        const auto& old = history_[history_.size() - 1 - trees_kept];
        for (const auto& each : {old.before, old.after})
            if (each) each->forget_tree();
    }
    while (history_.size() > opt_.history ||
           (history_.size() > 1 && history_bytes_ > opt_.history_bytes)) {
        history_bytes_ -= size_before(history_.front());
        history_.pop_front();
    }
    for (auto* each : bells_) each->ring();
}

api_store::contents api_store::whole() const {
    contents all{.version = version_, .names = names_};
    all.objects.reserve(objects_.size());
    for (const auto& each : objects_)
        all.objects.push_back(
            {.type = *each.of, .key = each.is->key(), .is = each.is, .owners = each.owners}
        );
    return all;
}

void api_store::take_over(contents what) {
    for (const auto& each : objects_)
        if (is_crd(*each.of)) registered(each.is->tree().get(), nullptr);
    objects_.clear();
    for (auto& each : what.objects) {
        if (is_crd(each.type)) registered(nullptr, each.is->tree().get());
        each.owners.share(sets_);
        if (const auto* const twice = keeping(each.type, each.key)) objects_.erase(*twice);
        objects_.insert(
            kept{&shared(stored_as(each.type)), std::move(each.is), std::move(each.owners)}
        );
    }
    version_ = std::max(version_, what.version) + versions_never_written_down;
    names_   = std::max(names_, what.names);
    forget_history();
}

void api_store::forget_history() {
    history_.clear();
    history_bytes_ = 0;
    ++version_;  // so that nobody is up to date
    for (auto* each : bells_) each->ring();
}

result<std::vector<const api_change*>> api_store::since(std::uint64_t version) const {
    constexpr std::size_t          most = 1000;
    std::vector<const api_change*> changes;
    if (version >= version_) return changes;
    if (history_.empty() || history_.front().version > version + 1)
        return failure{
            errc::expired,
            "too old resource version: " + std::to_string(version) + " (" +
                std::to_string(history_.empty() ? version_ : history_.front().version) + ")"
        };
    for (auto at =
             history_.begin() + static_cast<std::ptrdiff_t>(version + 1 - history_.front().version);
         at != history_.end() && changes.size() < most; ++at)
        changes.push_back(&*at);
    return changes;
}

}  // namespace falconer::sandbox
