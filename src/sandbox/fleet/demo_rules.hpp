// The rules that fire in the demo fleet.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace falconer::sandbox {

struct demo_rule {
    std::uint32_t    weight;  // how often, beside the others
    std::string_view priority;
    std::string_view name;
    std::string_view message;
    std::string_view tags;  // a JSON array, sorted
    std::string_view event_type;
    std::string_view process;
    std::string_view command;
    std::string_view executable;
    std::string_view parent;
    std::string_view file;  // or connection; empty: none
    std::string_view user;
    int              uid;
};

std::span<const demo_rule> demo_rules() noexcept;
std::uint32_t              demo_weight() noexcept;  // of all together

}  // namespace falconer::sandbox
