#include "decimal.hpp"

#include "printable.hpp"

#include <charconv>
#include <cstdint>

namespace falconer::cli {

const CLI::Validator a_decimal(
    [](std::string& text) {
        std::int64_t value     = 0;
        const auto   end       = text.data() + text.size();
        const auto [at, wrong] = std::from_chars(text.data(), end, value);
        if (wrong != std::errc{} || at != end)
            return "expected a whole number, found '" + printable(text, 100) + "'";
        text = std::to_string(value);  // no zeros before it, which have a meaning to the library
        return std::string();
    },
    ""
);

}  // namespace falconer::cli
