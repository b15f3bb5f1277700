// Which objects a list or a watch is about.
#pragma once

#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::sandbox {

/// One condition of a selector.
struct api_requirement {
    /// above, below: of whole numbers.
    enum class relation : std::uint8_t { in, not_in, there, not_there, above, below };

    std::string           key{};
    relation              is = relation::there;
    std::set<std::string> values{};
};

/// Label selectors with all their operators; field selectors on any field that holds text.
class api_selector {
public:
    /// Errors: malformed, with the part that is none.
    static result<api_selector> parse(std::string_view labels, std::string_view fields);

    bool matches(const value& object) const;
    bool takes_all() const noexcept { return labels_.empty() && fields_.empty(); }
    /// Those that are asked about.
    std::vector<std::string> fields() const;

private:
    static bool holds(const api_requirement& wanted, const std::string* found);

    std::vector<api_requirement> labels_{}, fields_{};
};

}  // namespace falconer::sandbox
