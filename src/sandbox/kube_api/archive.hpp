// What stores keep, as text: a line for each object, so that it can be written piece by piece.
#pragma once

#include "store.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::sandbox {

/// By the path that a store is served at: "", "/shoots/x".
using api_contents = std::map<std::string, api_store::contents>;

/// Writes one moment, however long it takes.
class archive_writer {
public:
    explicit archive_writer(api_contents what);
    archive_writer(const archive_writer&)            = delete;
    archive_writer& operator=(const archive_writer&) = delete;

    /// The next piece, of about 256 KiB; empty: that was all.
    std::string next();

private:
    struct position {
        const api_contents::value_type*   in = nullptr;
        const api_store::contents::entry* is = nullptr;  // null: the head of the store
    };

    api_contents          what_;
    std::vector<position> order_{};
    std::size_t           at_    = 0;
    bool                  begun_ = false, ended_ = false;
};

/// Errors: malformed, "line 7: …"; also where the end is missing.
result<api_contents> read_archive(std::string_view text);

}  // namespace falconer::sandbox
