// The bytes of a watch, cut into its events: a line each.
#pragma once

#include "falconer/json_path.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace falconer::k8s {

class watch_lines {
public:
    /// `most`: bytes of one line that is not whole yet.
    explicit watch_lines(std::size_t most) : most_(most) {}

    /// Gives every line that is whole now to `take`, blank ones left out. False: one is too long.
    template <class Take>
    bool add(std::string_view piece, Take&& take) {
        auto looked = waiting_.size();  // no line ends before that
        waiting_.append(piece);
        std::size_t begin = 0;
        for (auto end = waiting_.find('\n', looked); end != std::string::npos;
             end      = waiting_.find('\n', begin)) {
            const std::string_view line(waiting_.data() + begin, end - begin);
            begin = end + 1;
            if (line.find_first_not_of(" \r") != line.npos) take(line);
        }
        waiting_.erase(0, begin);
        return waiting_.size() <= most_;
    }

private:
    std::size_t most_;
    std::string waiting_{};
};

/// Null: it is none. Who has written which fields is half of many an object, and is left out.
inline value event_in(std::string_view line) {
    constexpr std::array<std::string_view, 3> writers{"object", "metadata", "managedFields"};
    auto                                      event = parse_json(line, writers);
    return event ? std::move(*event) : value{};
}

}  // namespace falconer::k8s
