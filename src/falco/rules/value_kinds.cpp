#include "value_kinds.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace falconer::falco::rules {
namespace {

using names = std::vector<std::string_view>;

const names& comparisons(const compared_type& is) {
    static const names lists{"in", "intersects", "exists"};
    static const names numbers{"=", "==", "!=", "<", "<=", ">", ">=", "in", "intersects", "exists"};
    static const names equals{"=", "==", "!=", "in", "intersects", "exists"};
    static const names texts{"=",     "==",       "!=",        "<",          "<=",       ">",
                             ">=",    "contains", "icontains", "startswith", "endswith", "glob",
                             "iglob", "regex",    "in",        "intersects", "pmatch",   "exists"};
    static const names bytes{"=",         "==",         "!=",          "contains",
                             "bcontains", "startswith", "bstartswith", "endswith",
                             "in",        "intersects", "exists"};
    static const names all{"=",          "==",          "!=",         "<",         "<=",
                           ">",          ">=",          "contains",   "icontains", "bcontains",
                           "startswith", "bstartswith", "endswith",   "glob",      "iglob",
                           "regex",      "in",          "intersects", "pmatch",    "exists"};
    if (is.list) return lists;
    switch (is.type) {
        case field_type::text: return texts;
        case field_type::bytes: return bytes;
        case field_type::boolean:
        case field_type::address:
        case field_type::network: return equals;
        case field_type::any: return all;
        case field_type::integer:
        case field_type::real:
        case field_type::time:
        case field_type::port: break;
    }
    return numbers;
}

bool is_integer(std::string_view text) {
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    if (hex) text.remove_prefix(2);
    std::uint64_t is = 0;
    const auto [end, wrong] =
        std::from_chars(text.data(), text.data() + text.size(), is, hex ? 16 : 10);
    return wrong == std::errc{} && end == text.data() + text.size();
}

bool is_real(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double is               = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), is);
    return wrong == std::errc{} && end == text.data() + text.size();
}

bool is_address(std::string_view text, bool& six) {
    const std::string name(text);
    in6_addr          buffer{};
    six = text.find(':') != std::string_view::npos;
    return inet_pton(six ? AF_INET6 : AF_INET, name.c_str(), &buffer) == 1;
}

bool is_network(std::string_view text) {
    const auto slash = text.find('/');
    bool       six   = false;
    if (slash == std::string_view::npos || !is_address(text.substr(0, slash), six)) return false;
    const auto digits       = text.substr(slash + 1);
    int        bits         = 0;
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    return wrong == std::errc{} && end == digits.data() + digits.size() && bits >= 0 &&
           bits <= (six ? 128 : 32);
}

/// A number, or the name of a service.
bool is_port(std::string_view text) {
    if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
        return std::ranges::all_of(text, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        });
    std::uint16_t is        = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), is);
    return wrong == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::optional<compared_type> transformed(std::string_view transformer, const compared_type& of) {
    if (transformer == "val") return of;
    if (transformer == "len") {
        const bool measured = of.list || of.type == field_type::text ||
                              of.type == field_type::bytes || of.type == field_type::any;
        if (!measured) return std::nullopt;
        return compared_type{field_type::integer, false};
    }
    if (of.type == field_type::any) return of;
    if (of.type == field_type::text) return of;
    if (transformer == "b64" && of.type == field_type::bytes) return of;
    return std::nullopt;
}

bool knows_comparison(const compared_type& is, std::string_view comparison) {
    return std::ranges::find(comparisons(is), comparison) != comparisons(is).end();
}

std::string comparisons_of(const compared_type& is) {
    std::string text;
    for (const auto each : comparisons(is))
        if (each != "==") text += (text.empty() ? "" : ", ") + std::string(each);
    return text;
}

std::optional<std::string> not_of_type(field_type is, std::string_view value) {
    bool six = false;
    switch (is) {
        case field_type::any:
        case field_type::text:
        case field_type::bytes: return std::nullopt;
        case field_type::integer:
        case field_type::time:
            if (is_integer(value)) return std::nullopt;
            return "is no whole number";
        case field_type::real:
            if (is_real(value)) return std::nullopt;
            return "is no number";
        case field_type::boolean:
            if (value == "true" || value == "false") return std::nullopt;
            return "is neither 'true' nor 'false'";
        case field_type::address:
            if (is_address(value, six)) return std::nullopt;
            return "is no IP address";
        case field_type::network:
            if (is_network(value)) return std::nullopt;
            return "is no IP network, such as 10.0.0.0/8";
        case field_type::port:
            if (is_port(value)) return std::nullopt;
            return "is no port";
    }
    return std::nullopt;
}

}  // namespace falconer::falco::rules
