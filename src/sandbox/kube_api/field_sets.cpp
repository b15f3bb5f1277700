#include "field_sets.hpp"

#include <functional>
#include <string_view>

namespace falconer::sandbox {

field_sets::shared field_sets::packed(const fields& all) {
    constexpr std::size_t most = 255;
    std::string           text;
    std::string_view      before;
    for (const auto& each : all) {
        const auto least  = std::min({before.size(), each.size(), most});
        const auto end    = before.begin() + static_cast<std::ptrdiff_t>(least);
        const auto begin  = std::mismatch(before.begin(), end, each.begin()).first - before.begin();
        text             += static_cast<char>(static_cast<unsigned char>(begin));
        text.append(each, static_cast<std::size_t>(begin)).push_back('\n');
        before = each;
    }
    text.shrink_to_fit();
    return std::make_shared<const std::string>(std::move(text));
}

field_sets::fields field_sets::unpacked(const shared& all) {
    fields           made;
    std::string_view rest = *all;
    std::string      path;
    while (!rest.empty()) {
        path.resize(static_cast<unsigned char>(rest.front()));
        rest.remove_prefix(1);
        const auto end = std::min(rest.find('\n'), rest.size());
        path.append(rest.substr(0, end));
        made.insert(made.end(), path);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return made;
}

std::shared_ptr<const field_sets::list> field_sets::the_same_as(list one) {
    bool        known = true;
    std::size_t hash  = 0;
    for (auto& [who, set] : one) {
        auto same = texts_.the_same_as(set, std::hash<std::string>{}(*set));
        known     = known && same != set;
        set       = std::move(same);
        hash      = 31 * hash + std::hash<std::string>{}(who.manager);
        hash      = 31 * hash + std::hash<const void*>{}(set.get());
    }
    one.shrink_to_fit();
    auto made = std::make_shared<const list>(std::move(one));
    // Who has fields that nobody else has is alone in this, too.
    return known ? lists_.the_same_as(made, hash) : made;
}

}  // namespace falconer::sandbox
