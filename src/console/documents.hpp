// What is served as it was built: the page, and the document of the API.
#pragma once

#include "falconer/net/http_message.hpp"

#include <string>
#include <string_view>

namespace falconer::console {

/// A file of the page; for every path that is none, the page itself, with a nonce of its own.
net::http_response page_answer(
    std::string_view path, std::string_view accept_encoding, const std::string& frame_ancestors
);

/// As YAML, else as JSON.
net::http_response api_document(bool yaml);

/// Whether the page was there when this program was built.
bool page_is_built();

/// A file that was put into the program.
struct built_in {
    std::string_view path{};
    std::string_view bytes{};
    std::string_view zipped{};  // gzip; empty: not worth it
};
/// Null: there is none. Made by page.cmake.
const built_in* built_in_file(std::string_view path) noexcept;

}  // namespace falconer::console
