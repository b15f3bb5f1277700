// Values that are written in a language of their own: bytes in hexadecimal, regular expressions.
#pragma once

#include "falconer/falco/rule_lint.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace falconer::falco::rules {

struct value_complaint {
    std::string   what{};  // empty: there is none
    rule_severity is = rule_severity::error;
};

class value_syntax {
public:
    /// Whether the operator demands more of its values than a type.
    static bool concerns(std::string_view comparison) noexcept;

    value_complaint complaint_of(std::string_view comparison, const std::string& value);

private:
    const value_complaint& complaint_of_pattern(const std::string& pattern);
    value_complaint        compile(const std::string& pattern);

    std::map<std::string, value_complaint> patterns_{};
    std::size_t                            spent_ = 0;  // instructions of compiled patterns
};

}  // namespace falconer::falco::rules
