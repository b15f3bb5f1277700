// What hangs on an owner by metadata.ownerReferences, where somebody waits for it: a deletion in
// the foreground takes it along first, one that orphans lets it go. One in the background leaves it
// as it is: there is no garbage collector that would come later. Source: kubernetes.io, "Use
// Cascading Deletion".
#include "finalizers.hpp"
#include "rules.hpp"
#include "store.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace falconer::sandbox {
namespace {

bool names(const value& reference, std::string_view uid) {
    return reference.text_at({"uid"}) == uid;
}

const value::list_type& owners_of(const value& object) {
    static const value::list_type none;
    const auto* const             all = object.find_path({"metadata", "ownerReferences"});
    return all == nullptr ? none : all->items();
}

/// Everything is read for it, so by what skips most of it.
bool mentions(std::string_view text, std::string_view uid) {
    return ::memmem(text.data(), text.size(), uid.data(), uid.size()) != nullptr;
}

bool waits_with(const value& object, std::string_view uid) {
    return std::ranges::any_of(owners_of(object), [&](const value& each) {
        const auto* const blocks = each.find("blockOwnerDeletion");
        return names(each, uid) && blocks != nullptr && blocks->boolean() == true;
    });
}

}  // namespace

std::vector<api_store::slot> api_store::dependents_of(std::string_view uid) const {
    std::vector<slot> found;
    if (uid.empty()) return found;
    for (const auto& each : objects_)
        if (mentions(each.is->json_in_list(), uid) &&
            std::ranges::any_of(owners_of(*each.is->tree()), [&](const value& owner) {
                return names(owner, uid);
            }))
            found.emplace_back(*each.of, each.is->key());
    return found;
}

/// Of one whose deletion has begun.
void api_store::collect(const kube_type& type, const kube_key& key) {
    const auto* const owner = find(type, key);
    if (owner == nullptr) return;
    const auto tree     = (*owner)->tree();
    const bool orphaned = has_finalizer(*tree, orphans);
    if (!orphaned && !has_finalizer(*tree, foreground)) return;
    const std::string uid(tree->text_at({"metadata", "uid"}));
    for (const auto& [kind, at] : dependents_of(uid)) {
        const auto* const found = find(kind, at);
        if (found == nullptr) continue;  // it went with another one
        const auto was    = (*found)->tree();
        auto       others = value::list();
        for (const auto& each : owners_of(*was))
            if (!names(each, uid)) others.push_back(each);
        if (!orphaned && others.items().empty()) {
            (void)remove(kind, at, {.then = kube_removal::dependents::foreground});
            continue;
        }
        auto left = *was;
        if (others.items().empty())
            left["metadata"].erase("ownerReferences");
        else
            left["metadata"]["ownerReferences"] = std::move(others);
        (void)commit(kind, at, &*was, std::move(left));
    }
    end_if_alone(type, key);
}

/// It goes on when nobody waits with it any more.
void api_store::end_if_alone(const kube_type& type, const kube_key& key) {
    const auto* const found = find(type, key);
    if (found == nullptr) return;
    const auto was      = (*found)->tree();
    const bool collects = has_finalizer(*was, foreground);
    if (!is_deleting(*was) || (!collects && !has_finalizer(*was, orphans))) return;
    const auto uid = was->text_at({"metadata", "uid"});
    for (const auto& [kind, at] : dependents_of(uid))
        if (const auto* const is = find(kind, at); collects && waits_with(*(*is)->tree(), uid))
            return;
    auto object = *was;
    take_finalizer(object, foreground);
    take_finalizer(object, orphans);
    if (has_finalizers(object))
        (void)commit(type, key, &*was, std::move(object));
    else
        drop(type, key);
}

/// `gone`: what may have been the last that its owners waited for.
void api_store::remember_owners(const value& gone) {
    for (const auto& each : owners_of(gone)) {
        const auto kind = each.text_at({"kind"}), version = each.text_at({"apiVersion"});
        const auto is_its_type = [&](const api_type& served) {
            return served.type.kind == kind && served.type.api_version() == version;
        };
        const auto at = std::ranges::find_if(types_.all(), is_its_type);
        if (at == types_.all().end()) continue;
        const auto     type = at->type;
        const kube_key key{
            type.namespaced ? std::string(gone.text_at({"metadata", "namespace"})) : "",
            std::string(each.text_at({"name"}))
        };
        const auto* const owner = find(type, key);
        if (owner == nullptr || !names(each, (*owner)->tree()->text_at({"metadata", "uid"})))
            continue;
        // Of many that go one after the other, the last one will do.
        const bool known = !unfinished_.empty() && !unfinished_.back().collects &&
                           unfinished_.back().type == type && unfinished_.back().key == key;
        if (!known) unfinished_.push_back({.type = type, .key = key});
    }
}

/// One after the other: a chain of owners may be as long as there are objects, and no stack is.
void api_store::go_on() {
    if (goes_on_) return;
    struct running {
        bool& is;
        ~running() { is = false; }
    };
    goes_on_ = true;
    const running until_the_end{goes_on_};
    while (!unfinished_.empty()) {
        const auto next = std::move(unfinished_.front());
        unfinished_.pop_front();
        if (next.collects)
            collect(next.type, next.key);
        else
            end_if_alone(next.type, next.key);
    }
}

}  // namespace falconer::sandbox
