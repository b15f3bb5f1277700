// A filter as an exception of Falco's rules, and what such exceptions silence. Pure.
#pragma once

#include "falconer/filter.hpp"
#include "falconer/result.hpp"

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace falconer::falco {

struct exception_request {
    std::string              name{};      // of the exception: letters, digits, `_`
    std::vector<std::string> comments{};  // lines above it
    /// Events that the filter finds. They tell how rules and values are spelled: a filter knows no
    /// upper and lower case, Falco's `=` does.
    std::span<const filter::subject> sample{};
    std::string                      falco_version{};  // empty: the newest that is known
};

struct exported_exception {
    std::string              yaml{};
    std::vector<std::string> rules{};
    std::vector<std::string> notes{};  // sentences: what it does not say, or says otherwise
};
/// Sentences: why the filter cannot be said as an exception.
using untranslatable = std::vector<std::string>;

/// What can be said: all, or any, of comparisons of output fields (and of the host) with texts,
/// patterns and numbers, of rules that are named. It silences no more than the filter finds, where
/// it is delivered. What is given back is accepted by lint_rules().
std::variant<exported_exception, untranslatable> export_exception(
    const filter::node& what, const exception_request& how
);

/// Looks at events as Falco would, as far as their output fields tell.
class exception_matcher {
public:
    enum class verdict : std::uint8_t {
        passes,
        silenced,
        unknown,  // a field that decides is none of the event's output fields
    };

    /// Of a rules file that appends exceptions. Errors: malformed.
    static result<exception_matcher> read(std::string_view yaml);
    verdict                          judge(const filter::subject& event) const;

private:
    struct test {
        std::string              field{}, comparison{};
        std::vector<std::string> values{};
    };
    struct row {
        std::string       rule{};
        std::vector<test> all{};
    };
    static verdict look(const test& one, const filter::subject& event);

    std::vector<row> rows_{};
};

}  // namespace falconer::falco
