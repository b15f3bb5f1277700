#include "repeated_keys.hpp"

#include "falconer/spelling.hpp"

#include <set>
#include <string_view>

namespace falconer::falco {

void find_repeated_keys(const value& is, const std::string& path, field_problems& problems) {
    std::set<std::string_view> seen;
    for (const auto& [key, inner, line] : is.entries()) {
        const auto at = path + '.' + in_one_line(key);
        if (!seen.insert(key).second) problems.push_back({at, "the same key again", line});
        find_repeated_keys(inner, at, problems);
    }
    for (std::size_t i = 0; i < is.items().size(); ++i)
        find_repeated_keys(is.items()[i], path + '[' + std::to_string(i) + ']', problems);
}

}  // namespace falconer::falco
