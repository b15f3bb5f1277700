#include "documents.hpp"

#include "falconer/ids.hpp"
#include "falconer/value.hpp"
#include "wire.hpp"

#include <array>

namespace falconer::console {
namespace {

constexpr std::string_view nonce_place = "__CSP_NONCE__";

constexpr std::string_view instead_of_the_page = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Falconer</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>Falconer</h1>
<p>This program was built without the console's page. Build it with <code>scripts/lib/web.sh</code>, then build Falconer again.</p>
<p>The API is here all the same: <a href="/api/v1/openapi.yaml">/api/v1/openapi.yaml</a>.</p></main></body></html>
)";

std::string_view type_of(std::string_view path) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 9> types{{
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
    }};
    for (const auto& [end, type] : types)
        if (path.ends_with(end)) return type;
    return "application/octet-stream";
}

/// 122 random bits.
std::string new_nonce() {
    auto text = uuid::random().text();
    std::erase(text, '-');
    return text;
}

net::http_response page(std::string_view text, const std::string& frame_ancestors) {
    const auto         nonce = new_nonce();
    net::http_response answer;
    answer.headers.add("Content-Type", "text/html; charset=utf-8");
    answer.headers.add(
        "Content-Security-Policy", "default-src 'none'; script-src 'self' 'nonce-" + nonce +
                                       "'; style-src 'self' 'nonce-" + nonce +
                                       "'; img-src 'self' data:; font-src 'self'; connect-src "
                                       "'self'; manifest-src 'self'; base-uri 'none'; "
                                       "form-action 'self'; frame-ancestors " +
                                       frame_ancestors
    );
    while (!text.empty()) {
        const auto place  = text.find(nonce_place);
        answer.body      += text.substr(0, place);
        if (place == text.npos) break;
        answer.body += nonce;
        text.remove_prefix(place + nonce_place.size());
    }
    return answer;
}

}  // namespace

bool page_is_built() {
    return built_in_file("/index.html") != nullptr;
}

net::http_response page_answer(
    std::string_view path, std::string_view accept_encoding, const std::string& frame_ancestors
) {
    const auto* file = path == "/index.html" ? nullptr : built_in_file(path);
    if (file == nullptr && path.starts_with("/assets/"))
        return answer_of(not_found(std::string(path)));
    if (file == nullptr) {
        const auto* whole = built_in_file("/index.html");
        return page(whole == nullptr ? instead_of_the_page : whole->bytes, frame_ancestors);
    }
    net::http_response answer;
    answer.headers.add("Content-Type", type_of(path));
    answer.headers.add("Vary", "Accept-Encoding");
    // The name of a file below assets/ changes with its content.
    answer.headers.add(
        "Cache-Control",
        path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache"
    );
    const bool zipped =
        !file->zipped.empty() && accept_encoding.find("gzip") != accept_encoding.npos;
    if (zipped) answer.headers.add("Content-Encoding", "gzip");
    answer.body = zipped ? file->zipped : file->bytes;
    return answer;
}

net::http_response api_document(bool yaml) {
    const auto         text = built_in_file("openapi.yaml")->bytes;
    net::http_response answer;
    answer.headers.add("Content-Type", yaml ? "application/yaml" : "application/json");
    answer.headers.add("Cache-Control", "no-cache");
    if (yaml) {
        answer.body = text;
        return answer;
    }
    static const std::string json = [&] {
        const auto read = parse_yaml(text);
        return read ? json_text(*read) : "{}";
    }();
    answer.body = json;
    return answer;
}

}  // namespace falconer::console
