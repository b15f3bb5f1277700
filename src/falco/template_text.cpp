#include "template_text.hpp"

#include <algorithm>

namespace falconer::falco {
namespace {

bool is_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
}

result<std::string> expand_text(std::string_view text, const variables& is) {
    std::string out;
    for (;;) {
        const auto open = text.find("<<");
        if (open == text.npos) return out += text;
        const auto close = text.find(">>", open);
        if (close == text.npos) return failure{errc::malformed, "a << without >>"};
        auto name = text.substr(open + 2, close - open - 2);
        while (name.starts_with(' ')) name.remove_prefix(1);
        while (name.ends_with(' ')) name.remove_suffix(1);
        if (!name.starts_with('.') || !is_name(name.substr(1)))
            return failure{errc::malformed, "<<" + std::string(name) + ">> is no variable"};
        auto put = is(name.substr(1));
        if (!put) return put;
        out.append(text.substr(0, open)).append(*put);
        text.remove_prefix(close + 2);
    }
}

}  // namespace

result<value> expand(const value& of, const variables& is) {
    if (const auto* text = of.text()) {
        auto expanded = expand_text(*text, is);
        if (!expanded) return std::move(expanded).error();
        return value(std::move(*expanded));
    }
    auto copy = of;
    if (of.is_list()) {
        copy = value::list();
        for (const auto& each : of.items()) {
            auto item = expand(each, is);
            if (!item) return item;
            copy.push_back(std::move(*item));
        }
    } else if (of.is_map()) {
        copy = value::map();
        for (const auto& [key, each, line] : of.entries()) {
            auto item = expand(each, is);
            if (!item) return item;
            copy.add(key, std::move(*item), line);
        }
    }
    return copy;
}

bool mentions(const value& of, std::string_view name) {
    bool found = false;
    // Whether it can be expanded is somebody else's question.
    (void)expand(of, [&](std::string_view each) -> result<std::string> {
        found = found || each == name;
        return std::string();
    });
    return found;
}

}  // namespace falconer::falco
