#include "label_parser.hpp"

#include "falconer/spelling.hpp"
#include "shape.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

namespace falconer::sandbox {
namespace {

using relation = api_requirement::relation;

enum class sign : std::uint8_t {
    nonsense,
    end,
    closed,
    comma,
    no,
    same,
    more,
    word,
    in,
    less,
    not_same,
    not_in,
    open,
};

struct token {
    sign        is = sign::end;
    std::string text{};
};

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_special(char c) {
    return std::string_view("=!(),><").find(c) != std::string_view::npos;
}

sign special(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, sign>, 9> all{{
        {")", sign::closed},
        {",", sign::comma},
        {"!", sign::no},
        {"==", sign::same},
        {"=", sign::same},
        {">", sign::more},
        {"<", sign::less},
        {"!=", sign::not_same},
        {"(", sign::open},
    }};
    for (const auto& each : all)
        if (each.first == text) return each.second;
    return sign::nonsense;
}

/// The longest run of special characters that means something.
token next_special(std::string_view text) {
    token found{.is = sign::nonsense};
    for (std::size_t size = 1; size <= text.size() && is_special(text[size - 1]); ++size) {
        const auto is = special(text.substr(0, size));
        if (is == sign::nonsense && found.is != sign::nonsense) break;
        if (is != sign::nonsense) found = {.is = is, .text = std::string(text.substr(0, size))};
    }
    return found;
}

std::vector<token> tokens_of(std::string_view text) {
    std::vector<token> all;
    for (;;) {
        while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
        if (text.empty()) break;
        if (is_special(text.front())) {
            all.push_back(next_special(text));
            if (all.back().is == sign::nonsense) break;
            text.remove_prefix(all.back().text.size());
            continue;
        }
        std::size_t size = 0;
        while (size < text.size() && !is_special(text[size]) && !is_space(text[size])) ++size;
        const auto word = text.substr(0, size);
        const auto is   = word == "in" ? sign::in : word == "notin" ? sign::not_in : sign::word;
        all.push_back({.is = is, .text = std::string(word)});
        text.remove_prefix(size);
    }
    all.push_back({});
    return all;
}

class parser {
public:
    explicit parser(std::string_view text) : tokens_(tokens_of(text)) {}

    result<std::vector<api_requirement>> parse() && {
        std::vector<api_requirement> all;
        for (;;) {
            const auto is = peek();
            if (is == sign::end) return all;
            if (is != sign::word && is != sign::no)
                return expected("!, identifier, or 'end of string'");
            auto one = requirement();
            if (!one)
                return failure{
                    errc::malformed, "unable to parse requirement: " + one.error().detail
                };
            all.push_back(std::move(*one));
            if (peek() == sign::end) return all;
            if (peek() != sign::comma) return expected("',' or 'end of string'");
            ++at_;
            if (peek() != sign::word && peek() != sign::no) return expected("identifier after ','");
        }
    }

private:
    /// Where a word may stand, those that mean something elsewhere are words.
    sign peek() const {
        const auto is = tokens_[at_].is;
        return is == sign::in || is == sign::not_in ? sign::word : is;
    }
    token take() {
        auto taken = tokens_[at_];
        if (at_ + 1 < tokens_.size()) ++at_;
        return taken;
    }
    failure expected(const std::string& what) const {
        return {
            errc::malformed, "found '" + in_one_line(tokens_[at_].text) + "', expected: " + what
        };
    }

    result<api_requirement> requirement() {
        api_requirement made{.is = relation::there};
        if (peek() == sign::no) {
            made.is = relation::not_there;
            ++at_;
        }
        if (peek() != sign::word) return expected("identifier");
        made.key = take().text;
        if (!is_qualified_name(made.key))
            return failure{
                errc::malformed, "key: Invalid value: \"" + in_one_line(made.key) +
                                     "\": it is not the name of a label"
            };
        if (made.is == relation::not_there || peek() == sign::end || peek() == sign::comma)
            return made;
        const auto how = tokens_[at_].is;
        switch (how) {
            case sign::in:
            case sign::same: made.is = relation::in; break;
            case sign::not_in:
            case sign::not_same: made.is = relation::not_in; break;
            case sign::more: made.is = relation::above; break;
            case sign::less: made.is = relation::below; break;
            default: return expected("in, notin, =, ==, !=, gt, lt");
        }
        ++at_;
        const bool several = how == sign::in || how == sign::not_in;
        if (auto read = several ? list_of(made.values) : one_of(made.values); !read)
            return std::move(read).error();
        const bool ordered = made.is == relation::above || made.is == relation::below;
        for (const auto& each : made.values) {
            const bool number = !ordered || whole_number(each).has_value();
            if (number && is_label_value(each)) continue;
            return failure{
                errc::malformed,
                "values: Invalid value: \"" + in_one_line(each) + "\": " +
                    (number ? "it is not the value of a label"
                            : "for 'Gt', 'Lt' operators, the value must be an integer")
            };
        }
        return made;
    }

    result<void> one_of(std::set<std::string>& values) {
        if (peek() == sign::end || peek() == sign::comma) {
            values.emplace();
            return {};
        }
        if (peek() != sign::word) return expected("identifier");
        values.insert(take().text);
        return {};
    }

    /// "(a, b)"; what is empty between two of its signs is an empty value.
    result<void> list_of(std::set<std::string>& values) {
        if (peek() != sign::open) return expected("'('");
        ++at_;
        if (peek() == sign::closed) {
            values.emplace();
            ++at_;
            return {};
        }
        for (bool behind_a_word = false; peek() != sign::closed;) {
            if (peek() == sign::word && !behind_a_word) {
                values.insert(take().text);
                behind_a_word = true;
            } else if (peek() == sign::comma) {
                ++at_;
                const bool ends = peek() == sign::comma || peek() == sign::closed;
                if (values.empty() || ends) values.emplace();
                behind_a_word = false;
            } else {
                return expected("',', or identifier");
            }
        }
        ++at_;
        return {};
    }

    std::vector<token> tokens_;
    std::size_t        at_ = 0;
};

}  // namespace

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t read = 0;
    const auto   end  = text.data() + text.size();
    const auto   got  = std::from_chars(text.data(), end, read);
    if (text.empty() || got.ec != std::errc{} || got.ptr != end) return {};
    return read;
}

result<std::vector<api_requirement>> parse_labels(std::string_view text) {
    return parser(text).parse();
}

}  // namespace falconer::sandbox
