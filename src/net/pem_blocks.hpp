// A text in PEM form as its blocks, each with the line it begins at.
#pragma once

#include <string_view>
#include <vector>

namespace falconer::net {

struct pem_block {
    std::string_view label{};  // "PUBLIC KEY"
    std::string_view text{};   // from BEGIN to END
    int              line  = 0;
    bool             whole = false;  // its own END is there
};

struct pem_blocks {
    std::vector<pem_block> blocks{};
    std::vector<int>       broken_marks{};  // lines that begin like a mark and are none
    std::vector<int>       other_lines{};   // neither a block's nor blank nor a comment (#)
};

/// Whether a line of the text begins as PEM's marks do.
bool looks_like_pem(std::string_view text) noexcept;

/// Pure; refers to `text`. Source: RFC 7468 §2, §3 (lax)
pem_blocks split_pem(std::string_view text);

}  // namespace falconer::net
