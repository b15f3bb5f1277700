#include "challenge.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace falconer::oci {
namespace {

constexpr std::size_t most_challenges = 16, most_parameters = 16;

bool is_token(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

class scanner {
public:
    explicit scanner(std::string_view text) : rest_(text) {}

    void skip(std::string_view which) {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(which), rest_.size()));
    }
    bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    /// In lower case; empty: there is none.
    std::string token() {
        std::string word = exact();
        std::ranges::transform(word, word.begin(), [](unsigned char c) {
            return static_cast<char>(std::tolower(c));
        });
        return word;
    }
    std::optional<std::string> value() {
        if (!take('"')) {
            auto word = exact();
            return word.empty() ? std::nullopt : std::optional(std::move(word));
        }
        std::string text;
        while (!rest_.empty()) {
            if (take('"')) return text;
            if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
            text += rest_.front();
            rest_.remove_prefix(1);
        }
        return std::nullopt;
    }
    /// Whether the text goes on with `name =`, which a parameter does and a scheme does not.
    bool at_parameter() const {
        auto later = *this;
        if (later.exact().empty()) return false;
        later.skip(" \t");
        return later.take('=');
    }

private:
    std::string exact() {
        const auto  end = std::ranges::find_if_not(rest_, is_token);
        std::string word(rest_.begin(), end);
        rest_.remove_prefix(word.size());
        return word;
    }

    std::string_view rest_;
};

}  // namespace

std::vector<challenge> parse_challenges(std::string_view field) {
    std::vector<challenge> all;
    scanner                in(field);
    for (;;) {
        in.skip(" \t,");
        if (!in.at_parameter()) {
            challenge next{.scheme = in.token()};
            if (next.scheme.empty() || all.size() == most_challenges) return all;
            all.push_back(std::move(next));
            continue;
        }
        auto name = in.token();
        in.skip(" \t");
        in.take('=');
        in.skip(" \t");
        auto value = in.value();
        if (!value || all.empty() || all.back().parameters.size() == most_parameters) return all;
        all.back().parameters.emplace(std::move(name), std::move(*value));
    }
}

}  // namespace falconer::oci
