// What there is in a store: one object, or a page of those that are selected.
#include "rules.hpp"
#include "store.hpp"

#include <charconv>
#include <utility>

namespace falconer::sandbox {

result<value> api_store::get(const kube_type& type, const kube_key& key) const {
    const auto* const found = find(type, key);
    if (found == nullptr) return failure{errc::not_found, name_of(type, key) + " not found"};
    return (*found)->read();
}

result<kube_page> api_store::list(
    const kube_type& type, const kube_selection& which, const kube_page_request& page
) const {
    auto seen = look(type, which, page);
    if (!seen) return std::move(seen).error();
    kube_page read{
        .resource_version = std::move(seen->resource_version), .next = std::move(seen->next)
    };
    read.items.reserve(seen->items.size());
    for (const auto& each : seen->items) read.items.push_back(each->read());
    return read;
}

result<api_store::objects_seen> api_store::look(
    const kube_type& type, const kube_selection& which, const kube_page_request& page
) const {
    auto selector = api_selector::parse(which.labels, which.fields);
    if (!selector) return failure{errc::broken, selector.error().detail};
    objects_seen read;
    read.resource_version = std::to_string(version_);
    kube_key last, after{which.namespace_name, {}};
    if (!page.next.empty()) {  // "17:namespace/name"
        const auto    colon = page.next.find(':'), slash = page.next.find('/');
        std::uint64_t of = 0;
        const auto*   at = page.next.data();
        if (colon == std::string::npos || slash == std::string::npos || slash < colon ||
            std::from_chars(at, at + colon, of).ptr != at + colon || of == 0)
            return failure{errc::broken, "continue key is not valid"};
        read.resource_version = page.next.substr(0, colon);
        after = {page.next.substr(colon + 1, slash - colon - 1), page.next.substr(slash + 1)};
        if (!since(of))
            return failure{
                errc::expired,
                "The provided continue parameter is too old to display a "
                "consistent list result."
            };
    }
    for (auto at = objects_.upper_bound(place{type, after.namespace_name, after.name});
         at != objects_.end(); ++at) {
        if (!same_type(*at->of, type)) break;
        const auto space = at->is->namespace_name();
        if (!which.namespace_name.empty() && space != which.namespace_name) break;
        if (!selector->takes_all() && !selector->matches(*at->is->tree())) continue;
        if (page.limit != 0 && read.items.size() == page.limit) {
            read.next = read.resource_version + ":" + last.namespace_name + "/" + last.name;
            break;
        }
        read.items.push_back(at->is);
        last = at->is->key();
    }
    return read;
}

}  // namespace falconer::sandbox
