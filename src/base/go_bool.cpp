#include "falconer/go_bool.hpp"

namespace falconer {

std::optional<bool> parse_go_bool(std::string_view text) noexcept {
    for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"})
        if (text == yes) return true;
    for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"})
        if (text == no) return false;
    return {};
}

}  // namespace falconer
