// Fuzzes the filter language: every text has a meaning or a mistake with a place in it, and what
// has a meaning can be asked of an event and of the store.
#include "falconer/filter.hpp"
#include "falconer/utf8.hpp"
#include "store/filter_sql.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace falconer;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const utc_time         now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 30};
    const auto             got = filter::parse(text, now);
    if (const auto* wrong = std::get_if<filter::mistake>(&got)) {
        require(!wrong->what.empty(), "a mistake says what it is");
        require(wrong->column >= 1, "columns begin at 1");
        if (is_utf8(text) && text.size() <= filter::longest_filter)
            require(
                wrong->column + wrong->length <= code_points(text) + 1, "it lies within the text"
            );
        return 0;
    }
    const auto& what = *std::get<filter::node_ptr>(got);
    // The text itself as an event, so that what it looks for has a chance.
    static const value fields =
        *parse_json(R"({"proc.name": "bash", "k8s.pod.name": "web-0", "n": [1, "a"]})");
    const filter::subject it{.rule = text, .identity = "c", .output = text, .fields = &fields};
    const bool            found = filter::matches(what, it);
    const filter::node    none{filter::none_of{std::get<filter::node_ptr>(got)}};
    require(filter::matches(none, it) != found, "an event is found or not");

    store::statement into;
    const auto       sql = store::condition_of(what, into);
    for (const auto& each : into.values())
        require(each.find('\0') == each.npos, "no U+0000 in a parameter");
    // Nothing that was written is part of the question: only what we write ourselves.
    require(sql.find(';') == sql.npos && sql.find("--") == sql.npos, "one question");
    static_cast<void>(store::span_of(what));
    return 0;
}
