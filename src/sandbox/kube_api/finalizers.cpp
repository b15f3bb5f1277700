#include "finalizers.hpp"

#include <algorithm>
#include <utility>

namespace falconer::sandbox {

bool has_finalizer(const value& object, std::string_view name) {
    const auto* const list = object.find_path({"metadata", "finalizers"});
    return list != nullptr && std::ranges::find(list->items(), value(name)) != list->items().end();
}

void add_finalizer(value& object, std::string_view name) {
    if (!has_finalizer(object, name)) object["metadata"]["finalizers"].push_back(name);
}

void take_finalizer(value& object, std::string_view name) {
    if (!has_finalizer(object, name)) return;
    auto left = value::list();
    for (const auto& each : object["metadata"]["finalizers"].items())
        if (each != value(name)) left.push_back(each);
    if (left.items().empty())
        object["metadata"].erase("finalizers");
    else
        object["metadata"]["finalizers"] = std::move(left);
}

void wait_for_dependents(value& object, kube_removal::dependents then) {
    using dependents = kube_removal::dependents;
    if (then == dependents::by_default) return;  // those that it has say what they say
    take_finalizer(object, orphans);
    take_finalizer(object, foreground);
    if (then == dependents::orphan) add_finalizer(object, orphans);
    if (then == dependents::foreground) add_finalizer(object, foreground);
}

}  // namespace falconer::sandbox
